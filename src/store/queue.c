/*-------------------------------------------------------------------------
 * queue.c
 *	  The queue of requests whose answer comes later: the session's side.
 *
 * Statements go through SPI, prepared once per process.  The owner's rights hold
 * only while one runs; an error ends them with the transaction.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/queue.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "pg/guc.h"
#include "store/home.h"
#include "store/queue_spi.h"

#define QUEUE_SCHEMA "credscore"
#define QUEUE_TABLE	 "assessment"

/* The columns. */
enum
{
	ROW_ID = 1,
	ROW_SERVER,
	ROW_KIND,
	ROW_SUBJECT,
	ROW_ARGUMENTS,
	ROW_STATUS,
	ROW_PROVIDER_REF,
	ROW_REQUEST_ID,
	ROW_HOME,
	ROW_ATTEMPTS,
	ROW_ANSWERS,
	ROW_DEADLINE,
	ROW_REQUESTED_BY,
	ROW_PURPOSE,
	ROW_REQUESTED_AT,
	ROW_ASKED_AT,
	ROW_ASKED_IN,
	ROW_COMPLETED_AT,
	ROW_RESULT,
	ROW_ERROR
};

static const char *const status_names[] = {"queued",	"asking", "pending",
										   "done",		"failed", "expired",
										   "cancelled", "unknown"};

const char *
cs_queue_status_name(CsRowStatus status)
{
	return status_names[status];
}

CsRowStatus
cs_queue_spi_status(const char *name)
{
	for (size_t i = 0; i < lengthof(status_names); i++)
		if (strcmp(status_names[i], name) == 0)
			return (CsRowStatus) i;
	elog(ERROR, "unknown status of a request");
}

/* InvalidOid: there is no such table. */
static Oid
queue_table(void)
{
	Oid schema = get_namespace_oid(QUEUE_SCHEMA, true);

	return OidIsValid(schema) ? get_relname_relid(QUEUE_TABLE, schema)
							  : InvalidOid;
}

bool
cs_queue_exists(void)
{
	return OidIsValid(queue_table());
}

/* --- statements --- */

static Oid
owner_of(Oid table)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid		  owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table credscore.assessment does not exist")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * A plan keeps the search path that it was made with: that of a user might hold
 * operators of theirs, which would run with the owner's rights.
 */
static void
prepare(CsQueueStatement *statement)
{
	int		   level = NewGUCNestLevel();
	SPIPlanPtr plan;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	plan = SPI_prepare(statement->text, statement->nargs, statement->types);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare a statement of the queue");
	statement->plan = plan;
	AtEOXact_GUC(true, level);
}

uint64
cs_queue_spi_run(CsQueueStatement *statement, Datum *values, const char *nulls)
{
	Oid role;
	int security;
	int rc;

	GetUserIdAndSecContext(&role, &security);
	SetUserIdAndSecContext(owner_of(queue_table()),
						   security | SECURITY_LOCAL_USERID_CHANGE);
	if (statement->plan == NULL)
		prepare(statement);
	rc = SPI_execute_plan(statement->plan, values, nulls, false, 0);
	SetUserIdAndSecContext(role, security);
	if (rc < 0)
		elog(ERROR, "a statement of the queue failed: %s",
			 SPI_result_code_string(rc));
	return SPI_processed;
}

/* The one number that a statement returned. */
static int64
returned_number(void)
{
	bool isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, 1, &isnull));
}

bool
cs_queue_is_prepared(const char *gid)
{
	static CsQueueStatement look = {
		.text = "SELECT 1 FROM pg_catalog.pg_prepared_xacts "
				"WHERE gid = $1 AND database = pg_catalog.current_database()",
		.nargs = 1,
		.types = {TEXTOID}};
	Datum values[] = {CStringGetTextDatum(gid)};
	bool  found;

	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	found = cs_queue_spi_run(&look, values, NULL) > 0;
	SPI_finish();
	PopActiveSnapshot();
	return found;
}

int64
cs_queue_insert(const CsQueueRow *row)
{
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.assessment (server, kind, subject, arguments, requested_by, home, purpose) "
			"VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
		.nargs = 7,
		.types = {NAMEOID, TEXTOID, TEXTOID, JSONBOID, NAMEOID, UUIDOID,
				  TEXTOID}};
	const char *purpose = cs_guc_purpose();
	char	   *role = GetUserNameFromId(GetUserId(), false);
	pg_uuid_t	home;
	Datum		values[] = {NameGetDatum(&row->server),
							CStringGetTextDatum(row->kind),
							CStringGetTextDatum(row->subject),
							JsonbPGetDatum(row->arguments),
							DirectFunctionCall1(namein, CStringGetDatum(role)),
							UUIDPGetDatum(&home),
							(Datum) 0};
	int64		id;

	cs_home_digest(&home);
	if (purpose != NULL)
		values[6] = CStringGetTextDatum(purpose);
	SPI_connect();
	cs_queue_spi_run(&insert, values, purpose != NULL ? NULL : "      n");
	id = returned_number();
	SPI_finish();
	return id;
}

/* --- one row --- */

