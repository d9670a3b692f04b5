/*-------------------------------------------------------------------------
 * claim.c
 *	  What is due: what has come is written, rows are claimed and asked.
 *
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/claim.h"

#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "shared/place.h"
#include "store/home.h"
#include "worker/outbox.h"
#include "worker/outcome.h"
#include "worker/pause.h"
#include "worker/work.h"

/* Rows that a turn claims or looks at. */
#define TURN_ROWS 256

static void
notify(const int64 *ids, int n)
{
	if (n == 0)
		return;
	cs_work_begin();
	for (int i = 0; i < n; i++)
		cs_queue_notify(ids[i]);
	cs_work_end();
}


/* --- what is due --- */

static int
window(void)
{
	return Min(TURN_ROWS, cs_guc_max_questions() / 4) -
		   list_length(cs_work.jobs);
}

/* Rows that are due to be looked at; they wait for something from now on. */
static int
take_due(int64 *ids, int most)
{
	CsEntry *entry;
	int		 n = 0;

	while (n < most && (entry = cs_schedule_first(cs_work.schedule)) != NULL &&
		   entry->due <= cs_clock_ticks())
	{
		ids[n++] = entry->id;
		cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_LOOK, CS_NEVER);
	}
	return n;
}

/* Gives an entry another state, if it is still there. */
static void
set_entry(int64 id, CsEntryState state, CsInstant due)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, id);

	if (entry != NULL)
		cs_schedule_set(cs_work.schedule, entry, state, due);
}

static void
forget(int64 id)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, id);

	if (entry != NULL)
		cs_schedule_remove(cs_work.schedule, entry);
}

static CsJob *
job_of(List *list, CsJobKind kind, const uint8 *key)
{
	ListCell *lc;

	foreach(lc, list)
	{
		CsJob *job = lfirst(lc);

		if (job->kind == kind && memcmp(job->key, key, CS_JOB_KEY_SIZE) == 0)
			return job;
	}
	return NULL;
}

/* Rows that ask the same share a job, also one that is on its way. */
static void
add_to_jobs(List **list, CsJobKind kind, const CsQueueRow *row, CsEntry *entry)
{
	CsJob *job = job_of(*list, kind, entry->key);

	if (job == NULL)
	{
		job = job_of(cs_work.jobs, kind, entry->key);
		if (job != NULL)
			cs_schedule_set(cs_work.schedule, entry, cs_work_entry_state(kind),
							CS_NEVER);
	}
	if (job != NULL)
		cs_job_join(job, row);
	else
		*list = lappend(*list, cs_job_create(kind, row, entry->key));
}

/* What is to be claimed, by the state it is claimed from. */
typedef struct Claims
{
	int64 *ids;
	int	   n;
} Claims;

/* Is a look at a pending row a call that is paid for? */
static bool
pays_to_look(const CsQueueRow *row)
{
	return strcmp(row->kind, "assessment") != 0;
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
	CsJob *job =
		cs_job_create(entry->lost == CS_LOST_NAME ? CS_JOB_READ : CS_JOB_ASK,
					  row, entry->key);

	if (entry->lost != CS_LOST_NOTHING ||
		(row->asked_in != cs_place_life() && repeats))
		*list = lappend(*list, job);
	else if (row->asked_in == cs_place_life())
	{
		cs_outcome_take_back(job, &job->rows[0], entry);
		cs_outbox_done(job);
	}
	else
		cs_outcome_unknown(job, &job->rows[0], entry);
}

static void
plan_row(const CsQueueRow *row, Claims *queued, Claims *pending, List **list)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, row->id);

	entry->status = (uint8) row->status;
	if (cs_pause_holds(&row->server))
		cs_work_look_later(entry, cs_pause_until(&row->server));
	else if (row->status == CS_ROW_QUEUED)
		queued->ids[queued->n++] = row->id;
	else if (row->status == CS_ROW_ASKING)
		reconcile(row, entry, list);
	else if (pays_to_look(row))
		pending->ids[pending->n++] = row->id;
	else
		add_to_jobs(list, CS_JOB_POLL, row, entry);
}

