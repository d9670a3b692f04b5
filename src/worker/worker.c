/*-------------------------------------------------------------------------
 * worker.c
 *	  The one consumer of a database's queue.
 *
 * A loop on its latch that waits for no single question.  A turn takes what was
 * announced, collects what has come, writes and claims in one transaction, and
 * hands over what was claimed in another, which writes nothing.  It waits for
 * no lock: a row that somebody else has is left for later.
 *
 * An entry leaves the schedule only after the transaction that ended its row has
 * committed; a slot is freed only after its outcome was written.
 *
 * It leaves when nothing is due for a while, when a statement wants the database,
 * or when another database waits for its place.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/worker.h"

#include "access/xact.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/wakeup.h"
#include "session/failure.h"
#include "session/result_jsonb.h"
#include "shared/key.h"
#include "shared/place.h"
#include "shared/slots.h"
#include "store/home.h"
#include "store/queue_work.h"
#include "worker/job.h"
#include "worker/outbox.h"
#include "worker/schedule.h"

/* Rows that a turn reads, and that it claims or polls. */
#define READ_ROWS 10000
#define TURN_ROWS 256

/* A row that could not be had is tried again after so long, */
#define AGAIN_MS 1000

/* and without due work a worker leaves after so long. */
#define IDLE_MS 5000

/* A look that is paid for comes so long after the last one at the least. */
#define PAID_LOOK_MS 60000

/* A server that lets nothing leave is left alone for so long, doubling. */
#define FIRST_PAUSE_MS 1000
#define LAST_PAUSE_MS  60000

/* So long one that is asked to leave waits for what is on the wire. */
#define LEAVE_MS 10000

/* What no other lock of a database's workers is. */
#define LOCK_KEY 0x43726564 /* "Cred" */

extern PGDLLEXPORT void credscore_worker_main(Datum arg);

/* What an entry's `lost` says. */
enum
{
	LOST_NOTHING,
	LOST_CALL, /* a call may have been accepted */
	LOST_NAME  /* it was, and the name is not known */
};

/* A server that lets nothing leave at present. */
typedef struct Pause
{
	NameData  server;
	CsInstant until;
	int		  ms;
} Pause;

static bool		   away; /* the database is not at home here any more */
static CsSchedule *schedule;
static List		  *to_start;  /* jobs that follow from others */
static List		  *jobs;	  /* on their way */
static List		  *pauses;	  /* of Pause */
static int64	   read_from; /* look at all: rows from this id on; 0: done */
static MemoryContext turn_cxt;

/* --- transactions --- */

static void
begin_turn(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) set_config_option("lock_timeout", "100", PGC_SUSET, PGC_S_OVERRIDE,
							 GUC_ACTION_LOCAL, true, 0, false);
	MemoryContextSwitchTo(turn_cxt);
}

static void
end_turn(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(turn_cxt);
}

static void
keep_job(CsJob *job)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	jobs = lappend(jobs, job);
	MemoryContextSwitchTo(old);
}

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

static CsInstant
after_ms(int64 ms)
{
	return cs_clock_ticks() + ms * CS_US_PER_MS;
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
	cs_schedule_set(schedule, entry, CS_ENTRY_LOOK, cs_clock_ticks());
}

/* When a row that is found open is to be looked at. */
static CsInstant
first_due(const CsQueueRow *row)
{
	CsInstant now = cs_clock_ticks();
	int64	  age_us = GetCurrentTimestamp() - row->asked_at;

	/* A look that is paid for is not made again at once. */
	if (row->status != CS_ROW_PENDING || strcmp(row->kind, "assessment") == 0)
		return now;
	return now + Max(0, PAID_LOOK_MS * CS_US_PER_MS - age_us);
}

