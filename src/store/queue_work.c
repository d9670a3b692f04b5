/*-------------------------------------------------------------------------
 * queue_work.c
 *	  The queue as its worker sees it: many rows at a time, waiting for no
 *	  lock.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/queue_work.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "shared/place.h"
#include "store/columns.h"
#include "store/home.h"
#include "store/queue_spi.h"

#define COLUMNS \
	"a.id, a.server, a.kind, a.subject, a.arguments, a.status, a.provider_ref, " \
	"a.request_id, a.attempts, a.answers, a.deadline, a.requested_by, a.asked_at, a.asked_in, " \
	"CASE WHEN a.status = 'pending' THEN a.result ->> 'user_created_at_elapsed_minutes' END, a.purpose, " \
	"a.retried_from ->> 'status' = 'unknown'"

/* --- rows of a result --- */

static Datum
column(HeapTuple tuple, TupleDesc desc, int number, bool *isnull)
{
	return SPI_getbinval(tuple, desc, number, isnull);
}

static char *
text_column(HeapTuple tuple, TupleDesc desc, int number)
{
	bool  isnull;
	Datum value = column(tuple, desc, number, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static TimestampTz
time_column(HeapTuple tuple, TupleDesc desc, int number, TimestampTz otherwise)
{
	bool  isnull;
	Datum value = column(tuple, desc, number, &isnull);

	return isnull ? otherwise : DatumGetTimestampTz(value);
}

/* "3" or "3.5"; -1 for what is none, and for what is old enough. */
static int
minutes_of(const char *text)
{
	double minutes = text != NULL ? strtod(text, NULL) : -1;

	return minutes >= 0 && minutes < 60 ? (int) minutes : -1;
}

static void
copy_row(HeapTuple tuple, TupleDesc desc, CsQueueRow *row)
{
	bool  isnull;
	char *status = text_column(tuple, desc, 6);

	row->id = DatumGetInt64(column(tuple, desc, 1, &isnull));
	row->server = *DatumGetName(column(tuple, desc, 2, &isnull));
	row->kind = text_column(tuple, desc, 3);
	row->subject = text_column(tuple, desc, 4);
	row->arguments = DatumGetJsonbPCopy(column(tuple, desc, 5, &isnull));
	row->status = cs_queue_spi_status(status);
	row->provider_ref = text_column(tuple, desc, 7);
	row->request_id = *DatumGetUUIDP(column(tuple, desc, 8, &isnull));
	row->attempts = DatumGetInt32(column(tuple, desc, 9, &isnull));
	row->answers = DatumGetInt32(column(tuple, desc, 10, &isnull));
	row->deadline = time_column(tuple, desc, 11, DT_NOEND);
	row->requested_by = *DatumGetName(column(tuple, desc, 12, &isnull));
	row->asked_at = time_column(tuple, desc, 13, 0);
	row->asked_in = DatumGetInt64(column(tuple, desc, 14, &isnull));
	row->elapsed_min = minutes_of(text_column(tuple, desc, 15));
	row->purpose = text_column(tuple, desc, 16);
	row->risked = DatumGetBool(column(tuple, desc, 17, &isnull)) && !isnull;
	row->result = row->error = NULL;
}

/* Only rows of this place are worked on. */
static Datum
home(void)
{
	pg_uuid_t *digest = palloc(sizeof(*digest));

	cs_home_digest(digest);
	return UUIDPGetDatum(digest);
}

/* Runs a statement that returns rows; they are the caller's. */
static int
rows_of(CsQueueStatement *statement, Datum *values, CsQueueRow **rows)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext old;
	int			  n;

	SPI_connect();
	n = (int) cs_queue_spi_run(statement, values, NULL);
	old = MemoryContextSwitchTo(caller);
	*rows = palloc(Max(n, 1) * sizeof(CsQueueRow));
	for (int i = 0; i < n; i++)
		copy_row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &(*rows)[i]);
	MemoryContextSwitchTo(old);
	SPI_finish();
	return n;
}

/* --- arguments --- */

static Datum
ids_of(const int64 *ids, int n)
{
	static const CsColumnType *const type[] = {&cs_column_long};
	CsColumn						 column;
	Datum							 array;

	cs_columns_begin(&column, 1, n);
	for (int i = 0; i < n; i++)
		cs_columns_put(&column, Int64GetDatum(ids[i]));
	cs_columns_arrays(&column, type, 1, &array);
	return array;
}

/* --- reading and claiming --- */

