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
#include "shared/key.h"
#include "shared/place.h"
#include "shared/slots.h"
#include "store/home.h"
#include "store/queue_work.h"
#include "worker/job.h"
#include "worker/schedule.h"

/* Rows that a turn reads, and that it claims or polls. */
#define READ_ROWS 10000
#define TURN_ROWS 256

/* A row that could not be had is tried again after so long, */
#define AGAIN_MS 1000

/* and without due work a worker leaves after so long. */
#define IDLE_MS 5000

/* A server that lets nothing leave is left alone for so long, doubling. */
#define FIRST_PAUSE_MS 1000
#define LAST_PAUSE_MS  60000

/* What no other lock of a database's workers is. */
#define LOCK_KEY 0x43726564 /* "Cred" */

extern PGDLLEXPORT void credscore_worker_main(Datum arg);

/* A server that lets nothing leave at present. */
typedef struct Pause
{
	NameData  server;
	CsInstant until;
	int		  ms;
} Pause;

static CsSchedule *schedule;
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

/* An open row, as it is found: what is to be done with it? */
static void
schedule_row(const CsQueueRow *row)
{
	uint8		 key[CS_SCHEDULE_KEY_SIZE];
	CsEntryState state = row->status == CS_ROW_QUEUED	? CS_ENTRY_CLAIM
						 : row->status == CS_ROW_ASKING ? CS_ENTRY_READ
														: CS_ENTRY_POLL;

	if (cs_schedule_find(schedule, row->id) != NULL)
		return;
	make_key(row, key);
	if (cs_schedule_add(schedule, row->id, key, state, cs_clock_ticks()) ==
		NULL)
		ereport(FATAL, (errcode(ERRCODE_OUT_OF_MEMORY),
						errmsg("no memory for the schedule of requests")));
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
	bool		open = cs_queue_fetch(&id, 1, &row) == 1;

	if (!open || row->status == CS_ROW_QUEUED)
	{
		cs_slots_abandon(slot);
		return;
	}
	job = cs_job_create(
		row->status == CS_ROW_ASKING ? CS_JOB_ASK : CS_JOB_POLL, row, 1);
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

/* Changes of a turn, and what becomes of entries when they are written. */
typedef struct Change
{
	CsQueueChange change;
	CsEntryState  next;
	CsInstant	  due;
	bool		  over; /* the entry goes */
} Change;

typedef struct Changes
{
	Change *all;
	int		n;
	int		room;
	List   *jobs; /* whose slots are free when they are written */
} Changes;

static Change *
add_change(Changes *c, const CsQueueRow *row, CsRowStatus from, CsRowStatus to)
{
	Change *change;

	if (c->n == c->room)
	{
		c->room = Max(64, c->room * 2);
		c->all = c->all == NULL ? palloc(c->room * sizeof(Change))
								: repalloc(c->all, c->room * sizeof(Change));
	}
	change = &c->all[c->n++];
	memset(change, 0, sizeof(*change));
	change->change.id = row->id;
	change->change.request_id = row->request_id;
	change->change.from = from;
	change->change.to = to;
	return change;
}

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

static void
change_row(Changes *c, const CsJob *job, const CsQueueRow *row,
		   const CsJobResult *result)
{
	CsRowStatus from =
		job->kind == CS_JOB_POLL ? CS_ROW_PENDING : CS_ROW_ASKING;
	CsEntry *entry = cs_schedule_find(schedule, row->id);
	Change	*change;

	if (entry == NULL)
		return;
	if (result->end == CS_JOB_RECONCILE)
	{
		cs_schedule_set(schedule, entry, CS_ENTRY_READ, after_ms(AGAIN_MS));
		return;
	}
	if (result->end == CS_JOB_NOT_NOW && job->kind != CS_JOB_ASK)
	{
		cs_schedule_set(schedule, entry,
						job->kind == CS_JOB_POLL ? CS_ENTRY_POLL
												 : CS_ENTRY_READ,
						after_ms(AGAIN_MS));
		return;
	}
	/* A free look that says "not yet" changes memory only. */
	if (job->kind == CS_JOB_POLL && result->to == CS_ROW_PENDING &&
		result->end == CS_JOB_OVER &&
		(row->deadline == DT_NOEND || row->deadline > GetCurrentTimestamp()))
	{
		cs_schedule_set(schedule, entry, CS_ENTRY_POLL,
						poll_due(job, entry, result->again_ms));
		return;
	}
	cs_schedule_set(schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
	if (result->end == CS_JOB_NOT_NOW)
	{
		change = add_change(c, row, from, CS_ROW_QUEUED);
		change->change.attempts = -1;
		change->next = CS_ENTRY_CLAIM;
		change->due = after_ms(AGAIN_MS);
		return;
	}
	change = add_change(c, row, from, result->to);
	if (job->kind == CS_JOB_POLL && result->to == CS_ROW_PENDING)
		change->change.to = CS_ROW_EXPIRED;
	change->change.provider_ref = result->provider_ref;
	change->change.result = result->result;
	change->change.error = result->error;
	if (result->deadline_ms > 0)
		change->change.deadline = TimestampTzPlusMilliseconds(
			GetCurrentTimestamp(), result->deadline_ms);
	change->over = change->change.to != CS_ROW_PENDING;
	change->next = CS_ENTRY_POLL;
	change->due = poll_due(job, entry, result->again_ms);
}

static void
take_outcome(Changes *c, CsJob *job)
{
	CsJobResult result;

	cs_job_read(job, &result);
	if (result.end == CS_JOB_NOT_NOW)
		pause_server(&job->rows[0].server, result.again_ms);
	else
		resume_server(&job->rows[0].server);
	for (int i = 0; i < job->nrows; i++)
		change_row(c, job, &job->rows[i], &result);
	c->jobs = lappend(c->jobs, job);
}

static void
collect(Changes *c)
{
	ListCell *lc;

	foreach(lc, jobs)
	{
		CsJob *job = lfirst(lc);

		if (!cs_slots_settled(job->slot))
			continue;
		take_outcome(c, job);
		jobs = foreach_delete_current(jobs, lc);
	}
}

static void
write_changes(Changes *c)
{
	CsQueueChange *changes = palloc(Max(c->n, 1) * sizeof(CsQueueChange));

	for (int i = 0; i < c->n; i++)
		changes[i] = c->all[i].change;
	cs_queue_write(changes, c->n);
	for (int i = 0; i < c->n; i++)
		c->all[i].change.done = changes[i].done;
}

/* What was written is committed. */
static void
after_writing(Changes *c)
{
	ListCell *lc;

	for (int i = 0; i < c->n; i++)
	{
		CsEntry *entry = cs_schedule_find(schedule, c->all[i].change.id);

		if (!c->all[i].change.done)
			continue;
		if (c->all[i].over)
			cs_schedule_remove(schedule, entry);
		else
			cs_schedule_set(schedule, entry, c->all[i].next, c->all[i].due);
	}
	foreach(lc, c->jobs)
	{
		CsJob	   *job = lfirst(lc);
		CsOutcome	outcome;
		dsa_pointer body;

		cs_slots_collect(job->slot, &outcome, &body);
		if (DsaPointerIsValid(body))
			cs_reply_release(body);
		cs_job_free(job);
	}
}

static void
notify(const Changes *c)
{
	bool any = false;

	for (int i = 0; i < c->n; i++)
		any |= c->all[i].change.done && c->all[i].over;
	if (!any)
		return;
	begin_turn();
	for (int i = 0; i < c->n; i++)
		if (c->all[i].change.done && c->all[i].over)
			cs_queue_notify(c->all[i].change.id);
	end_turn();
}

/* --- what is due --- */

static int
window(void)
{
	return Min(TURN_ROWS, cs_guc_max_questions() / 4) - list_length(jobs);
}

/* Entries that are due, in a state; they wait for something from now on. */
static int
take_due(int64 *ids, int most)
{
	CsEntry *entry;
	int		 n = 0;

	while (n < most && (entry = cs_schedule_first(schedule)) != NULL &&
		   entry->due <= cs_clock_ticks())
	{
		ids[n++] = entry->id;
		cs_schedule_set(schedule, entry, entry->state, CS_NEVER);
	}
	return n;
}

/* Gives an entry back to the schedule, due again after a while. */
static void
put_back(int64 id, CsEntryState state, CsInstant due)
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

/* Work of a turn beside what is written. */
typedef struct Turn
{
	List *asks;	 /* of CsJob, claimed */
	List *looks; /* of CsJob: polls and readings */
} Turn;

static void
plan_row(const CsQueueRow *row, int64 *claims, int *nclaims, Turn *turn)
{
	CsEntry *entry = cs_schedule_find(schedule, row->id);

	if (is_paused(&row->server))
	{
		put_back(row->id, entry->state, pause_of(&row->server)->until);
		return;
	}
	switch ((CsEntryState) entry->state)
	{
		case CS_ENTRY_CLAIM:
			claims[(*nclaims)++] = row->id;
			break;
		case CS_ENTRY_POLL:
			turn->looks =
				lappend(turn->looks, cs_job_create(CS_JOB_POLL, row, 1));
			break;
		case CS_ENTRY_READ:
			turn->looks =
				lappend(turn->looks, cs_job_create(CS_JOB_READ, row, 1));
			break;
		default:
			break;
	}
}

/* Reads the rows that are due; those that are not open any more are forgotten. */
static void
plan_turn(const int64 *ids, int n, Turn *turn)
{
	CsQueueRow *rows;
	int64	   *claims = palloc(Max(n, 1) * sizeof(int64));
	int			nclaims = 0;
	int			found = cs_queue_fetch(ids, n, &rows);
	CsQueueRow *claimed;

	for (int i = 0; i < n; i++)
	{
		bool open = false;

		for (int j = 0; j < found && !open; j++)
			open = rows[j].id == ids[i];
		if (!open)
			forget(ids[i]);
	}
	for (int i = 0; i < found; i++)
		plan_row(&rows[i], claims, &nclaims, turn);
	if (nclaims == 0)
		return;
	found = cs_queue_claim(claims, nclaims, CS_ROW_QUEUED, &claimed);
	for (int i = 0; i < nclaims; i++)
		put_back(claims[i], CS_ENTRY_CLAIM, after_ms(AGAIN_MS));
	for (int i = 0; i < found; i++)
		turn->asks =
			lappend(turn->asks, cs_job_create(CS_JOB_ASK, &claimed[i], 1));
}

/* A row whose request is refused before it is asked. */
static void
fail_row(Changes *c, const CsJob *job, Jsonb *report)
{
	CsQueueRow *row = &job->rows[0];
	Change	   *change = add_change(
			c, row, job->kind == CS_JOB_POLL ? CS_ROW_PENDING : CS_ROW_ASKING,
			CS_ROW_FAILED);

	change->change.error = report;
	change->over = true;
}

static void
start_jobs(List *list, Changes *refused)
{
	ListCell *lc;

	foreach(lc, list)
	{
		CsJob *job = lfirst(lc);
		Jsonb *report = NULL;

		put_back(job->rows[0].id,
				 job->kind == CS_JOB_ASK	? CS_ENTRY_ASKED
				 : job->kind == CS_JOB_POLL ? CS_ENTRY_POLLING
											: CS_ENTRY_READ,
				 CS_NEVER);
		switch (cs_job_start(job, &report))
		{
			case CS_JOB_STARTED:
				keep_job(job);
				break;
			case CS_JOB_NO_ROOM:
				put_back(job->rows[0].id,
						 job->kind == CS_JOB_POLL ? CS_ENTRY_POLL
												  : CS_ENTRY_READ,
						 after_ms(AGAIN_MS));
				cs_job_free(job);
				break;
			case CS_JOB_REFUSED:
				fail_row(refused, job, report);
				cs_job_free(job);
				break;
		}
	}
}

static void
work_turn(void)
{
	int64	ids[TURN_ROWS];
	Changes changes = {0};
	Changes refused = {0};
	Turn	turn = {0};
	int		n;

	collect(&changes);
	n = take_due(ids, Max(window(), 0));
	if (n > 0 || changes.n > 0)
	{
		begin_turn();
		write_changes(&changes);
		if (n > 0)
			plan_turn(ids, n, &turn);
		end_turn();
	}
	after_writing(&changes);
	notify(&changes);
	if (turn.asks == NIL && turn.looks == NIL)
		return;
	begin_turn();
	start_jobs(turn.asks, &refused);
	start_jobs(turn.looks, &refused);
	end_turn();
	if (refused.n == 0)
		return;
	begin_turn();
	write_changes(&refused);
	end_turn();
	after_writing(&refused);
	notify(&refused);
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

static bool
has_queue(void)
{
	bool has;

	StartTransactionCommand();
	has = cs_queue_exists();
	CommitTransactionCommand();
	return has;
}

static CsInstant
next_due(void)
{
	CsEntry *first = cs_schedule_first(schedule);

	return first != NULL ? first->due : CS_NEVER;
}

static void
work(void)
{
	CsInstant idle_since = cs_clock_ticks();

	adopt_all();
	read_from = PG_INT64_MIN;
	while (!ShutdownRequestPending)
	{
		CsInstant now;
		CsInstant due;

		MemoryContextReset(turn_cxt);
		MemoryContextSwitchTo(turn_cxt);
		read_news();
		work_turn();
		now = cs_clock_ticks();
		due = next_due();
		if (jobs != NIL || due <= after_ms(IDLE_MS) || read_from != 0)
			idle_since = now;
		if (jobs == NIL &&
			(now - idle_since > IDLE_MS * CS_US_PER_MS || cs_place_is_held() ||
			 !cs_guc_workers()) &&
			cs_place_leave(due))
			return;
		if (read_from == 0)
			(void) cs_wakeup_sleep(
				due == CS_NEVER
					? IDLE_MS
					: (long) Max(0,
								 Min((due - now) / CS_US_PER_MS + 1, IDLE_MS)),
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
		(void) cs_place_leave(CS_NEVER);
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
