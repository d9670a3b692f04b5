/*-------------------------------------------------------------------------
 * work.c
 *	  What the files of a worker share: its schedule, its jobs, its transactions.
 * 
 * One of each per process.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/work.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "pg/clock.h"
#include "worker/lane.h"

/* The same fault is logged again after so long. */
#define LOG_AGAIN_MS 60000

CsWork cs_work;

/* --- transactions --- */

static void
begin(void)
{
	pgstat_report_activity(STATE_RUNNING, "working on requests");
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) set_config_option("lock_timeout", "100", PGC_SUSET, PGC_S_OVERRIDE,
							 GUC_ACTION_LOCAL, true, 0, false);
	cs_job_rights();
	MemoryContextSwitchTo(cs_work.cxt);
}

static void
end(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* A fault is logged when it is a new one, not each second anew. */
static void
log_fault(void)
{
	static int		 last;
	static CsInstant logged_at;
	int				 sqlstate = geterrcode();
	CsInstant		 now = cs_clock_ticks();

	cs_work.locked = sqlstate == ERRCODE_LOCK_NOT_AVAILABLE;
	/* The extension was dropped. */
	cs_work.away |= sqlstate == ERRCODE_UNDEFINED_TABLE;
	if (cs_work.locked || cs_work.away ||
		(sqlstate == last && now - logged_at < LOG_AGAIN_MS * CS_US_PER_MS))
		return;
	last = sqlstate;
	logged_at = now;
	EmitErrorReport();
}

pg_noinline bool
cs_work_do(CsWorkStep step, void *argument)
{
	volatile bool done = true;

	PG_TRY();
	{
		begin();
		step(argument);
		end();
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(cs_work.cxt);
		log_fault();
		AbortCurrentTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
		done = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(cs_work.cxt);
	/* Autovacuum goes by these; it is they that limit how often. */
	(void) pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	return done;
}

void
cs_work_keep(CsJob *job)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	cs_work.jobs = lappend(cs_work.jobs, job);
	MemoryContextSwitchTo(old);
	cs_lane_begin(job->lane,
				  job->settings != NULL ? &job->settings->limits : NULL);
	job->flying = true;
}

CsJob *
cs_work_find_job(List *jobs, CsJobKind kind, const uint8 *key)
{
	ListCell *lc;

	foreach(lc, jobs)
	{
		CsJob *job = lfirst(lc);

		if (job->kind == kind && memcmp(job->key, key, CS_JOB_KEY_SIZE) == 0)
			return job;
	}
	return NULL;
}

/* --- entries --- */

CsInstant
cs_work_after(int64 ms)
{
	return cs_clock_ticks() + ms * CS_US_PER_MS;
}

CsEntryState
cs_work_entry_state(CsJobKind kind)
{
	return kind == CS_JOB_ASK	 ? CS_ENTRY_ASKED
		   : kind == CS_JOB_POLL ? CS_ENTRY_POLLING
								 : CS_ENTRY_READING;
}

CsRowStatus
cs_work_status(CsJobKind kind)
{
	return kind == CS_JOB_POLL ? CS_ROW_PENDING : CS_ROW_ASKING;
}

void
cs_work_look_later(CsEntry *entry, CsInstant due)
{
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_LOOK, due);
}

void
cs_work_set(int64 id, CsEntryState state, CsInstant due)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, id);

	if (entry != NULL)
		cs_schedule_set(cs_work.schedule, entry, state, due);
}

void
cs_work_forget(int64 id)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, id);

	if (entry != NULL)
		cs_schedule_remove(cs_work.schedule, entry);
}
