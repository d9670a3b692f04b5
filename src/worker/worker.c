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
 * when workers are switched off, or when another database waits for its place.
 * Before it has looked at all rows it says that it is due at once.  Calls that
 * are on the wire by then stay in their slots, and the next worker takes them up.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/worker.h"

#include "access/xact.h"
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

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/wakeup.h"
#include "shared/journal.h"
#include "shared/place.h"
#include "shared/slots.h"
#include "store/call_log.h"
#include "store/home.h"
#include "store/queue.h"
#include "worker/claim.h"
#include "worker/loader.h"
#include "worker/look.h"
#include "worker/marker.h"
#include "worker/retention.h"
#include "worker/work.h"

/* Without due work a worker leaves after so long, */
#define IDLE_MS 5000

/* but not with so many open rows, which it would have to read again, */
#define MANY_ROWS 10000

/* and so long one that is asked to leave waits for what is on the wire. */
#define LEAVE_MS 10000

/* looking so often, */
#define LEAVING_LOOK_MS 100

/* While another database waits it stays for so long, */
#define VISIT_MS 10000

/* a little longer for calls on the wire, and for its first look, */
#define VISIT_WIRE_MS 1000
#define VISIT_LOOK_MS 60000

/* and takes up so long after it what was on the wire then. */
#define COME_BACK_MS 1000

/* The former worker of a database is on its way out: how long to wait for it. */
#define LOCK_WAIT_MS 5000
#define LOCK_LOOK_MS 10

/* What no other lock of a database's workers is. */
#define LOCK_KEY 0x43726564 /* "Cred" */

extern PGDLLEXPORT void credscore_worker_main(Datum arg);

/* --- coming and going --- */

static bool
try_lock_database(void)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, LOCK_KEY, 0, 3);
	return LockAcquire(&tag, ExclusiveLock, true, true) !=
		   LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Never two in one database, from before the first look to the end.  Who gave the
 * place up has the lock until its process ends.
 */
static bool
lock_database(void)
{
	CsInstant until = cs_work_after(LOCK_WAIT_MS);
	bool	  locked;

	while (!(locked = try_lock_database()) && cs_clock_ticks() < until &&
		   cs_place_wish() != CS_PLACE_WANTED)
		(void) cs_wakeup_sleep(LOCK_LOOK_MS, CS_WAIT_EVENT("CredscoreWorker"));
	return locked;
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
	has = cs_queue_exists();
	if (!has)
	{
		cs_slots_forget(MyDatabaseId);
		cs_journal_forget(MyDatabaseId,
						  "The database has no ledger any more.");
	}
	has = has && cs_home_look(true) == CS_HOME_HERE;
	PopActiveSnapshot();
	CommitTransactionCommand();
	return has;
}

/* What was bought here is written down though the database be away by now. */
static bool
has_ledger(void)
{
	bool has;

	StartTransactionCommand();
	has = cs_call_log_exists();
	CommitTransactionCommand();
	return has;
}

/*
 * Nothing is to be done here: first it takes what was announced so far, then it
 * looks, then it leaves, unless more was announced.  False: there is something.
 */
static bool
leave_for_good(void)
{
	CsNews news;

	do
	{
		cs_place_take_news(&news);
		if (has_queue())
			return false;
	} while (!cs_place_leave(CS_NEVER, false));
	return true;
}

/* --- how long it stays --- */

/* What decides about it, beside the schedule. */
typedef struct Visit
{
	CsInstant began_at;
	CsInstant busy_at;	  /* something was due, or on its way */
	CsInstant moved_at;	  /* something came, or was sent */
	CsInstant leaving_at; /* CS_NEVER: it stays */
	int		  on_way;	  /* jobs, then */
	bool	  ordered;	  /* it is to go, whatever is due */
	bool	  others;	  /* another database waits for a place */
	bool	  worked;	  /* there was something */
} Visit;

static bool
is_longer_ago(CsInstant then, int ms)
{
	return cs_clock_ticks() - then > ms * CS_US_PER_MS;
}

/* Has it had its turn, where another database waits for one? */
static bool
is_over(const Visit *v)
{
	return v->others &&
		   is_longer_ago(v->began_at,
						 cs_look_is_unfinished() ? VISIT_LOOK_MS : VISIT_MS);
}

/* At the beginning of a turn: is it leaving, so that nothing more is claimed? */
static bool
is_leaving(Visit *v)
{
	CsPlaceWish wish = cs_place_wish();

	v->others = wish == CS_PLACE_SHORT;
	v->ordered = cs_work.away || !cs_guc_workers() || wish == CS_PLACE_WANTED;
	v->leaving_at = v->ordered || is_over(v)
						? Min(v->leaving_at, cs_clock_ticks())
						: CS_NEVER;
	return v->leaving_at != CS_NEVER;
}

static void
look_at_turn(Visit *v, bool loaded)
{
	CsInstant now = cs_clock_ticks();
	bool	  moved = v->on_way != list_length(cs_work.jobs);

	if (loaded || cs_look_is_unfinished() || cs_claim_is_busy() ||
		cs_claim_next() <= cs_work_after(IDLE_MS))
		v->busy_at = now;
	if (cs_look_is_unfinished() || moved)
		v->moved_at = now;
	v->on_way = list_length(cs_work.jobs);
	v->worked |= loaded || cs_schedule_count(cs_work.schedule) > 0;
}