int
cs_queue_work_read(int64 first, int64 last, int limit, CsQueueRow **rows)
{
	static CsQueueStatement read = {
		.text =
			"SELECT " COLUMNS " FROM credscore.assessment a "
			"WHERE a.completed_at IS NULL AND a.id BETWEEN $1 AND $2 AND a.home = $4 "
			"ORDER BY a.id LIMIT $3",
		.nargs = 4,
		.types = {INT8OID, INT8OID, INT4OID, UUIDOID}};
	Datum values[] = {Int64GetDatum(first), Int64GetDatum(last),
					  Int32GetDatum(limit), home()};

	return rows_of(&read, values, rows);
}

int
cs_queue_work_fetch(const int64 *ids, int n, CsQueueRow **rows)
{
	static CsQueueStatement fetch = {
		.text =
			"SELECT " COLUMNS " FROM credscore.assessment a "
			"WHERE a.completed_at IS NULL AND a.id = ANY ($1) AND a.home = $2",
		.nargs = 2,
		.types = {INT8ARRAYOID, UUIDOID}};
	Datum values[] = {ids_of(ids, n), home()};

	return rows_of(&fetch, values, rows);
}

int
cs_queue_work_claim(const int64 *ids, int n, CsRowStatus from,
					CsQueueRow **rows)
{
	static CsQueueStatement claim = {
		.text =
			"UPDATE credscore.assessment a "
			"SET status = 'asking', attempts = a.attempts + 1, "
			"asked_at = pg_catalog.clock_timestamp(), asked_in = $4 "
			"WHERE a.id IN (SELECT b.id FROM credscore.assessment b "
			"WHERE b.id = ANY ($1) AND b.status = $2 AND b.home = $3 FOR NO KEY UPDATE SKIP LOCKED) "
			"RETURNING " COLUMNS,
		.nargs = 4,
		.types = {INT8ARRAYOID, TEXTOID, UUIDOID, INT8OID}};
	Datum values[] = {ids_of(ids, n),
					  CStringGetTextDatum(cs_queue_status_name(from)), home(),
					  Int64GetDatum(cs_place_life())};

	return rows_of(&claim, values, rows);
}

bool
cs_queue_work_join(int64 id, int64 other)
{
	static CsQueueStatement join = {
		.text =
			"UPDATE credscore.assessment a SET status = b.status, request_id = b.request_id, "
			"provider_ref = b.provider_ref, deadline = b.deadline, result = b.result, "
			"answers = b.answers, attempts = b.attempts, asked_at = b.asked_at, asked_in = b.asked_in "
			"FROM credscore.assessment b "
			"WHERE a.id IN (SELECT c.id FROM credscore.assessment c WHERE c.id = $1 AND c.status = 'queued' "
			"AND c.home = $3 FOR NO KEY UPDATE SKIP LOCKED) "
			"AND b.id = $2 AND b.status = 'pending' AND b.home = $3",
		.nargs = 3,
		.types = {INT8OID, INT8OID, UUIDOID}};
	Datum values[] = {Int64GetDatum(id), Int64GetDatum(other), home()};
	bool  joined;

	SPI_connect();
	joined = cs_queue_spi_run(&join, values, NULL) > 0;
	SPI_finish();
	return joined;
}

/* --- writing --- */

/* The columns of changes. */
enum
{
	WRITE_ID,
	WRITE_REQUEST,
	WRITE_FROM,
	WRITE_TO,
	WRITE_ATTEMPTS,
	WRITE_REF,
	WRITE_DEADLINE,
	WRITE_RESULT,
	WRITE_ERROR,
	WRITE_CALL,
	WRITE_ANSWERS,
	WRITE_NCOLUMNS
};

static const CsColumnType *const write_types[WRITE_NCOLUMNS] = {
	&cs_column_long,  &cs_column_uuid, &cs_column_text, &cs_column_text,
	&cs_column_int,	  &cs_column_text, &cs_column_time, &cs_column_jsonb,
	&cs_column_jsonb, &cs_column_uuid, &cs_column_int};