static void
schedule_row(const CsQueueRow *row)
{
	uint8	 key[CS_SCHEDULE_KEY_SIZE];
	CsEntry *entry = cs_schedule_find(schedule, row->id);

	if (entry != NULL)
	{
		make_anew(entry, row);
		return;
	}
	make_key(row, key);
	entry =
		cs_schedule_add(schedule, row->id, key, CS_ENTRY_LOOK, first_due(row));
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
static void
read_news(void)
{
	CsNews news;
	int64  next;

	cs_place_take_news(&news);
	if (news.look_at_all)
		read_from = PG_INT64_MIN;
	if (news.n == 0 && read_from == 0)
		return;
	begin_turn();
	for (int i = 0; i < news.n; i++)
		for (int64 first = news.ranges[i].first;
			 first != 0 && first <= news.ranges[i].last; first = next)
			(void) read_range(first, news.ranges[i].last, &next);
	if (read_from != 0)
	{
		(void) read_range(read_from, PG_INT64_MAX, &next);
		read_from = next;
	}
	end_turn();
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
		schedule, cs_schedule_find(schedule, id),
		job->kind == CS_JOB_ASK ? CS_ENTRY_ASKED : CS_ENTRY_POLLING, CS_NEVER);
	keep_job(job);
}

/* Before the first look, so that it finds these rows' entries. */
static void
adopt_all(void)
{
	int64 id;
	int	  slot = cs_slots_adopt(-1, &id);

	if (slot < 0)
		return;
	begin_turn();
	for (; slot >= 0; slot = cs_slots_adopt(slot, &id))
		adopt(slot, id);
	end_turn();
}

/* --- servers that let nothing leave --- */

static Pause *
pause_of(const NameData *server)
{
	ListCell *lc;

	foreach(lc, pauses)
		if (strcmp(NameStr(((Pause *) lfirst(lc))->server),
				   NameStr(*server)) == 0)
			return lfirst(lc);
	return NULL;
}

static bool
is_paused(const NameData *server)
{
	Pause *pause = pause_of(server);

	return pause != NULL && pause->until > cs_clock_ticks();
}

static void
pause_server(const NameData *server, int said_ms)
{
	Pause *pause = pause_of(server);

	if (pause == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		pause = palloc0(sizeof(Pause));
		pause->server = *server;
		pauses = lappend(pauses, pause);
		MemoryContextSwitchTo(old);
	}
	if (pause->until > cs_clock_ticks())
		return;
	pause->ms = Min(Max(pause->ms * 2, FIRST_PAUSE_MS), LAST_PAUSE_MS);
	pause->until = after_ms(Max(pause->ms, said_ms));
}

static void
resume_server(const NameData *server)
{
	Pause *pause = pause_of(server);

	if (pause != NULL)
		pause->ms = 0;
}

/* --- what has come --- */

/* When what is pending is looked at again, doubling. */
static CsInstant
poll_due(const CsJob *job, CsEntry *entry, int again_ms)
{
	int	  most = job->settings->limits.poll_interval_max >= 0
					 ? job->settings->limits.poll_interval_max
					 : job->settings->provider->polling.interval_max;
	int64 ms = again_ms;

	for (int i = 0; i < entry->tries && ms < most; i++)
		ms *= 2;
	if (job->kind == CS_JOB_POLL && entry->tries < PG_UINT8_MAX)
		entry->tries++;
	return after_ms(Min(ms, Max(most, again_ms)));
}

static CsEntryState
entry_state(CsJobKind kind)
{
	return kind == CS_JOB_ASK	 ? CS_ENTRY_ASKED
		   : kind == CS_JOB_POLL ? CS_ENTRY_POLLING
								 : CS_ENTRY_READING;
}

static CsRowStatus
status_while(CsJobKind kind)
{
	return kind == CS_JOB_POLL ? CS_ROW_PENDING : CS_ROW_ASKING;
}

static void
look_later(CsEntry *entry, CsInstant due)
{
	cs_schedule_set(schedule, entry, CS_ENTRY_LOOK, due);
}

