/*-------------------------------------------------------------------------
 * launcher.c
 *	  Starts a worker in each database that has something to do.
 *
 * A static background worker without a database: it reads shared catalogues
 * only.  It runs from the end of recovery on, so that promotion needs no code.
 * At its start it has every database looked at once, since what was announced
 * before is not known any more; from then on it starts a worker where shared
 * memory says that there is a reason (shared/place.c), in the order in which
 * databases began to wait.
 *
 * It watches what it has started: a worker that has stopped without having taken
 * its place frees it, and is tried again after a pause.  Where workers were
 * killed again and again, it starts none for a while: each of those deaths has
 * restarted the whole server.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/worker.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "pg/background.h"
#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/wakeup.h"
#include "shared/journal.h"
#include "shared/place.h"
#include "shared/slots.h"
#include "worker/marker.h"

#define LONGEST_SLEEP_MS 60000

extern PGDLLEXPORT void credscore_launcher_main(Datum arg);

/* A worker that was asked for, and has not stopped; one in a database. */
typedef struct Started
{
	Oid						database;
	BackgroundWorkerHandle *handle;
} Started;

static List *started; /* of Started, in TopMemoryContext */

/* Databases that are to be looked at, and have no record yet; likewise. */
static List *to_need;

/* Workers were killed, and none is started before; 0: they are. */
static CsInstant away_until;

/* --- databases --- */

/* A DROP marks it so before it commits, or when it was interrupted. */
static bool
is_invalid(Form_pg_database database)
{
	return database->datconnlimit < -1;
}

static bool
may_have_work(Form_pg_database database)
{
	return database->datallowconn && !database->datistemplate &&
		   !is_invalid(database);
}

/* Has each database looked at, once there is a record for it. */
static void
list_databases(void)
{
	Relation	  table;
	TableScanDesc scan;
	HeapTuple	  tuple;

	list_free(to_need);
	to_need = NIL;
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	table = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(table, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext	 old = MemoryContextSwitchTo(TopMemoryContext);

		if (may_have_work(database))
			to_need = lappend_oid(to_need, database->oid);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	table_close(table, AccessShareLock);
	CommitTransactionCommand();
}

/* Each once: who has been looked at makes room for the next. */
static void
need_listed(void)
{
	while (to_need != NIL && cs_place_need(llast_oid(to_need)))
		to_need = list_delete_last(to_need);
}

/* Nobody will collect its answers, nor load its records. */
static void
forget(Oid oid)
{
	cs_slots_forget(oid);
	cs_journal_forget(oid, "The database was dropped.");
}

/*
 * May a worker connect to it?  One that is gone, or marked by a DROP that is about
 * to commit, has left its questions behind.
 */
static bool
may_start_in(Oid oid)
{
	HeapTuple tuple;
	bool	  may = false;
	bool	  gone = true;

	StartTransactionCommand();
	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(oid));
	if (HeapTupleIsValid(tuple))
	{
		may = may_have_work((Form_pg_database) GETSTRUCT(tuple));
		gone = is_invalid((Form_pg_database) GETSTRUCT(tuple));
		ReleaseSysCache(tuple);
	}
	CommitTransactionCommand();
	if (gone)
		forget(oid);
	return may;
}

/* --- workers --- */

