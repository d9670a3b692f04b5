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
#include "shared/place.h"
#include "store/home.h"
#include "store/queue.h"
#include "worker/claim.h"
#include "worker/lane.h"
#include "worker/look.h"
#include "worker/work.h"

/* Without due work a worker leaves after so long, */
#define IDLE_MS 5000

/* and so long one that is asked to leave waits for what is on the wire. */
#define LEAVE_MS 10000

/* What no other lock of a database's workers is. */
#define LOCK_KEY 0x43726564 /* "Cred" */

extern PGDLLEXPORT void credscore_worker_main(Datum arg);

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
	return cs_work.away || ShutdownRequestPending || !cs_guc_workers() ||
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

/* Gives the place back, whatever was announced meanwhile. */
static void
leave_at_once(void)
{
	if (cs_work.away)
		leave_for_good();
	else
		cs_place_abandon();
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

	cs_work.read_from = PG_INT64_MIN;
	for (;;)
	{
		bool	  leaving = is_to_leave();
		CsInstant now;
		CsInstant due;

		MemoryContextReset(cs_work.cxt);
		MemoryContextSwitchTo(cs_work.cxt);
		if (!leaving)
			cs_look_news();
		cs_claim_turn(leaving);
		now = cs_clock_ticks();
		due = cs_claim_next();
		if (cs_claim_is_busy() || cs_look_is_unfinished() ||
			due <= cs_work_after(IDLE_MS))
			busy_at = now;
		leaving_at = leaving ? Min(leaving_at, now) : CS_NEVER;
		if (leaving && (!cs_claim_is_busy() ||
						now - leaving_at > LEAVE_MS * CS_US_PER_MS))
		{
			leave_at_once();
			return;
		}
		if (!leaving && now - busy_at > IDLE_MS * CS_US_PER_MS &&
			cs_place_leave(due))
			return;
		if (cs_work.read_from == 0 || leaving ||
			cs_work.not_before > cs_clock_ticks())
			(void) cs_wakeup_sleep(
				time_to_sleep(leaving ? cs_work_after(100) : due),
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
	/* A window of its own for each server, see worker/lane.c. */
	(void) set_config_option("credscore.max_in_flight", "1024", PGC_SUSET,
							 PGC_S_OVERRIDE, GUC_ACTION_SET, true, 0, false);
	cs_work.cxt = AllocSetContextCreate(TopMemoryContext, "credscore turn",
										ALLOCSET_DEFAULT_SIZES);
	if (!has_queue())
	{
		leave_for_good();
		proc_exit(0);
	}
	if (!lock_database())
		proc_exit(1);
	cs_work.schedule = cs_schedule_create();
	if (cs_work.schedule == NULL)
		proc_exit(1);
	if (!cs_look_adopt())
		proc_exit(1);
	work();
	proc_exit(0);
}