/* What is not claimed is locked, or another by now, and looked at again. */
static void
claim(const Claims *claims, CsRowStatus from, List **list)
{
	CsQueueRow *rows;
	int			n;

	if (claims->n == 0)
		return;
	n = cs_queue_claim(claims->ids, claims->n, from, &rows);
	for (int i = 0; i < claims->n; i++)
		set_entry(claims->ids[i], CS_ENTRY_LOOK,
				  cs_work_after(CS_WORK_AGAIN_MS));
	for (int i = 0; i < n; i++)
		add_to_jobs(list, CS_JOB_ASK, &rows[i],
					cs_schedule_find(cs_work.schedule, rows[i].id));
}

static void
forget_closed(const int64 *ids, int n, const CsQueueRow *rows, int nrows)
{
	for (int i = 0; i < n; i++)
	{
		bool open = false;

		for (int j = 0; j < nrows && !open; j++)
			open = rows[j].id == ids[i];
		if (!open)
			forget(ids[i]);
	}
}

/* Reads the rows that are due, and claims; returns jobs to be started. */
static List *
plan_turn(const int64 *ids, int n)
{
	Claims		queued = {palloc(Max(n, 1) * sizeof(int64)), 0};
	Claims		pending = {palloc(Max(n, 1) * sizeof(int64)), 0};
	CsQueueRow *rows;
	List	   *list = NIL;
	int			found = cs_queue_fetch(ids, n, &rows);

	forget_closed(ids, n, rows, found);
	for (int i = 0; i < found; i++)
		plan_row(&rows[i], &queued, &pending, &list);
	claim(&queued, CS_ROW_QUEUED, &list);
	claim(&pending, CS_ROW_PENDING, &list);
	return list;
}

/* Requests that are refused before they are asked. */
static void
refuse_job(CsJob *job, Jsonb *report)
{
	for (int i = 0; i < job->nrows; i++)
	{
		CsKept *kept = cs_outbox_add(job, &job->rows[i],
									 cs_work_status(job->kind), CS_ROW_FAILED);

		cs_outbox_change(kept)->error = report;
		cs_outbox_ends(kept);
		set_entry(job->rows[i].id, CS_ENTRY_WRITE, CS_NEVER);
	}
}

static void
note_started(CsJob *job)
{
	for (int i = 0; i < job->nrows; i++)
	{
		CsEntry *entry = cs_schedule_find(cs_work.schedule, job->rows[i].id);

		entry->status = (uint8) cs_work_status(job->kind);
		cs_schedule_set(cs_work.schedule, entry,
						cs_work_entry_state(job->kind), CS_NEVER);
	}
}

static void
start_job(CsJob *job)
{
	Jsonb *report = NULL;

	note_started(job);
	switch (cs_job_start(job, &report))
	{
		case CS_JOB_STARTED:
			cs_work_keep(job);
			break;
		case CS_JOB_NO_ROOM:
			for (int i = 0; i < job->nrows; i++)
				cs_outcome_take_back(
					job, &job->rows[i],
					cs_schedule_find(cs_work.schedule, job->rows[i].id));
			cs_outbox_done(job);
			break;
		case CS_JOB_REFUSED:
			refuse_job(job, report);
			break;
	}
}

static void
start_jobs(List *list)
{
	ListCell *lc;

	if (list == NIL)
		return;
	cs_work_begin();
	foreach(lc, list)
		start_job(lfirst(lc));
	cs_work_end();
}

/* Nothing more is claimed by who leaves. */
void
cs_claim_turn(bool leaving)
{
	int64  ids[TURN_ROWS];
	int64 *ended;
	int	   nended;
	List  *list = NIL;
	int	   n;

	cs_outcome_collect();
	n = leaving ? 0 : take_due(ids, Max(window(), 0));
	if (n == 0 && cs_outbox_is_empty() && cs_work.to_start == NIL)
		return;
	cs_work_begin();
	cs_outbox_write();
	cs_work.away = n > 0 && cs_home_look() != CS_HOME_HERE;
	if (n > 0 && !cs_work.away)
		list = plan_turn(ids, n);
	cs_work_end();
	ended = cs_outbox_settle(cs_work.schedule, &nended);
	notify(ended, nended);
	start_jobs(list_concat(list, cs_work.to_start));
	cs_work.to_start = NIL;
}