static Datum
column(HeapTuple tuple, TupleDesc desc, int number, bool *isnull)
{
	return heap_getattr(tuple, number, desc, isnull);
}

static char *
text_column(HeapTuple tuple, TupleDesc desc, int number)
{
	bool  isnull;
	Datum value = column(tuple, desc, number, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static Jsonb *
jsonb_column(HeapTuple tuple, TupleDesc desc, int number)
{
	bool  isnull;
	Datum value = column(tuple, desc, number, &isnull);

	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

static TimestampTz
time_column(HeapTuple tuple, TupleDesc desc, int number, TimestampTz otherwise)
{
	bool  isnull;
	Datum value = column(tuple, desc, number, &isnull);

	return isnull ? otherwise : DatumGetTimestampTz(value);
}

static void
copy_row(HeapTuple tuple, TupleDesc desc, CsQueueRow *row)
{
	bool isnull;

	row->id = DatumGetInt64(column(tuple, desc, ROW_ID, &isnull));
	row->server = *DatumGetName(column(tuple, desc, ROW_SERVER, &isnull));
	row->kind = text_column(tuple, desc, ROW_KIND);
	row->subject = text_column(tuple, desc, ROW_SUBJECT);
	row->arguments = jsonb_column(tuple, desc, ROW_ARGUMENTS);
	row->status = cs_queue_spi_status(text_column(tuple, desc, ROW_STATUS));
	row->provider_ref = text_column(tuple, desc, ROW_PROVIDER_REF);
	row->request_id =
		*DatumGetUUIDP(column(tuple, desc, ROW_REQUEST_ID, &isnull));
	row->home = *DatumGetUUIDP(column(tuple, desc, ROW_HOME, &isnull));
	row->attempts = DatumGetInt32(column(tuple, desc, ROW_ATTEMPTS, &isnull));
	row->answers = DatumGetInt32(column(tuple, desc, ROW_ANSWERS, &isnull));
	row->deadline = time_column(tuple, desc, ROW_DEADLINE, DT_NOEND);
	row->requested_by =
		*DatumGetName(column(tuple, desc, ROW_REQUESTED_BY, &isnull));
	row->purpose = text_column(tuple, desc, ROW_PURPOSE);
	row->asked_at = time_column(tuple, desc, ROW_ASKED_AT, 0);
	row->asked_in = DatumGetInt64(column(tuple, desc, ROW_ASKED_IN, &isnull));
	row->result = jsonb_column(tuple, desc, ROW_RESULT);
	row->error = jsonb_column(tuple, desc, ROW_ERROR);
}

static bool
fetch_row(Relation table, int64 id, Snapshot snapshot, CsQueueRow *row,
		  bool *own)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found;

	ScanKeyInit(&key, ROW_ID, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(id));
	scan = systable_beginscan(table, RelationGetPrimaryKeyIndex(table), true,
							  snapshot, 1, &key);
	tuple = systable_getnext(scan);
	found = HeapTupleIsValid(tuple);
	if (found)
	{
		copy_row(tuple, RelationGetDescr(table), row);
		*own = TransactionIdIsCurrentTransactionId(
			HeapTupleHeaderGetXmin(tuple->t_data));
	}
	systable_endscan(scan);
	return found;
}

bool
cs_queue_look(int64 id, CsQueueRow *row, bool *own)
{
	Oid		 oid = queue_table();
	Relation table =
		OidIsValid(oid) ? try_table_open(oid, AccessShareLock) : NULL;
	Snapshot snapshot;
	bool	 found;

	*own = false;
	if (table == NULL)
		return false;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	found = fetch_row(table, id, snapshot, row, own);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
	return found;
}

/* --- changing one --- */

/* $1 is the row, $2 the role, $3 this place, $4 the purpose of now, or NULL. */
static bool
change_own(CsQueueStatement *statement, int64 id)
{
	char	   *role = GetUserNameFromId(GetUserId(), false);
	const char *purpose = cs_guc_purpose();
	pg_uuid_t	home;
	Datum		values[] = {Int64GetDatum(id),
							DirectFunctionCall1(namein, CStringGetDatum(role)),
							UUIDPGetDatum(&home), (Datum) 0};
	uint64		changed;

	cs_home_digest(&home);
	if (purpose != NULL)
		values[3] = CStringGetTextDatum(purpose);
	SPI_connect();
	changed =
		cs_queue_spi_run(statement, values, purpose != NULL ? NULL : "   n");
	SPI_finish();
	return changed > 0;
}

CsCancelled
cs_queue_cancel(int64 id)
{
	static CsQueueStatement unsent = {
		.text =
			/*
			 * Of which a call has left, though in vain, is not said that none
			 * did.  One that was put back is again what it was before.
			 */
		"UPDATE credscore.assessment SET "
		"status = CASE WHEN attempts > 0 THEN 'failed' ELSE COALESCE(retried_from ->> 'status', 'cancelled') END, "
		"error = CASE WHEN attempts > 0 THEN pg_catalog.jsonb_build_object('error', pg_catalog.jsonb_build_object("
		"'sqlstate', 'CS410', 'message', 'the request was cancelled; calls for it had been refused', "
		"'server', server, 'billed', 'no', 'retryable', true, 'attempts', attempts)) "
		"ELSE NULLIF(retried_from -> 'error', 'null') END, "
		"result = CASE WHEN attempts = 0 THEN NULLIF(retried_from -> 'result', 'null') END, "
		"request_id = CASE WHEN attempts = 0 AND retried_from IS NOT NULL "
		"THEN (retried_from ->> 'request_id')::uuid ELSE request_id END, "
		"provider_ref = CASE WHEN attempts = 0 THEN retried_from ->> 'provider_ref' END, "
		"asked_at = CASE WHEN attempts = 0 THEN (retried_from ->> 'asked_at')::timestamptz ELSE asked_at END, "
		"answers = CASE WHEN attempts = 0 THEN COALESCE((retried_from ->> 'answers')::int, 0) ELSE answers END, "
		"attempts = CASE WHEN attempts = 0 THEN COALESCE((retried_from ->> 'attempts')::int, 0) ELSE attempts END, "
		"purpose = CASE WHEN attempts = 0 AND retried_from IS NOT NULL THEN retried_from ->> 'purpose' ELSE purpose END, "
		"retried_from = CASE WHEN attempts = 0 THEN NULLIF(retried_from -> 'retried_from', 'null') ELSE retried_from END, "
		"completed_at = pg_catalog.now() "
		"WHERE id = $1 AND requested_by = $2 AND status = 'queued'",
		.nargs = 2,
		.types = {INT8OID, NAMEOID}};
	static CsQueueStatement pending = {
		.text =
			"UPDATE credscore.assessment SET status = 'expired', completed_at = pg_catalog.now() "
			"WHERE id = $1 AND requested_by = $2 AND status = 'pending'",
		.nargs = 2,
		.types = {INT8OID, NAMEOID}};

	if (change_own(&unsent, id))
		return CS_CANCEL_UNSENT;
	return change_own(&pending, id) ? CS_CANCEL_PENDING : CS_CANCEL_NO;
}

/* It is asked here from now on, wherever it was made. */
bool
cs_queue_retry(int64 id)
{
	static CsQueueStatement retry = {
		.text =
			"UPDATE credscore.assessment SET status = 'queued', request_id = pg_catalog.gen_random_uuid(), home = $3, "
			"provider_ref = NULL, attempts = 0, answers = 0, deadline = NULL, asked_at = NULL, asked_in = NULL, "
			"completed_at = NULL, result = NULL, error = NULL, purpose = COALESCE(purpose, $4), "
			"retried_from = pg_catalog.jsonb_build_object('status', status, 'request_id', request_id, "
			"'provider_ref', provider_ref, 'attempts', attempts, 'answers', answers, 'asked_at', asked_at, "
			"'result', result, 'error', error, 'purpose', purpose, 'retried_from', retried_from) "
			"WHERE id = $1 AND requested_by = $2 AND status IN ('failed', 'expired', 'unknown') AND subject <> ''",
		.nargs = 4,
		.types = {INT8OID, NAMEOID, UUIDOID, TEXTOID}};

	return change_own(&retry, id);
}

/* --- forgetting --- */

/* Those of another place are nobody's here, and are forgotten all the same. */
static void
find_open(Datum forms, int64 **open, int *nopen)
{
	static CsQueueStatement look = {
		.text =
			"SELECT id FROM credscore.assessment WHERE subject = ANY ($1) AND completed_at IS NULL",
		.nargs = 1,
		.types = {TEXTARRAYOID}};
	MemoryContext caller = CurrentMemoryContext;
	bool		  isnull;

	SPI_connect();
	*nopen = (int) cs_queue_spi_run(&look, &forms, NULL);
	*open = MemoryContextAlloc(caller, Max(*nopen, 1) * sizeof(int64));
	for (int i = 0; i < *nopen; i++)
		(*open)[i] = DatumGetInt64(SPI_getbinval(
			SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
}

uint64
cs_queue_forget(Datum forms, int64 **open, int *nopen)
{
	static CsQueueStatement forget = {
		.text =
			"UPDATE credscore.assessment SET subject = '', arguments = '{}', "
			"provider_ref = NULL, result = NULL, retried_from = NULL, "
			"status = CASE status WHEN 'queued' THEN 'cancelled' WHEN 'asking' THEN 'unknown' "
			"WHEN 'pending' THEN 'expired' WHEN 'done' THEN 'expired' ELSE status END, "
			"completed_at = COALESCE(completed_at, pg_catalog.now()), "
			"error = pg_catalog.jsonb_build_object('error', pg_catalog.jsonb_build_object("
			"'sqlstate', 'CS410', 'message', 'the person was forgotten', 'server', server, "
			"'retryable', false, 'attempts', attempts)) "
			"WHERE subject = ANY ($1)",
		.nargs = 1,
		.types = {TEXTARRAYOID}};
	uint64 forgotten;

	find_open(forms, open, nopen);
	SPI_connect();
	forgotten = cs_queue_spi_run(&forget, &forms, NULL);
	SPI_finish();
	return forgotten;
}