/* Nothing left: the row is as it was before, and has used up no attempt. */
static void
take_back(CsJob *job, const CsQueueRow *row, CsEntry *entry)
{
	CsKept *kept;

	if (job->kind != CS_JOB_ASK)
	{
		look_later(entry, after_ms(AGAIN_MS));
		return;
	}
	/* What was paid for once stays pending. */
	kept = cs_outbox_add(job, row, CS_ROW_ASKING,
						 row->attempts > 1 ? CS_ROW_PENDING : CS_ROW_QUEUED);
	cs_outbox_change(kept)->attempts = -1;
	cs_outbox_goes_on(kept, CS_ENTRY_LOOK, after_ms(AGAIN_MS));
	cs_schedule_set(schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
}

/* A row that nobody will ever know of. */
static void
write_unknown(CsJob *job, const CsQueueRow *row, CsEntry *entry)
{
	CsKept	 *kept = cs_outbox_add(job, row, CS_ROW_ASKING, CS_ROW_UNKNOWN);
	CsFailure failure = {
		.code = CS_ERR_UNKNOWN,
		.message = "outcome of the call is not known",
		.detail =
			"It was on its way when the server ended, or its answer was lost.",
		.server = NameStr(row->server),
		.billed = CS_BILLED_UNKNOWN,
		.attempts = row->attempts};
	MemoryContext old = MemoryContextSwitchTo(job->cxt);

	cs_outbox_change(kept)->error = cs_result_jsonb_report(&failure);
	MemoryContextSwitchTo(old);
	cs_outbox_ends(kept);
	cs_schedule_set(schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
}

static bool
has_expired(const CsQueueRow *row)
{
	return row->deadline != DT_NOEND && row->deadline <= GetCurrentTimestamp();
}

static void
write_end(CsJob *job, const CsQueueRow *row, CsEntry *entry,
		  const CsJobResult *result)
{
	CsKept *kept = cs_outbox_add(
		job, row, status_while(job->kind),
		result->to == CS_ROW_PENDING && has_expired(row) ? CS_ROW_EXPIRED
														 : result->to);
	CsQueueChange *change = cs_outbox_change(kept);

	change->provider_ref = result->provider_ref;
	change->result = result->result;
	change->error = result->error;
	if (result->deadline_ms > 0)
		change->deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   result->deadline_ms);
	if (change->to != CS_ROW_PENDING)
		cs_outbox_ends(kept);
	else
	{
		entry->status = CS_ROW_PENDING;
		cs_outbox_goes_on(kept, CS_ENTRY_LOOK,
						  poll_due(job, entry, result->again_ms));
	}
	cs_schedule_set(schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
}

/* Where the assessment was not: the next page, or all again, for a while. */
static void
look_on(CsJob *job, const CsQueueRow *row, CsEntry *entry,
		const CsJobResult *result)
{
	int deadline_ms = job->settings->limits.poll_deadline >= 0
						  ? job->settings->limits.poll_deadline
						  : job->settings->provider->polling.deadline;

	if (result->next_page != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
		CsJob		 *next = cs_job_create(CS_JOB_READ, row, entry->key);

		next->page_token = MemoryContextStrdup(next->cxt, result->next_page);
		to_start = lappend(to_start, next);
		MemoryContextSwitchTo(old);
	}
	else if (GetCurrentTimestamp() - row->asked_at >
			 (int64) deadline_ms * CS_US_PER_MS)
		write_unknown(job, row, entry);
	else
		look_later(entry, after_ms(AGAIN_MS));
}

static void
take_row(CsJob *job, const CsQueueRow *row, const CsJobResult *result)
{
	CsEntry *entry = cs_schedule_find(schedule, row->id);

	/* What was made anew meanwhile is looked at anew. */
	if (entry == NULL || entry->state != entry_state(job->kind))
		return;
	switch (result->end)
	{
		case CS_JOB_NOT_NOW:
			take_back(job, row, entry);
			break;
		case CS_JOB_LOST:
			entry->lost = LOST_CALL;
			look_later(entry, after_ms(AGAIN_MS));
			break;
		case CS_JOB_EXISTS:
			entry->lost = LOST_NAME;
			look_later(entry, cs_clock_ticks());
			break;
		case CS_JOB_UNSEEN:
			look_on(job, row, entry, result);
			break;
		case CS_JOB_OVER:
			/* A free look that says "not yet" changes memory only. */
			if (job->kind == CS_JOB_POLL && result->to == CS_ROW_PENDING &&
				!has_expired(row))
				look_later(entry, poll_due(job, entry, result->again_ms));
			else
				write_end(job, row, entry, result);
			break;
	}
}

static void
take_outcome(CsJob *job)
{
	CsJobResult result;

	cs_job_read(job, &result);
	if (result.end == CS_JOB_NOT_NOW)
		pause_server(&job->rows[0].server, result.again_ms);
	else
		resume_server(&job->rows[0].server);
	for (int i = 0; i < job->nrows; i++)
		take_row(job, &job->rows[i], &result);
	cs_outbox_done(job);
}

static void
collect(void)
{
	ListCell *lc;

	foreach(lc, jobs)
	{
		CsJob *job = lfirst(lc);

		if (!cs_slots_settled(job->slot))
			continue;
		jobs = foreach_delete_current(jobs, lc);
		take_outcome(job);
	}
}

static void
notify(const int64 *ids, int n)
{
	if (n == 0)
		return;
	begin_turn();
	for (int i = 0; i < n; i++)
		cs_queue_notify(ids[i]);
	end_turn();
}

/* --- what is due --- */

static int
window(void)
{
	return Min(TURN_ROWS, cs_guc_max_questions() / 4) - list_length(jobs);
}

/* Rows that are due to be looked at; they wait for something from now on. */
static int
take_due(int64 *ids, int most)
{
	CsEntry *entry;
	int		 n = 0;

	while (n < most && (entry = cs_schedule_first(schedule)) != NULL &&
		   entry->due <= cs_clock_ticks())
	{
		ids[n++] = entry->id;
		cs_schedule_set(schedule, entry, CS_ENTRY_LOOK, CS_NEVER);
	}
	return n;
}

/* Gives an entry another state, if it is still there. */
static void
set_entry(int64 id, CsEntryState state, CsInstant due)
{
	CsEntry *entry = cs_schedule_find(schedule, id);

	if (entry != NULL)
		cs_schedule_set(schedule, entry, state, due);
}

static void
forget(int64 id)
{
	CsEntry *entry = cs_schedule_find(schedule, id);

	if (entry != NULL)
		cs_schedule_remove(schedule, entry);
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
		job = job_of(jobs, kind, entry->key);
		if (job != NULL)
			cs_schedule_set(schedule, entry, entry_state(kind), CS_NEVER);
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
	CsJob *job = cs_job_create(
		entry->lost == LOST_NAME ? CS_JOB_READ : CS_JOB_ASK, row, entry->key);

	if (entry->lost != LOST_NOTHING ||
		(row->asked_at < PgStartTime && repeats))
		*list = lappend(*list, job);
	else if (row->asked_at >= PgStartTime)
	{
		take_back(job, &job->rows[0], entry);
		cs_outbox_done(job);
	}
	else
		write_unknown(job, &job->rows[0], entry);
}

static void
plan_row(const CsQueueRow *row, Claims *queued, Claims *pending, List **list)
{
	CsEntry *entry = cs_schedule_find(schedule, row->id);

	entry->status = (uint8) row->status;
	if (is_paused(&row->server))
		look_later(entry, pause_of(&row->server)->until);
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
		set_entry(claims->ids[i], CS_ENTRY_LOOK, after_ms(AGAIN_MS));
	for (int i = 0; i < n; i++)
		add_to_jobs(list, CS_JOB_ASK, &rows[i],
					cs_schedule_find(schedule, rows[i].id));
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
									 status_while(job->kind), CS_ROW_FAILED);

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
		CsEntry *entry = cs_schedule_find(schedule, job->rows[i].id);

		entry->status = (uint8) status_while(job->kind);
		cs_schedule_set(schedule, entry, entry_state(job->kind), CS_NEVER);
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
			keep_job(job);
			break;
		case CS_JOB_NO_ROOM:
			for (int i = 0; i < job->nrows; i++)
				take_back(job, &job->rows[i],
						  cs_schedule_find(schedule, job->rows[i].id));
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
	begin_turn();
	foreach(lc, list)
		start_job(lfirst(lc));
	end_turn();
}

/* Nothing more is claimed by who leaves. */
static void
work_turn(bool leaving)
{
	int64  ids[TURN_ROWS];
	int64 *ended;
	int	   nended;
	List  *list = NIL;
	int	   n;

	collect();
	n = leaving ? 0 : take_due(ids, Max(window(), 0));
	if (n == 0 && cs_outbox_is_empty() && to_start == NIL)
		return;
	begin_turn();
	cs_outbox_write();
	away = n > 0 && cs_home_look() != CS_HOME_HERE;
	if (n > 0 && !away)
		list = plan_turn(ids, n);
	end_turn();
	ended = cs_outbox_settle(schedule, &nended);
	notify(ended, nended);
	start_jobs(list_concat(list, to_start));
	to_start = NIL;
}

/* --- coming and going --- */

/* Never two in one database, from before the first look to the end. */
static bool
lock_database(void)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, LOCK_KEY, 0, 3);
	return LockAcquire(&tag, ExclusiveLock, true, false) !=
		   LOCKACQUIRE_NOT_AVAIL;
}

