/*-------------------------------------------------------------------------
 * due.c
 *	  What is to be done with rows that are due: which are claimed, which looked
 *	  at, and which share a question.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/due.h"

#include "pg/clock.h"
#include "shared/place.h"
#include "worker/lane.h"
#include "worker/outbox.h"
#include "worker/outcome.h"
#include "worker/work.h"

/* What is to be claimed, by the state it is claimed from. */
typedef struct Claims
{
	int64 *ids;
	int	   n;
} Claims;

typedef struct TurnPlan
{
	Claims queued;
	Claims pending;
	List  *jobs;
} TurnPlan;

/* Is a look at a pending row a call that is paid for? */
static bool
pays_to_look(const CsQueueRow *row)
{
	return strcmp(row->kind, "assessment") != 0;
}

/* Rows that ask the same share a job, also one that is on its way. */
static void
add_to_jobs(List **list, CsJobKind kind, const CsQueueRow *row, CsEntry *entry)
{
	CsJob *planned = cs_work_find_job(*list, kind, entry->key);
	CsJob *flying = planned == NULL
						? cs_work_find_job(cs_work.jobs, kind, entry->key)
						: NULL;

	if ((planned != NULL || flying != NULL) &&
		!cs_job_may_share(row, entry->key))
		planned = flying = NULL;
	if (flying != NULL)
		cs_schedule_set(cs_work.schedule, entry, cs_work_entry_state(kind),
						CS_NEVER);
	if (planned != NULL || flying != NULL)
		cs_job_join(planned != NULL ? planned : flying, row);
	else
		*list =
			lappend(*list, cs_job_create(kind, row, entry->key, entry->lane));
}

/*
 * A row is `asking`, and nobody here asks.  Claimed in this life of the server,
 * it was never handed over: its slot would be there.  Else its call may have
 * left.  Weza refuses to make the same assessment twice, so that asking again
 * shows; of the others nobody knows.
 */
static void
reconcile(const CsQueueRow *row, CsEntry *entry, List **list)
{
	bool   repeats = strcmp(row->kind, "assessment") == 0;
	bool   handed_over = row->asked_in != cs_place_life();
	CsJob *job =
		cs_job_create(entry->lost == CS_LOST_NAME ? CS_JOB_READ : CS_JOB_ASK,
					  row, entry->key, entry->lane);

	if (entry->lost != CS_LOST_NOTHING || (handed_over && repeats))
		*list = lappend(*list, job);
	else if (handed_over)
	{
		cs_outcome_unknown(job, &job->rows[0], entry);
		cs_outbox_done(job);
	}
	else
	{
		cs_outcome_take_back(job, &job->rows[0], entry, false, 0);
		cs_outbox_done(job);
	}
}

/*
 * A queued row whose question another one has asked already, and that is
 * pending, becomes as that is; false: there is none, or it could not be had.
 */
static bool
join_pending(const CsQueueRow *row, CsEntry *entry)
{
	CsEntry *other = NULL;

	while ((other = cs_schedule_same(cs_work.schedule, entry->key, other)) !=
		   NULL)
		if (other != entry && other->status == CS_ROW_PENDING &&
			cs_job_may_share(row, entry->key) &&
			cs_queue_work_join(row->id, other->id))
		{
			entry->status = CS_ROW_PENDING;
			entry->tries = other->tries;
			cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_LOOK,
							other->due != CS_NEVER
								? other->due
								: cs_work_after(CS_WORK_AGAIN_MS));
			return true;
		}
	return false;
}

/* Nothing is claimed whose call could not leave: its lane waits. */
static bool
must_wait(const CsQueueRow *row, CsEntry *entry)
{
	int wait_ms;

	if (row->status == CS_ROW_ASKING ||
		(row->status == CS_ROW_PENDING && !pays_to_look(row)) ||
		cs_job_fits(row, &wait_ms))
		return false;
	cs_lane_refused(entry->lane, wait_ms);
	cs_work_look_later(entry, cs_clock_ticks());
	return true;
}

static void
plan_row(const CsQueueRow *row, TurnPlan *plan)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, row->id);

	entry->status = (uint8) row->status;
	if (must_wait(row, entry))
		return;
	if (row->status == CS_ROW_QUEUED)
	{
		if (!join_pending(row, entry))
			plan->queued.ids[plan->queued.n++] = row->id;
	}
	else if (row->status == CS_ROW_ASKING)
		reconcile(row, entry, &plan->jobs);
	else if (pays_to_look(row))
		plan->pending.ids[plan->pending.n++] = row->id;
	else
		add_to_jobs(&plan->jobs, CS_JOB_POLL, row, entry);
}

/* What is not claimed is locked, or another by now, and looked at again. */
static void
claim(const Claims *claims, CsRowStatus from, TurnPlan *plan, bool *locked)
{
	CsQueueRow *rows;
	int			n;

	if (claims->n == 0)
		return;
	n = cs_queue_work_claim(claims->ids, claims->n, from, &rows);
	*locked = *locked || n < claims->n;
	for (int i = 0; i < claims->n; i++)
		cs_work_set(claims->ids[i], CS_ENTRY_LOOK,
					cs_work_after(CS_WORK_AGAIN_MS));
	for (int i = 0; i < n; i++)
		add_to_jobs(&plan->jobs, CS_JOB_ASK, &rows[i],
					cs_schedule_find(cs_work.schedule, rows[i].id));
}

static int
by_id(const void *a, const void *b)
{
	int64 left = *(const int64 *) a;
	int64 right = ((const CsQueueRow *) b)->id;

	return left < right ? -1 : left > right;
}

static int
rows_by_id(const void *a, const void *b)
{
	return by_id(&((const CsQueueRow *) a)->id, b);
}

/* Rows that have come to an end meanwhile need no entry any more. */
static void
forget_closed(const int64 *ids, int n, CsQueueRow *rows, int nrows)
{
	qsort(rows, nrows, sizeof(CsQueueRow), rows_by_id);
	for (int i = 0; i < n; i++)
		if (bsearch(&ids[i], rows, nrows, sizeof(CsQueueRow), by_id) == NULL)
			cs_work_forget(ids[i]);
}

List *
cs_due_plan(const int64 *ids, int n, bool *locked)
{
	TurnPlan   *plan = palloc0(sizeof(TurnPlan));
	CsQueueRow *rows;
	int			found = cs_queue_work_fetch(ids, n, &rows);

	plan->queued.ids = palloc(Max(n, 1) * sizeof(int64));
	plan->pending.ids = palloc(Max(n, 1) * sizeof(int64));
	forget_closed(ids, n, rows, found);
	for (int i = 0; i < found; i++)
		plan_row(&rows[i], plan);
	claim(&plan->queued, CS_ROW_QUEUED, plan, locked);
	claim(&plan->pending, CS_ROW_PENDING, plan, locked);
	return plan->jobs;
}
