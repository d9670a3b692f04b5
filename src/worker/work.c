/*-------------------------------------------------------------------------
 * work.c
 *	  What the files of a worker share: its schedule, its jobs, its transactions.
 * 
 * One of each per process.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/work.h"

#include "access/xact.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "pg/clock.h"

CsWork cs_work;

/* --- transactions --- */

void
cs_work_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) set_config_option("lock_timeout", "100", PGC_SUSET, PGC_S_OVERRIDE,
							 GUC_ACTION_LOCAL, true, 0, false);
	MemoryContextSwitchTo(cs_work.cxt);
}

void
cs_work_end(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(cs_work.cxt);
}

void
cs_work_keep(CsJob *job)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	cs_work.jobs = lappend(cs_work.jobs, job);
	MemoryContextSwitchTo(old);
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