static void
at_exit(int code, Datum arg)
{
	cs_place_abandon();
}

/* Is there a queue here, and may this database ask anything? */
static bool
has_queue(void)
{
	bool has;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	has = cs_queue_exists() && cs_home_look() == CS_HOME_HERE;
	PopActiveSnapshot();
	CommitTransactionCommand();
	return has;
}

static CsInstant
next_due(void)
{
	CsEntry *first = cs_schedule_first(schedule);

	return first != NULL ? first->due : CS_NEVER;
}

/* Nothing is to be done here, whatever was announced so far. */
static void
leave_for_good(void)
{
	CsNews news;

	cs_place_take_news(&news);
	(void) cs_place_leave(CS_NEVER);
}

/* Is it to go, whatever is due? */
static bool
is_to_leave(void)
{
	return away || ShutdownRequestPending || !cs_guc_workers() ||
		   cs_place_is_held();
}

/* How long it may sleep when nobody wakes it. */
static long
time_to_sleep(CsInstant due)
{
	CsInstant now = cs_clock_ticks();

	if (due <= now)
		return 0;
	return (long) Min((due - now) / CS_US_PER_MS + 1, IDLE_MS);
}

/*
 * One turn after the other, until there is a reason to go.  What is on the wire
 * then is waited for a while; what is not back by then stays in its slots.
 */
