/*-------------------------------------------------------------------------
 * background.c
 *	  Background workers of ours: what they have in common.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/background.h"

#include "miscadmin.h"

#define RESTART_SECONDS 1

void
cs_background_describe(BackgroundWorker *worker, const char *name,
					   const char *function, int flags,
					   BgWorkerStartTime start)
{
	memset(worker, 0, sizeof(*worker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | flags;
	worker->bgw_start_time = start;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker->bgw_library_name, "credscore", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, function, BGW_MAXLEN);
	strlcpy(worker->bgw_name, name, BGW_MAXLEN);
	strlcpy(worker->bgw_type, name, BGW_MAXLEN);
}

void
cs_background_register(const char *name, const char *function, int flags,
					   BgWorkerStartTime start)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress ||
		!IsPostmasterEnvironment || IsBinaryUpgrade)
		return;
	cs_background_describe(&worker, name, function, flags, start);
	worker.bgw_restart_time = RESTART_SECONDS;
	RegisterBackgroundWorker(&worker);
}
