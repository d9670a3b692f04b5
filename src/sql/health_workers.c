/*-------------------------------------------------------------------------
 * health_workers.c
 *	  Checks of the background workers, of all databases.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/health_workers.h"

#include "access/xlog.h"
#include "miscadmin.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "shared/journal.h"
#include "shared/journal_flush.h"
#include "shared/place.h"

/* A database that waits longer for a worker waits for somebody to help. */
#define WAIT_US (60 * CS_US_PER_S)

/* So does a worker that is kept waiting for so long by a lock. */
#define BLOCKED_US (10 * CS_US_PER_S)

/* Processes beside the workers: the courier, the recorder and the launcher. */
#define OTHER_PROCESSES 3

/* All databases together. */
typedef struct Places
{
	int		  waiting;	   /* with something to do, and no worker */
	CsInstant longest;	   /* one of them has waited */
	int		  blocked_by;  /* process that keeps a worker waiting; 0: none */
	CsInstant blocked_for; /* the longest of them */
} Places;

/* Since when there is something to do, and nobody to do it; CS_NEVER: no. */
static CsInstant
waits_since(const CsPlaceView *place, CsInstant now)
{
	if (!OidIsValid(place->database) || place->state != CS_PLACE_FREE ||
		place->holds > 0)
		return CS_NEVER;
	if (place->waits)
		return place->since;
	return place->due <= now ? place->due : CS_NEVER;
}

static void
add_place(Places *all, const CsPlaceView *place, CsInstant now)
{
	CsInstant since = waits_since(place, now);

	if (since != CS_NEVER)
	{
		all->waiting++;
		all->longest = Max(all->longest, now - since);
	}
	if (place->blocked_by != 0 &&
		now - place->blocked_since > all->blocked_for)
	{
		all->blocked_by = place->blocked_by;
		all->blocked_for = now - place->blocked_since;
	}
}

static Places
look_at_places(void)
{
	Places		all = {0};
	CsPlaceView place;
	CsInstant	now = cs_clock_ticks();

	for (int i = 0; cs_place_view(i, &place); i++)
		add_place(&all, &place, now);
	return all;
}

static void
put_launcher(CsHealth *health, const CsLauncherView *launcher)
{
	bool standby = RecoveryInProgress();

	cs_health_put(
		health, "launcher", NULL, launcher->pid != 0 || standby,
		launcher->pid != 0, "%s",
		launcher->pid != 0 ? "The launcher of workers runs."
		: standby
			? "The launcher of workers runs when the standby is promoted."
			: "The launcher of workers does not run; see the server log and max_worker_processes.");
	cs_health_put(
		health, "worker_crashes", NULL, launcher->away_until == 0,
		launcher->deaths,
		"Workers that were killed within ten minutes; credscore.max_worker_crashes is %d%s",
		cs_guc_max_worker_crashes(),
		launcher->away_until == 0 ? "."
								  : ", and none starts for ten minutes.");
}

static void
put_places(CsHealth *health, const Places *all)
{
	bool off = !cs_guc_workers();

	cs_health_put(health, "workers", NULL,
				  all->waiting == 0 || (!off && all->longest <= WAIT_US),
				  all->waiting,
				  "Databases with requests that wait for a worker; %s.",
				  off ? "credscore.workers is off"
					  : "red when one has waited for a minute");
	if (all->blocked_for > BLOCKED_US)
		cs_health_put(
			health, "worker_lock", NULL, false, all->blocked_for / CS_US_PER_S,
			"Seconds for which a lock of process %d has kept a worker waiting.",
			all->blocked_by);
	else
		cs_health_put(health, "worker_lock", NULL, true, CS_HEALTH_NO_VALUE,
					  "No worker is kept waiting by a lock.");
}

static void
put_journal(CsHealth *health)
{
	CsJournalView	   journal;
	CsJournalFlushView flush;
	bool			   works;
	int64			   value;

	cs_journal_view(&journal);
	cs_journal_flush_view(&flush);
	/* Before it is read a 0 would say that all is loaded. */
	value = journal.ready ? (int64) journal.unloaded : CS_HEALTH_NO_VALUE;
	works = !flush.fails && journal.recorder != 0 && !journal.full &&
			!journal.fails && journal.failure[0] == '\0';
	if (works && journal.left_out > 0)
	{
		cs_health_put(
			health, "journal", NULL, true, value,
			"Bytes of the journal that are not in the ledger of their database yet; " UINT64_FORMAT
			" rows of log_reuse had no room since the start.",
			journal.left_out);
		return;
	}
	cs_health_put(
		health, "journal", NULL, works, value, "%s",
		journal.recorder == 0
			? "The recorder, which keeps the journal, does not run; see the server log and max_worker_processes."
		: journal.full
			? "The journal is as large as credscore.journal_size allows, since its records are not loaded; servers with a ledger are not called."
		: flush.fails
			? "The journal cannot be flushed to disk, see the server log; servers whose ledger is 'sync' are not called."
		: !works
			? "The journal cannot be written, see the server log; servers with a ledger are not called."
		: !journal.ready
			? "The journal is not read yet, as in the moment after a start; on a standby it is when that is promoted."
			: "Bytes of the journal that are not in the ledger of their database yet.");
}

void
cs_health_workers_put(CsHealth *health)
{
	CsLauncherView launcher;
	Places		   all = look_at_places();
	int			   needed = cs_guc_max_workers() + OTHER_PROCESSES;

	cs_place_launcher(&launcher);
	put_launcher(health, &launcher);
	put_places(health, &all);
	put_journal(health);
	cs_health_put(
		health, "worker_processes", NULL, max_worker_processes >= needed,
		max_worker_processes,
		"max_worker_processes; credscore needs %d of them, with credscore.max_workers = %d.",
		needed, cs_guc_max_workers());
}