static void
work(void)
{
	CsInstant busy_at = cs_clock_ticks();
	CsInstant leaving_at = CS_NEVER;

	adopt_all();
	read_from = PG_INT64_MIN;
	for (;;)
	{
		bool	  leaving = is_to_leave();
		CsInstant now;
		CsInstant due;

		MemoryContextReset(turn_cxt);
		MemoryContextSwitchTo(turn_cxt);
		if (!leaving)
			read_news();
		work_turn(leaving);
		now = cs_clock_ticks();
		due = next_due();
		if (jobs != NIL || due <= after_ms(IDLE_MS) || read_from != 0)
			busy_at = now;
		leaving_at = leaving ? Min(leaving_at, now) : CS_NEVER;
		if (leaving ? jobs == NIL || now - leaving_at > LEAVE_MS * CS_US_PER_MS
					: jobs == NIL && now - busy_at > IDLE_MS * CS_US_PER_MS)
		{
			if (away)
				leave_for_good();
			if (away || cs_place_leave(due) || leaving)
				return;
		}
		if (read_from == 0 || leaving)
			(void) cs_wakeup_sleep(time_to_sleep(leaving ? CS_NEVER : due),
								   CS_WAIT_EVENT("CredscoreWorker"));
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}

void
credscore_worker_main(Datum arg)
{
	Oid database = DatumGetObjectId(arg);

	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	pgstat_report_appname("credscore worker");
	if (!cs_place_enter(database))
		proc_exit(0);
	before_shmem_exit(at_exit, (Datum) 0);
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_SUSET,
							 PGC_S_OVERRIDE, GUC_ACTION_SET, true, 0, false);
	turn_cxt = AllocSetContextCreate(TopMemoryContext, "credscore turn",
									 ALLOCSET_DEFAULT_SIZES);
	if (!has_queue())
	{
		leave_for_good();
		proc_exit(0);
	}
	if (!lock_database())
		proc_exit(1);
	schedule = cs_schedule_create();
	if (schedule == NULL)
		proc_exit(1);
	work();
	proc_exit(0);
}