static BackgroundWorkerHandle *
register_worker(Oid database)
{
	BackgroundWorker		worker;
	BackgroundWorkerHandle *handle;

	cs_background_describe(
		&worker, "credscore worker", "credscore_worker_main",
		BGWORKER_BACKEND_DATABASE_CONNECTION, BgWorkerStart_RecoveryFinished);
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

static void
forget_handle(Started *s)
{
	started = list_delete_ptr(started, s);
	pfree(s->handle);
	pfree(s);
}

/* A former worker of the database is on its way out, and says so by itself. */
static void
forget_former(Oid database)
{
	ListCell *lc;

	foreach(lc, started)
	{
		Started *s = lfirst(lc);

		if (s->database != database)
			continue;
		forget_handle(s);
		return;
	}
}

static bool
start(Oid database)
{
	MemoryContext			old = MemoryContextSwitchTo(TopMemoryContext);
	BackgroundWorkerHandle *handle = register_worker(database);
	Started				   *s;

	if (handle != NULL)
	{
		forget_former(database);
		s = palloc(sizeof(Started));
		*s = (Started){database, handle};
		started = lappend(started, s);
	}
	MemoryContextSwitchTo(old);
	return handle != NULL;
}

/* Frees the places of those that have stopped without having taken them. */
static void
look_after_started(void)
{
	for (int i = list_length(started) - 1; i >= 0; i--)
	{
		Started *s = list_nth(started, i);
		pid_t	 pid;

		if (GetBackgroundWorkerPid(s->handle, &pid) != BGWH_STOPPED)
			continue;
		cs_place_start_failed(s->database);
		forget_handle(s);
	}
}

/* Starts all that there is a place for, as long as the server has room. */
static void
start_waiting(void)
{
	Oid	 database;
	bool room = true;

	while (room &&
		   OidIsValid(database = cs_place_start_next(cs_guc_max_workers())))
	{
		bool may = may_start_in(database);

		if (may && start(database))
			continue;
		cs_place_start_failed(database);
		if (!may)
			cs_place_forget(database);
		room = !may;
	}
	if (!room)
		cs_place_no_room();
}

/*
 * Rows may have to leave earlier than it was thought; and who left while calls
 * were switched off did not say when it is due.
 */
static void
reload(void)
{
	int	 retention = cs_guc_queue_retention();
	bool enabled = cs_guc_enabled();

	ProcessConfigFile(PGC_SIGHUP);
	if (cs_guc_queue_retention() != retention)
		cs_place_chores_anew();
	if (cs_guc_queue_retention() != retention ||
		(cs_guc_enabled() && !enabled))
		list_databases();
}

static bool
may_start(void)
{
	return cs_guc_workers() && away_until == 0;
}

static long
time_to_sleep(void)
{
	CsInstant due = may_start()		   ? cs_place_next_due()
					: cs_guc_workers() ? away_until
									   : CS_NEVER;
	CsInstant now = cs_clock_ticks();

	if (due <= now)
		return 0;
	return due == CS_NEVER
			   ? LONGEST_SLEEP_MS
			   : (long) Min((due - now) / CS_US_PER_MS + 1, LONGEST_SLEEP_MS);
}

/* --- killed workers --- */

static void
look_at_deaths(void)
{
	CsInstant last;
	int		  deaths = cs_marker_deaths(&last);

	if (cs_guc_max_worker_crashes() > 0 &&
		deaths >= cs_guc_max_worker_crashes())
		away_until = last + CS_MARKER_MEMORY_US;
	cs_place_stay_away(away_until, deaths);
	if (away_until == 0)
		return;
	ereport(
		LOG,
		(errmsg("credscore starts no workers for ten minutes"),
		 errdetail(
			 "%d of them were killed within ten minutes, and the server restarted each time.",
			 deaths),
		 errhint(
			 "See the server log for what killed them; credscore.max_worker_crashes sets how many may be.")));
}

static void
come_back(void)
{
	if (away_until == 0 || away_until > cs_clock_ticks())
		return;
	away_until = 0;
	cs_place_stay_away(0, 0);
}

/* --- the process --- */

static void
at_exit(int code, Datum arg)
{
	cs_place_launcher_stop();
}

void
credscore_launcher_main(Datum arg)
{
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(InvalidOid, InvalidOid, 0);
	pgstat_report_appname("credscore launcher");
	before_shmem_exit(at_exit, (Datum) 0);
	cs_place_launcher_start();
	look_at_deaths();
	list_databases();

	while (!ShutdownRequestPending)
	{
		if (cs_place_overflowed())
			list_databases();
		need_listed();
		look_after_started();
		come_back();
		if (may_start())
			start_waiting();
		(void) cs_wakeup_sleep(time_to_sleep(),
							   CS_WAIT_EVENT("CredscoreLauncher"));
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			reload();
		}
	}
	proc_exit(1);
}

void
cs_worker_init(void)
{
	cs_background_register("credscore launcher", "credscore_launcher_main",
						   BGWORKER_BACKEND_DATABASE_CONNECTION,
						   BgWorkerStart_RecoveryFinished);
}
