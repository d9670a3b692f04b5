/*-------------------------------------------------------------------------
 * outbox.c
 *	  What has to be written of rows: kept until it is written, or does not
 *	  apply to them any more.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/outbox.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "shared/slots.h"

struct CsKept
{
	dlist_node	  node;
	CsJob		 *job;
	CsQueueChange change;
	bool		  ends;
	CsEntryState  state; /* of the entry, unless it ends */
	CsInstant	  due;
	bool		  tried;  /* in the transaction at hand */
	bool		  missed; /* the row is another than this was for */
};

static dlist_head kept_list = DLIST_STATIC_INIT(kept_list);

static bool
same_request(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a->data, b->data, UUID_LEN) == 0;
}

CsKept *
cs_outbox_add(CsJob *job, const CsQueueRow *row, CsRowStatus from,
			  CsRowStatus to)
{
	CsKept *kept = MemoryContextAllocZero(job->cxt, sizeof(CsKept));

	kept->job = job;
	kept->change.id = row->id;
	kept->change.request_id = row->request_id;
	/* Whose call it was: of rows that ask the same, the first one's. */
	kept->change.call_id =
		to == CS_ROW_QUEUED ? row->request_id : job->rows[0].request_id;
	kept->change.from = from;
	kept->change.to = to;
	job->unwritten++;
	dlist_push_tail(&kept_list, &kept->node);
	return kept;
}

CsQueueChange *
cs_outbox_change(CsKept *kept)
{
	return &kept->change;
}

void
cs_outbox_ends(CsKept *kept)
{
	kept->ends = true;
}

void
cs_outbox_goes_on(CsKept *kept, CsEntryState state, CsInstant due)
{
	kept->ends = false;
	kept->state = state;
	kept->due = due;
}

/* Gives the slot back, whose outcome is not needed any more. */
void
cs_outbox_done(CsJob *job)
{
	CsOutcome	outcome;
	dsa_pointer body;

	if (job->unwritten > 0)
		return;
	if (job->slot >= 0)
	{
		cs_slots_collect(job->slot, &outcome, &body);
		if (DsaPointerIsValid(body))
			cs_reply_release(body);
	}
	cs_job_free(job);
}

bool
cs_outbox_is_empty(void)
{
	return dlist_is_empty(&kept_list);
}

/* --- writing --- */

static int
gather(CsKept **all, CsQueueChange *changes, int most)
{
	dlist_iter iter;
	int		   n = 0;

	dlist_foreach(iter, &kept_list)
	{
		CsKept *kept = dlist_container(CsKept, node, iter.cur);

		kept->tried = kept->missed = false;
		if (n == most)
			break;
		kept->tried = true;
		all[n] = kept;
		changes[n++] = kept->change;
	}
	return n;
}

/* Of those that were not written: which rows are other ones by now? */
static void
find_missed(CsKept **all, int n)
{
	int64	   *ids = palloc(Max(n, 1) * sizeof(int64));
	int			nids = 0;
	CsQueueRow *rows;
	int			nrows;

	for (int i = 0; i < n; i++)
		if (!all[i]->change.done)
			ids[nids++] = all[i]->change.id;
	if (nids == 0)
		return;
	nrows = cs_queue_work_fetch(ids, nids, &rows);
	for (int i = 0; i < n; i++)
	{
		bool same = false;

		if (all[i]->change.done)
			continue;
		for (int j = 0; j < nrows && !same; j++)
			same =
				rows[j].id == all[i]->change.id &&
				rows[j].status == all[i]->change.from &&
				same_request(&rows[j].request_id, &all[i]->change.request_id);
		all[i]->missed = !same;
	}
}

bool
cs_outbox_write(int most)
{
	CsKept		 **all = palloc(most * sizeof(CsKept *));
	CsQueueChange *changes = palloc(most * sizeof(CsQueueChange));
	int			   n = gather(all, changes, most);
	bool		   whole = true;

	cs_queue_work_write(changes, n);
	for (int i = 0; i < n; i++)
		all[i]->change.done = changes[i].done;
	find_missed(all, n);
	for (int i = 0; i < n; i++)
		whole = whole && (all[i]->change.done || all[i]->missed);
	return whole;
}

void
cs_outbox_spoil(Jsonb *report)
{
	CsKept		 *kept = dlist_head_element(CsKept, node, &kept_list);
	MemoryContext old = MemoryContextSwitchTo(kept->job->cxt);

	kept->change.to = CS_ROW_FAILED;
	kept->change.provider_ref = NULL;
	kept->change.result = NULL;
	kept->change.error =
		(Jsonb *) PG_DETOAST_DATUM_COPY(JsonbPGetDatum(report));
	cs_outbox_ends(kept);
	MemoryContextSwitchTo(old);
}

/* --- after the commit --- */

static void
follow(CsSchedule *schedule, const CsKept *kept)
{
	CsEntry *entry = cs_schedule_find(schedule, kept->change.id);

	if (entry == NULL)
		return;
	if (kept->missed)
		cs_schedule_set(schedule, entry, CS_ENTRY_LOOK, 0);
	else if (kept->ends)
		cs_schedule_remove(schedule, entry);
	else
		cs_schedule_set(schedule, entry, kept->state, kept->due);
}

static int
tried_count(void)
{
	dlist_iter iter;
	int		   n = 0;

	dlist_foreach(iter, &kept_list)
		n += dlist_container(CsKept, node, iter.cur)->tried;
	return n;
}

int64 *
cs_outbox_settle(CsSchedule *schedule, int *n)
{
	int64			  *ended = palloc(Max(tried_count(), 1) * sizeof(int64));
	dlist_mutable_iter iter;
	dlist_head		   left;

	*n = 0;
	dlist_init(&left);
	dlist_foreach_modify(iter, &kept_list)
	{
		CsKept *kept = dlist_container(CsKept, node, iter.cur);
		CsJob  *job = kept->job;

		if (!kept->tried)
			break;
		if (!kept->change.done && !kept->missed)
		{
			dlist_delete(&kept->node);
			dlist_push_tail(&left, &kept->node);
			continue;
		}
		follow(schedule, kept);
		if (kept->ends && kept->change.done)
			ended[(*n)++] = kept->change.id;
		dlist_delete(&kept->node);
		job->unwritten--;
		cs_outbox_done(job);
	}
	/* What somebody has locked goes behind the others. */
	while (!dlist_is_empty(&left))
		dlist_push_tail(&kept_list, dlist_pop_head_node(&left));
	return ended;
}
