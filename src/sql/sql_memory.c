/*-------------------------------------------------------------------------
 * sql_memory.c
 *	  What credscore holds in shared memory, as SQL shows it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "shared/answer_cache.h"
#include "shared/journal.h"
#include "shared/journal_flush.h"
#include "sql/row.h"

#define MOST_NUMBERS 3

PG_FUNCTION_INFO_V1(credscore_journal);
PG_FUNCTION_INFO_V1(credscore_shared_memory);
PG_FUNCTION_INFO_V1(credscore_stat_memory);

/* A row of so many. */
static Datum
numbers(FunctionCallInfo fcinfo, const uint64 *numbers, int n)
{
	TupleDesc columns;
	Datum	  values[MOST_NUMBERS];
	bool	  nulls[MOST_NUMBERS] = {false};

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int i = 0; i < n; i++)
		values[i] = Int64GetDatum((int64) numbers[i]);
	return HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(columns), values, nulls));
}

/*
 * credscore.shared_memory() returns (chunks bigint, bytes bigint)
 *
 * Questions and answers in shared memory, over all processes.
 */
Datum
credscore_shared_memory(PG_FUNCTION_ARGS)
{
	CsShmemUse use;

	cs_shmem_require();
	use = cs_shmem_use();
	return numbers(fcinfo, (uint64[]){use.chunks, use.bytes}, 2);
}

/*
 * credscore.journal() returns (written bigint, flushed bigint, missed bigint)
 *
 * Where the journal ends, and up to where it is safe on disk.
 */
Datum
credscore_journal(PG_FUNCTION_ARGS)
{
	CsJournalFlushView flush;

	cs_shmem_require();
	cs_journal_flush_view(&flush);
	return numbers(
		fcinfo, (uint64[]){cs_journal_end(), flush.flushed, flush.missed}, 3);
}

/*
 * credscore.stat_memory() returns setof record
 *
 * One row: what is set aside, what is in it, and what became of the answers
 * that were kept; behind the view credscore_stat_memory.
 */
Datum
credscore_stat_memory(PG_FUNCTION_ARGS)
{
	CsRow		row = {0};
	CsShmemUse	use;
	CsCacheView cache;

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	use = cs_shmem_use();
	cs_answer_cache_view(&cache);
	cs_row_count(&row, use.size);
	cs_row_count(&row, use.bytes);
	cs_row_count(&row, use.chunks);
	cs_row_count(&row, use.failures);
	cs_row_time(&row, cs_clock_calendar(use.failed_at));
	cs_row_count(&row, (uint64) cs_guc_cache_size() * 1024);
	cs_row_count(&row, cache.bytes);
	cs_row_int(&row, cache.entries);
	cs_row_int(&row, cache.most_entries);
	cs_row_count(&row, cache.stored);
	cs_row_count(&row, cache.expired);
	cs_row_count(&row, cache.evicted);
	cs_row_time(&row, cs_clock_calendar(cache.evicted_at));
	cs_row_count(&row, cache.largest);
	cs_row_emit(fcinfo, &row);
	return (Datum) 0;
}
