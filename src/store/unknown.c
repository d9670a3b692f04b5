/*-------------------------------------------------------------------------
 * unknown.c
 *	  Calls of which nobody knows what came of them, as sessions look for them.
 *
 * Others whose bill is not known have a reply: those it would be no use to ask again,
 * or nothing stands in the way of it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/unknown.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/quick_lock.h"
#include "store/partition.h"

/* Columns of call_log, and of call_correction. */
enum
{
	CALL_AT = 1,
	CALL_REQUEST = 4,
	CALL_ATTEMPT = 5,
	CALL_QUESTION = 8,
	CALL_SOURCE = 11,
	CALL_SQLSTATE = 13,
	CALL_BILLED = 15
};

enum
{
	CORRECTION_REQUEST = 3,
	CORRECTION_ATTEMPT = 4
};

static CsPartitions months = {.parent = "call_log", .key = CALL_QUESTION};
static CsPartitions by_request = {.parent = "call_log", .key = CALL_REQUEST};

/* What is looked for, and what was found by now. */
typedef struct Looking
{
	TimestampTz	   since;
	CsUnknownCall *found;
	bool		   any;
} Looking;

static bool
says(HeapTuple tuple, TupleDesc desc, AttrNumber column, const char *expected)
{
	bool  isnull;
	Datum value = heap_getattr(tuple, column, desc, &isnull);

	return !isnull && strcmp(TextDatumGetCString(value), expected) == 0;
}

static bool
is_unknown(HeapTuple tuple, TupleDesc desc)
{
	return says(tuple, desc, CALL_BILLED, "unknown") &&
		   says(tuple, desc, CALL_SOURCE, "call") &&
		   says(tuple, desc, CALL_SQLSTATE, CS_UNKNOWN_SQLSTATE);
}

static bool
take(HeapTuple tuple, TupleDesc desc, bool ordered, void *argument)
{
	Looking		 *looking = argument;
	CsUnknownCall call;

	call.called_at =
		DatumGetTimestampTz(cs_partition_column(tuple, desc, CALL_AT));
	if (call.called_at < looking->since ||
		(looking->any && call.called_at <= looking->found->called_at) ||
		!is_unknown(tuple, desc))
		return false;
	call.request_id =
		*DatumGetUUIDP(cs_partition_column(tuple, desc, CALL_REQUEST));
	call.attempt =
		DatumGetInt16(cs_partition_column(tuple, desc, CALL_ATTEMPT));
	if (cs_unknown_is_resolved(&call))
		return false;
	*looking->found = call;
	looking->any = true;
	return false;
}

bool
cs_unknown_find(const CsKey *question, TimestampTz since, CsUnknownCall *found)
{
	Looking			  looking = {since, found, false};
	CsPartitionSearch search = {question, since};

	cs_partition_scan(&months, &search, take, &looking);
	return looking.any;
}

/* --- is it known? --- */

/* A call by its id. */
typedef struct Call
{
	int16 attempt;
	bool  found;
} Call;

static bool
take_end(HeapTuple tuple, TupleDesc desc, bool ordered, void *argument)
{
	Call *call = argument;

	if (DatumGetInt16(cs_partition_column(tuple, desc, CALL_ATTEMPT)) ==
			call->attempt &&
		says(tuple, desc, CALL_SOURCE, "call"))
		call->found = true;
	return call->found;
}

bool
cs_unknown_has_end(const CsUnknownCall *call)
{
	Call			  wanted = {call->attempt, false};
	CsKey			  request;
	CsPartitionSearch search = {&request, call->called_at - USECS_PER_DAY};

	memcpy(request.bytes, call->request_id.data, sizeof(request.bytes));
	cs_partition_scan(&by_request, &search, take_end, &wanted);
	return wanted.found;
}

/* Is there a row about this call? */
static bool
has_row(Relation table, const CsUnknownCall *call)
{
	Oid index =
		cs_partition_index(table, CORRECTION_REQUEST, InvalidAttrNumber);
	pg_uuid_t	request = call->request_id;
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&keys[0], CORRECTION_REQUEST, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(&request));
	ScanKeyInit(&keys[1], CORRECTION_ATTEMPT, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(call->attempt));
	scan = systable_beginscan(table, index, OidIsValid(index), SnapshotSelf, 2,
							  keys);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return found;
}

bool
cs_unknown_is_resolved(const CsUnknownCall *call)
{
	Oid schema = get_namespace_oid("credscore", true);
	Oid oid = OidIsValid(schema) ? get_relname_relid("call_correction", schema)
								 : InvalidOid;
	Relation table = OidIsValid(oid) ? cs_quick_lock_table(oid) : NULL;
	bool	 resolved;

	if (table == NULL)
		return false;
	resolved = has_row(table, call);
	table_close(table, AccessShareLock);
	return resolved;
}
