/*-------------------------------------------------------------------------
 * credscore.c
 *	  Loading: each module's init, from the ground up.
 *
 * With shared_preload_libraries everything is set up.  Loaded later, by a
 * function call, only settings and the validator work: the functions that
 * ask then say what is missing.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "courier/courier.h"
#include "courier/token_cache.h"
#include "pg/guc.h"
#include "pg/life.h"
#include "pg/shmem.h"
#include "prefetch/plan.h"
#include "prefetch/prefetch.h"
#include "session/announce.h"
#include "session/ask.h"
#include "session/hold.h"
#include "session/keep.h"
#include "shared/account.h"
#include "session/scope.h"
#include "shared/answer_cache.h"
#include "shared/place.h"
#include "shared/forgotten.h"
#include "shared/journal.h"
#include "shared/journal_chain.h"
#include "shared/journal_flush.h"
#include "shared/prepared.h"
#include "shared/progress.h"
#include "shared/refusal.h"
#include "shared/slots.h"
#include "shared/stats.h"
#include "worker/recorder.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	cs_guc_init();
	if (!process_shared_preload_libraries_in_progress)
		return;
	cs_life_init();
	cs_slots_init();
	cs_account_init();
	cs_token_cache_init();
	cs_stats_init();
	cs_refusal_init();
	cs_progress_init();
	cs_answer_cache_init();
	cs_place_init();
	cs_prepared_init();
	cs_journal_init();
	cs_journal_flush_init();
	cs_journal_chain_init();
	cs_forgotten_init();
	cs_shmem_init();
	cs_scope_init();
	cs_ask_init();
	cs_announce_init();
	cs_hold_init();
	cs_keep_init();
	cs_prefetch_init();
	cs_plan_init();
	cs_recorder_init();
	cs_courier_init();
	cs_worker_init();
}