static void
put_change(CsColumn *c, CsQueueChange *change)
{
	cs_columns_put(&c[WRITE_ID], Int64GetDatum(change->id));
	cs_columns_put(&c[WRITE_REQUEST], UUIDPGetDatum(&change->request_id));
	cs_columns_put_text(&c[WRITE_FROM], cs_queue_status_name(change->from));
	cs_columns_put_text(&c[WRITE_TO], cs_queue_status_name(change->to));
	cs_columns_put(&c[WRITE_ATTEMPTS], Int32GetDatum(change->attempts));
	cs_columns_put_text(&c[WRITE_REF], change->provider_ref);
	if (change->deadline == 0)
		cs_columns_put_null(&c[WRITE_DEADLINE]);
	else
		cs_columns_put(&c[WRITE_DEADLINE],
					   TimestampTzGetDatum(change->deadline));
	cs_columns_put_jsonb(&c[WRITE_RESULT], change->result);
	cs_columns_put_jsonb(&c[WRITE_ERROR], change->error);
	cs_columns_put(&c[WRITE_CALL], UUIDPGetDatum(&change->call_id));
	cs_columns_put(&c[WRITE_ANSWERS], Int32GetDatum(change->answers));
}

static CsQueueChange *
change_of(CsQueueChange *changes, int n, int64 id)
{
	for (int i = 0; i < n; i++)
		if (changes[i].id == id)
			return &changes[i];
	return NULL;
}

void
cs_queue_work_write(CsQueueChange *changes, int n)
{
	static CsQueueStatement write = {
		.text =
			"UPDATE credscore.assessment a SET status = w.status, request_id = w.call_id, "
			"attempts = a.attempts + w.attempts, answers = a.answers + w.answers, "
			"provider_ref = COALESCE(w.provider_ref, a.provider_ref), "
			"deadline = COALESCE(w.deadline, a.deadline), "
			"result = COALESCE(w.result, a.result), error = COALESCE(w.error, a.error), "
			"completed_at = CASE WHEN w.status NOT IN ('queued', 'asking', 'pending') "
			"THEN pg_catalog.clock_timestamp() END "
			"FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
			"AS w (id, request_id, was, status, attempts, provider_ref, deadline, result, error, call_id, answers) "
			"WHERE a.id = w.id AND a.request_id = w.request_id AND a.status = w.was "
			"AND a.id IN (SELECT b.id FROM credscore.assessment b WHERE b.id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED) "
			"RETURNING a.id",
		.nargs = WRITE_NCOLUMNS,
		.types = {INT8ARRAYOID, UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
				  INT4ARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
				  JSONBARRAYOID, JSONBARRAYOID, UUIDARRAYOID, INT4ARRAYOID}};
	CsColumn columns[WRITE_NCOLUMNS];
	Datum	 values[WRITE_NCOLUMNS];
	bool	 isnull;

	if (n == 0)
		return;
	cs_columns_begin(columns, WRITE_NCOLUMNS, n);
	for (int i = 0; i < n; i++)
	{
		changes[i].done = false;
		put_change(columns, &changes[i]);
	}
	cs_columns_arrays(columns, write_types, WRITE_NCOLUMNS, values);
	SPI_connect();
	for (uint64 i = cs_queue_spi_run(&write, values, NULL); i > 0; i--)
		change_of(
			changes, n,
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i - 1],
										SPI_tuptable->tupdesc, 1, &isnull)))
			->done = true;
	SPI_finish();
}

void
cs_queue_work_fail(int64 id, Jsonb *error)
{
	static CsQueueStatement fail = {
		.text =
			"UPDATE credscore.assessment SET status = 'failed', error = $2, completed_at = pg_catalog.clock_timestamp() "
			"WHERE id = $1 AND completed_at IS NULL",
		.nargs = 2,
		.types = {INT8OID, JSONBOID}};
	Datum values[] = {Int64GetDatum(id), JsonbPGetDatum(error)};

	SPI_connect();
	(void) cs_queue_spi_run(&fail, values, NULL);
	SPI_finish();
}

int
cs_queue_work_blocker(void)
{
	static CsQueueStatement look = {
		.text =
			"SELECT l.pid FROM pg_catalog.pg_locks l "
			"JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
			"WHERE l.granted AND l.pid <> pg_catalog.pg_backend_pid() "
			"AND l.relation = pg_catalog.to_regclass('credscore.assessment') "
			"AND l.mode <> 'AccessShareLock' "
			"AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) "
			"ORDER BY a.xact_start LIMIT 1",
		.nargs = 0};
	int	 pid = 0;
	bool isnull;

	SPI_connect();
	if (cs_queue_spi_run(&look, NULL, NULL) > 0)
		pid = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return pid;
}

void
cs_queue_work_notify(int64 id)
{
	Async_Notify("credscore_done", psprintf(INT64_FORMAT, id));
}
