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
 * its place frees it, and is tried again after a pause.
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

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/wakeup.h"
#include "shared/place.h"

#define RESTART_SECONDS	 1
#define RETRY_MS		 1000
#define LONGEST_SLEEP_MS 60000

extern PGDLLEXPORT void credscore_launcher_main(Datum arg);

/* A worker that was asked for, and is not known to have taken its place. */
typedef struct Started
{
	Oid						database;
	BackgroundWorkerHandle *handle;
} Started;

static List *started; /* of Started, in TopMemoryContext */

/* --- databases --- */

static bool
may_have_work(Form_pg_database database)
{
	return database->datallowconn && !database->datistemplate;
}

/* Has each database looked at; returns how many there are. */
static void
need_all(void)
{
	Relation	  table;
	TableScanDesc scan;
	HeapTuple	  tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	table = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(table, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		if (may_have_work(database))
			cs_place_need(database->oid);
	}
	table_endscan(scan);
	table_close(table, AccessShareLock);
	CommitTransactionCommand();
}

static bool
database_exists(Oid oid)
{
	bool found;

	StartTransactionCommand();
	found = cs_compat_database_exists(oid);
	CommitTransactionCommand();
	return found;
}

/* --- workers --- */

static BackgroundWorkerHandle *
register_worker(Oid database)
{
	BackgroundWorker		worker;
	BackgroundWorkerHandle *handle;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags =
		BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "credscore", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "credscore_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "credscore worker", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "credscore worker", BGW_MAXLEN);
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

static bool
start(Oid database)
{
	MemoryContext			old = MemoryContextSwitchTo(TopMemoryContext);
	BackgroundWorkerHandle *handle = register_worker(database);
	Started				   *s;

	if (handle != NULL)
	{
		s = palloc(sizeof(Started));
		*s = (Started){database, handle};
		started = lappend(started, s);
	}
	MemoryContextSwitchTo(old);
	return handle != NULL;
}

/* Frees the places of those that have stopped without having taken them. */
static bool
look_after_started(void)
{
	ListCell *lc;
	bool	  failed = false;

	foreach(lc, started)
	{
		Started *s = lfirst(lc);
		pid_t	 pid;

		if (GetBackgroundWorkerPid(s->handle, &pid) != BGWH_STOPPED)
			continue;
		failed |= cs_place_start_failed(s->database);
		started = foreach_delete_current(started, lc);
		pfree(s->handle);
		pfree(s);
	}
	return failed;
}

/* Starts all that there is a place for; false: the server has no room. */
static bool
start_waiting(void)
{
	Oid database;

	while (OidIsValid(database = cs_place_start_next(cs_guc_max_workers())))
	{
		if (!database_exists(database))
		{
			cs_place_start_failed(database);
			cs_place_forget(database);
		}
		else if (!start(database))
		{
			cs_place_start_failed(database);
			return false;
		}
	}
	return true;
}

static long
time_to_sleep(bool retry)
{
	CsInstant due = cs_place_next_due();
	CsInstant now = cs_clock_ticks();
	long	  ms = retry ? RETRY_MS : LONGEST_SLEEP_MS;

	if (due <= now)
		return retry ? RETRY_MS : 0;
	if (due == CS_NEVER || (due - now) / CS_US_PER_MS >= ms)
		return ms;
	return (long) ((due - now) / CS_US_PER_MS) + 1;
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
	need_all();

	while (!ShutdownRequestPending)
	{
		bool retry = look_after_started();

		if (cs_guc_workers() && !retry)
			retry = !start_waiting();
		if (cs_place_overflowed())
			need_all();
		(void) cs_wakeup_sleep(cs_guc_workers() ? time_to_sleep(retry)
												: LONGEST_SLEEP_MS,
							   CS_WAIT_EVENT("CredscoreLauncher"));
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
	proc_exit(1);
}

void
cs_worker_init(void)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags =
		BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_library_name, "credscore", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "credscore_launcher_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "credscore launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "credscore launcher", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}
