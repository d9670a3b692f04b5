/*-------------------------------------------------------------------------
 * look.c
 *	  What is found in the queue, and what a former worker left.
 *
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/look.h"

#include "utils/timestamp.h"

#include "pg/clock.h"
#include "shared/key.h"
#include "shared/place.h"
#include "shared/slots.h"
#include "worker/work.h"

/* Rows that are read at once. */
#define READ_ROWS 10000

/* A look that is paid for comes so long after the last one at the least; one at
 * a young user of Pngme when that is older than five minutes. */
#define PAID_LOOK_MS	   5000
#define OLD_ENOUGH_MINUTES 6

/* --- the schedule --- */

/* What makes rows one question: all of it, and whose mapping serves it. */
static void
make_key(const CsQueueRow *row, uint8 out[CS_SCHEDULE_KEY_SIZE])
{
	const char *parts[] = {
		NameStr(row->server), row->kind, row->subject,
		JsonbToCString(NULL, &row->arguments->root, VARSIZE(row->arguments)),
		NameStr(row->requested_by)};
	CsKey key;

	cs_key_digest(&key, parts, lengthof(parts));
	memcpy(out, key.bytes, CS_SCHEDULE_KEY_SIZE);
}

/*
 * A row that was announced, and is in mind already: what one knew of it may not
 * hold any more.  What is being asked or written is seen then.
 */
static void
make_anew(CsEntry *entry, const CsQueueRow *row)
{
	if (entry->status == row->status ||
		(entry->state != CS_ENTRY_LOOK && entry->state != CS_ENTRY_POLLING))
		return;
	entry->status = row->status;
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_LOOK, cs_clock_ticks());
}

/* When a row that is found open is to be looked at. */
static CsInstant
first_due(const CsQueueRow *row)
{
	CsInstant now = cs_clock_ticks();
	int64	  age_us = GetCurrentTimestamp() - row->asked_at;
	int64	  wait_ms;

	/* A look that is paid for is not made again at once. */
	if (row->status != CS_ROW_PENDING || strcmp(row->kind, "assessment") == 0)
		return now;
	wait_ms = row->elapsed_min >= 0
				  ? Max(1, OLD_ENOUGH_MINUTES - row->elapsed_min) * 60000
				  : PAID_LOOK_MS;
	return now + Max(0, wait_ms * CS_US_PER_MS - age_us);
}

static void
schedule_row(const CsQueueRow *row)
{
	uint8	 key[CS_SCHEDULE_KEY_SIZE];
	CsEntry *entry = cs_schedule_find(cs_work.schedule, row->id);

	if (entry != NULL)
	{
		make_anew(entry, row);
		return;
	}
	make_key(row, key);
	entry = cs_schedule_add(cs_work.schedule, row->id, key, CS_ENTRY_LOOK,
							first_due(row));
	if (entry == NULL)
		ereport(FATAL, (errcode(ERRCODE_OUT_OF_MEMORY),
						errmsg("no memory for the schedule of requests")));
	entry->status = (uint8) row->status;
}

static int
read_range(int64 first, int64 last, int64 *next)
{
	CsQueueRow *rows;
	int			n = cs_queue_read(first, last, READ_ROWS, &rows);

	for (int i = 0; i < n; i++)
		schedule_row(&rows[i]);
	*next = n == READ_ROWS ? rows[n - 1].id + 1 : 0;
	return n;
}

/* Takes what was announced, then looks. */
void
cs_look_news(void)
{
	CsNews news;
	int64  next;

	cs_place_take_news(&news);
	if (news.look_at_all)
		cs_work.read_from = PG_INT64_MIN;
	if (news.n == 0 && cs_work.read_from == 0)
		return;
	cs_work_begin();
	for (int i = 0; i < news.n; i++)
		for (int64 first = news.ranges[i].first;
			 first != 0 && first <= news.ranges[i].last; first = next)
			(void) read_range(first, news.ranges[i].last, &next);
	if (cs_work.read_from != 0)
	{
		(void) read_range(cs_work.read_from, PG_INT64_MAX, &next);
		cs_work.read_from = next;
	}
	cs_work_end();
}

/* --- what a former worker left --- */

/* Takes up a slot that a former worker filled, for its row. */
static void
adopt(int slot, int64 id)
{
	CsQueueRow *row;
	CsJob	   *job;
	uint8		key[CS_SCHEDULE_KEY_SIZE];
	bool		open = cs_queue_fetch(&id, 1, &row) == 1;

	if (!open || row->status == CS_ROW_QUEUED)
	{
		cs_slots_abandon(slot);
		return;
	}
	make_key(row, key);
	job = cs_job_create(
		row->status == CS_ROW_ASKING ? CS_JOB_ASK : CS_JOB_POLL, row, key);
	if (!cs_job_adopt(job, slot))
	{
		cs_slots_abandon(slot);
		cs_job_free(job);
		return;
	}
	schedule_row(row);
	cs_schedule_set(
		cs_work.schedule, cs_schedule_find(cs_work.schedule, id),
		job->kind == CS_JOB_ASK ? CS_ENTRY_ASKED : CS_ENTRY_POLLING, CS_NEVER);
	cs_work_keep(job);
}

/* Before the first look, so that it finds these rows' entries. */
void
cs_look_adopt(void)
{
	int64 id;
	int	  slot = cs_slots_adopt(-1, &id);

	if (slot < 0)
		return;
	cs_work_begin();
	for (; slot >= 0; slot = cs_slots_adopt(slot, &id))
		adopt(slot, id);
	cs_work_end();
}