/* Others wait: something failed, or nothing is due, and the wire is quiet. */
static bool
has_nothing_now(const Visit *v)
{
	if (cs_work.not_before > cs_clock_ticks())
		return true;
	return !cs_look_is_unfinished() && cs_claim_next() > cs_clock_ticks() &&
		   (!cs_claim_is_busy() || is_longer_ago(v->moved_at, VISIT_WIRE_MS));
}

/* Nobody waits: where there was nothing at all, nothing is waited for. */
static bool
is_idle(const Visit *v)
{
	return !cs_look_is_unfinished() && !cs_claim_is_busy() &&
		   cs_schedule_count(cs_work.schedule) <= MANY_ROWS &&
		   (!v->worked || is_longer_ago(v->busy_at, IDLE_MS));
}

/* At the end of a turn. */
static bool
should_go(const Visit *v)
{
	if (v->leaving_at != CS_NEVER)
		return !cs_claim_is_busy() ||
			   is_longer_ago(v->leaving_at,
							 v->ordered ? LEAVE_MS : VISIT_WIRE_MS);
	return v->others ? has_nothing_now(v) : is_idle(v);
}

static CsInstant
next_due(void)
{
	return Min(Min(cs_claim_next(), cs_retention_due()), cs_loader_due());
}

/* When the next worker is to be here. */
static CsInstant
comes_back_at(void)
{
	if (cs_look_is_unfinished())
		return cs_work.not_before;
	return cs_claim_is_busy() ? Min(next_due(), cs_work_after(COME_BACK_MS))
							  : next_due();
}

/* False: it stays, since there is more to do. */
static bool
leave(const Visit *v)
{
	if (!cs_work.away)
		return cs_place_leave(comes_back_at(), v->leaving_at != CS_NEVER);
	if (leave_for_good())
		return true;
	cs_work.away = false;
	cs_work.read_from = PG_INT64_MIN;
	return false;
}

/* How long it may sleep when nobody wakes it. */
static long
time_to_sleep(const Visit *v)
{
	CsInstant now = cs_clock_ticks();
	CsInstant due = next_due();
	bool	  leaving = v->leaving_at != CS_NEVER;
	int64	  most = leaving || v->others ? CS_WORK_AGAIN_MS : IDLE_MS;

	if (leaving)
		return LEAVING_LOOK_MS;
	if (due <= now || (cs_look_is_unfinished() && cs_work.not_before <= now))
		return 0;
	return (long) Min((due - now) / CS_US_PER_MS + 1, most);
}

/* --- the loop --- */

static void
reload(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

/*
 * One turn after the other, until there is a reason to go.  What is on the wire
 * then is waited for a while; what is not back by then stays in its slots.
 */
static void
work(void)
{
	Visit v = {.began_at = cs_clock_ticks(), .leaving_at = CS_NEVER};

	v.busy_at = v.moved_at = v.began_at;
	cs_work.read_from = PG_INT64_MIN;
	for (;;)
	{
		bool leaving = is_leaving(&v);
		bool loaded;

		MemoryContextReset(cs_work.cxt);
		MemoryContextSwitchTo(cs_work.cxt);
		if (!leaving)
			cs_look_news();
		cs_claim_turn(leaving);
		if (!leaving)
		{
			cs_retention_turn();
			cs_loader_drop_old();
		}
		loaded = !leaving && cs_loader_turn();
		look_at_turn(&v, loaded);
		if (should_go(&v) && leave(&v))
			return;
		(void) cs_wakeup_sleep(time_to_sleep(&v),
							   CS_WAIT_EVENT("CredscoreWorker"));
		reload();
	}
}

/*
 * What the database sets for its sessions is not for the worker.  A claim must
 * outlive a crash once its call has left, and a failover where there is a
 * synchronous standby.
 */
static void
choose_settings(void)
{
	static const struct
	{
		const char *name;
		const char *value;
	} settings[] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"synchronous_commit", "on"},
		{"session_replication_role", "origin"},
		{"max_parallel_workers_per_gather", "0"},
		{"jit", "off"},
		/* All it reads it finds by an index, in order: no plan of its statements
		 * is to hang on what statistics say of a table that changes so much. */
		{"enable_seqscan", "off"},
		{"enable_bitmapscan", "off"},
		{"enable_sort", "off"},
		{"plan_cache_mode", "force_generic_plan"},
		/* A window of its own for each server, see worker/lane.c. */
		{"credscore.max_in_flight", "1024"}};

	for (size_t i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i].name, settings[i].value,
								 PGC_SUSET, PGC_S_OVERRIDE, GUC_ACTION_SET,
								 true, 0, false);
}

void
credscore_worker_main(Datum arg)
{
	Oid database = DatumGetObjectId(arg);

	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	cs_marker_set();
	BackgroundWorkerUnblockSignals();
	before_shmem_exit(at_exit, (Datum) 0);
	if (!cs_place_enter(database))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	pgstat_report_appname("credscore worker");
	pgstat_report_activity(STATE_RUNNING, "looking for requests");
	choose_settings();
	cs_work.cxt = AllocSetContextCreate(TopMemoryContext, "credscore turn",
										ALLOCSET_DEFAULT_SIZES);
	if (!lock_database())
		proc_exit(0);
	if (has_ledger())
		cs_loader_drain();
	if (leave_for_good())
		proc_exit(0);
	cs_work.schedule = cs_schedule_create();
	if (cs_work.schedule == NULL)
		ereport(FATAL, (errcode(ERRCODE_OUT_OF_MEMORY),
						errmsg("no memory for the schedule of requests")));
	if (!cs_look_adopt())
		proc_exit(1);
	work();
	proc_exit(0);
}
