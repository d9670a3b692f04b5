/*-------------------------------------------------------------------------
 * sql_memory.c
 *	  What credscore holds in dynamic shared memory, as SQL shows it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "pg/shmem.h"

PG_FUNCTION_INFO_V1(credscore_shared_memory);

/*
 * credscore.shared_memory() returns (chunks bigint, bytes bigint)
 *
 * Questions and answers in dynamic shared memory, over all processes.
 */
Datum
credscore_shared_memory(PG_FUNCTION_ARGS)
{
	TupleDesc  columns;
	CsShmemUse use;
	Datum	   values[2];
	bool	   nulls[2] = {false};

	cs_shmem_require();
	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	use = cs_shmem_use();
	values[0] = Int64GetDatum((int64) use.chunks);
	values[1] = Int64GetDatum((int64) use.bytes);
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}
