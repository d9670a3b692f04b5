/*-------------------------------------------------------------------------
 * call_log.c
 *	  The tables of the ledger, as the worker fills them from the journal.
 *
 * Rows go in many at a time, as arrays.  What is the same for many calls, who asked
 * whom with what, is a row of call_context, known by a digest of itself, so that
 * writing it needs no look first.  The month that a row belongs to is made when it
 * is not there.
 *
 * PostgreSQL takes many arrays at once in unnest() without a schema only; the
 * worker's search_path has no other.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/call_log.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "store/columns.h"
#include "store/month.h"
#include "store/queue_spi.h"

bool
cs_call_log_exists(void)
{
	Oid schema = get_namespace_oid("credscore", true);

	return OidIsValid(schema) &&
		   OidIsValid(get_relname_relid("journal_position", schema));
}

/* --- contexts --- */

static bool
same_context(const CsCallRow *a, const CsCallRow *b)
{
	for (int i = 0; i < CS_NOTE_PURPOSE; i++)
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	return true;
}

static int64
context_id(const CsCallRow *row)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	uint8			   digest[PG_SHA256_DIGEST_LENGTH];
	int64			   id;
	bool			   failed = ctx == NULL || pg_cryptohash_init(ctx) < 0;

	for (int i = 0; i < CS_NOTE_PURPOSE && !failed; i++)
		failed = pg_cryptohash_update(ctx, (const uint8 *) row->texts[i],
									  strlen(row->texts[i]) + 1) < 0;
	if (failed || pg_cryptohash_final(ctx, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not make the digest of a context");
	pg_cryptohash_free(ctx);
	memcpy(&id, digest, sizeof(id));
	return id;
}

static void
insert_context(const CsCallRow *row, int64 id)
{
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.call_context (id, role, session_role, application, server, "
			"provider, endpoint, host, account, timezone, price, currency) "
			"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::pg_catalog.numeric, $12) "
			"ON CONFLICT DO NOTHING",
		.nargs = 12,
		.types = {INT8OID, NAMEOID, NAMEOID, TEXTOID, NAMEOID, TEXTOID,
				  TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}};
	Datum values[12];
	char  nulls[13] = "            ";

	values[0] = Int64GetDatum(id);
	for (int i = 0; i < CS_NOTE_PURPOSE; i++)
	{
		const char *text = row->texts[i];
		bool		is_name = insert.types[i + 1] == NAMEOID;

		values[i + 1] =
			is_name ? DirectFunctionCall1(namein, CStringGetDatum(text))
					: CStringGetTextDatum(text);
		if (text[0] == '\0' && (i == CS_NOTE_PRICE || i == CS_NOTE_CURRENCY))
			nulls[i + 1] = 'n';
	}
	cs_queue_spi_run(&insert, values, nulls);
}

/* --- calls --- */

static const char *
outcome_name(uint8 outcome)
{
	static const char *const names[] = {"answered", "refused", "failed",
										"unknown"};

	return names[Min(outcome, lengthof(names) - 1)];
}

static const char *
source_name(uint8 source)
{
	static const char *const names[] = {"call", "shared", "memory", "kept"};

	return names[Min(source, lengthof(names) - 1)];
}

/* In the order of the statement. */
enum
{
	CALL_AT,
	CALL_CONTEXT,
	CALL_REQUEST,
	CALL_ATTEMPT,
	CALL_PURPOSE,
	CALL_QUERY,
	CALL_QUESTION,
	CALL_SUBJECT,
	CALL_MASKED,
	CALL_SOURCE,
	CALL_STATUS,
	CALL_SQLSTATE,
	CALL_OUTCOME,
	CALL_BILLED,
	CALL_DURATION,
	CALL_BYTES,
	CALL_COST,
	CALL_ZONE,
	CALL_NCOLUMNS
};

static const CsColumnType *const call_types[CALL_NCOLUMNS] = {
	&cs_column_time, &cs_column_long, &cs_column_uuid,	&cs_column_short,
	&cs_column_text, &cs_column_long, &cs_column_uuid,	&cs_column_uuid,
	&cs_column_text, &cs_column_text, &cs_column_short, &cs_column_text,
	&cs_column_text, &cs_column_text, &cs_column_int,	&cs_column_int,
	&cs_column_text, &cs_column_text};

static void
put_call(CsColumn *c, const CsCallRow *row, int64 context)
{
	const CsCallRecord *call = &row->call;
	CsCallRecord	   *kept = unconstify(CsCallRecord *, call);

	cs_columns_put(&c[CALL_AT], TimestampTzGetDatum(call->called_at));
	cs_columns_put(&c[CALL_CONTEXT], Int64GetDatum(context));
	cs_columns_put(&c[CALL_REQUEST], UUIDPGetDatum(&kept->request_id));
	cs_columns_put(&c[CALL_ATTEMPT], Int16GetDatum(call->attempt));
	cs_columns_put_text(&c[CALL_PURPOSE], row->texts[CS_NOTE_PURPOSE]);
	if (row->note->query_id == 0)
		cs_columns_put_null(&c[CALL_QUERY]);
	else
		cs_columns_put(&c[CALL_QUERY], Int64GetDatum(row->note->query_id));
	cs_columns_put(&c[CALL_QUESTION], cs_columns_key(&row->note->question));
	cs_columns_put(&c[CALL_SUBJECT], cs_columns_key(&row->note->subject));
	cs_columns_put(&c[CALL_MASKED],
				   CStringGetTextDatum(row->texts[CS_NOTE_MASKED]));
	cs_columns_put_text(&c[CALL_SOURCE], source_name(call->source));
	if (call->http_status == 0)
		cs_columns_put_null(&c[CALL_STATUS]);
	else
		cs_columns_put(&c[CALL_STATUS], Int16GetDatum(call->http_status));
	cs_columns_put_text(&c[CALL_SQLSTATE], call->sqlstate);
	cs_columns_put_text(&c[CALL_OUTCOME], outcome_name(call->outcome));
	cs_columns_put_text(&c[CALL_BILLED], row->billed);
	cs_columns_put(&c[CALL_DURATION], Int32GetDatum(call->duration_us));
	cs_columns_put(&c[CALL_BYTES], Int32GetDatum(call->bytes));
	cs_columns_put_text(&c[CALL_COST],
						row->costs ? row->texts[CS_NOTE_PRICE] : NULL);
	cs_columns_put_text(&c[CALL_ZONE], row->texts[CS_NOTE_TIMEZONE]);
}

static void
insert_calls(const CsColumn *columns)
{
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.call_log (called_at, context, request_id, attempt, purpose, "
			"query_id, question, subject, masked, source, http_status, sqlstate, outcome, billed, "
			"duration_us, bytes, cost, day) "
			"SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, "
			"q::pg_catalog.numeric, pg_catalog.timezone(r, a)::pg_catalog.date "
			"FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) "
			"u(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)",
		.nargs = CALL_NCOLUMNS,
		.types = {TIMESTAMPTZARRAYOID, INT8ARRAYOID, UUIDARRAYOID,
				  INT2ARRAYOID, TEXTARRAYOID, INT8ARRAYOID, UUIDARRAYOID,
				  UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT2ARRAYOID,
				  TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID,
				  INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID}};
	Datum values[CALL_NCOLUMNS];

	cs_columns_arrays(columns, call_types, CALL_NCOLUMNS, values);
	cs_queue_spi_run(&insert, values, NULL);
}

void
cs_call_log_insert(const CsCallRow *rows, int n)
{
	CsColumn columns[CALL_NCOLUMNS];
	DateADT	 month = DATEVAL_NOBEGIN;
	int64	 context = 0;

	if (n == 0)
		return;
	cs_columns_begin(columns, CALL_NCOLUMNS, n);
	SPI_connect();
	for (int i = 0; i < n; i++)
	{
		cs_month_make("call_log", rows[i].call.called_at, &month);
		if (i == 0 || !same_context(&rows[i], &rows[i - 1]))
		{
			context = context_id(&rows[i]);
			insert_context(&rows[i], context);
		}
		put_call(columns, &rows[i], context);
	}
	insert_calls(columns);
	SPI_finish();
}

/* --- answers --- */

enum
{
	ANSWER_AT,
	ANSWER_REQUEST,
	ANSWER_DIGEST,
	ANSWER_REF,
	ANSWER_NCOLUMNS
};

static const CsColumnType *const answer_types[ANSWER_NCOLUMNS] = {
	&cs_column_time, &cs_column_uuid, &cs_column_bytea, &cs_column_text};

static Datum
digest_datum(const CsReadRecord *read)
{
	bytea *bytes = palloc(VARHDRSZ + CS_ANSWER_DIGEST_SIZE);

	SET_VARSIZE(bytes, VARHDRSZ + CS_ANSWER_DIGEST_SIZE);
	memcpy(VARDATA(bytes), read->digest, CS_ANSWER_DIGEST_SIZE);
	return PointerGetDatum(bytes);
}

void
cs_call_log_insert_answers(const CsAnswerRow *rows, int n)
{
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.call_answer (read_at, request_id, answer, provider_ref) "
			"SELECT a, b, c, d FROM unnest($1, $2, $3, $4) u(a, b, c, d)",
		.nargs = ANSWER_NCOLUMNS,
		.types = {TIMESTAMPTZARRAYOID, UUIDARRAYOID, BYTEAARRAYOID,
				  TEXTARRAYOID}};
	CsColumn columns[ANSWER_NCOLUMNS];
	Datum	 values[ANSWER_NCOLUMNS];
	DateADT	 month = DATEVAL_NOBEGIN;

	if (n == 0)
		return;
	cs_columns_begin(columns, ANSWER_NCOLUMNS, n);
	SPI_connect();
	for (int i = 0; i < n; i++)
	{
		CsReadRecord *read = unconstify(CsReadRecord *, &rows[i].read);

		cs_month_make("call_answer", read->read_at, &month);
		cs_columns_put(&columns[ANSWER_AT],
					   TimestampTzGetDatum(read->read_at));
		cs_columns_put(&columns[ANSWER_REQUEST],
					   UUIDPGetDatum(&read->request_id));
		cs_columns_put(&columns[ANSWER_DIGEST], digest_datum(read));
		cs_columns_put_text(&columns[ANSWER_REF], rows[i].provider_ref);
	}
	cs_columns_arrays(columns, answer_types, ANSWER_NCOLUMNS, values);
	cs_queue_spi_run(&insert, values, NULL);
	SPI_finish();
}

/* --- answers that were served again --- */

static void
insert_reuse(const CsReuseRow *row, int64 context)
{
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.call_reuse (day, context, reused) "
			"VALUES (pg_catalog.timezone($1, $2)::pg_catalog.date, $3, $4)",
		.nargs = 4,
		.types = {TEXTOID, TIMESTAMPTZOID, INT8OID, INT8OID}};
	Datum values[] = {
		CStringGetTextDatum(row->context.texts[CS_NOTE_TIMEZONE]),
		TimestampTzGetDatum(row->reused.at), Int64GetDatum(context),
		Int64GetDatum(row->reused.count)};

	cs_queue_spi_run(&insert, values, NULL);
}

/* Months are those of the day, which the time zone may put into the one beside. */
void
cs_call_log_insert_reuses(const CsReuseRow *rows, int n)
{
	DateADT month = DATEVAL_NOBEGIN;

	if (n == 0)
		return;
	SPI_connect();
	for (int i = 0; i < n; i++)
	{
		int64 context = context_id(&rows[i].context);

		cs_month_make("call_reuse", rows[i].reused.at - USECS_PER_DAY, &month);
		cs_month_make("call_reuse", rows[i].reused.at + USECS_PER_DAY, &month);
		insert_context(&rows[i].context, context);
		insert_reuse(&rows[i], context);
	}
	SPI_finish();
}

/* --- old months --- */

void
cs_call_log_drop_old(void)
{
	static CsQueueStatement drop = {
		.text = "SELECT pg_catalog.count(*) FROM credscore.drop_old_ledger()",
		.nargs = 0};

	SPI_connect();
	cs_queue_spi_run(&drop, NULL, NULL);
	SPI_finish();
}

/* --- the position --- */

static void
copy_position(HeapTuple row, TupleDesc desc, CsLoadedPosition *p)
{
	bool   isnull;
	bytea *id = DatumGetByteaPP(SPI_getbinval(row, desc, 1, &isnull));
	uint64 segment =
		(uint64) DatumGetInt64(SPI_getbinval(row, desc, 2, &isnull));

	memset(p, 0, sizeof(*p));
	memcpy(p->id, VARDATA_ANY(id),
		   Min(VARSIZE_ANY_EXHDR(id), CS_JOURNAL_ID_SIZE));
	p->position = cs_journal_file_start(segment) +
				  (uint64) DatumGetInt64(SPI_getbinval(row, desc, 3, &isnull));
}

int
cs_call_log_positions(CsLoadedPosition **positions)
{
	static CsQueueStatement look = {
		.text =
			"SELECT life, segment, \"offset\" FROM credscore.journal_position",
		.nargs = 0};
	MemoryContext caller = CurrentMemoryContext;
	int			  n;

	SPI_connect();
	n = (int) cs_queue_spi_run(&look, NULL, NULL);
	*positions =
		MemoryContextAlloc(caller, Max(n, 1) * sizeof(CsLoadedPosition));
	for (int i = 0; i < n; i++)
		copy_position(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
					  &(*positions)[i]);
	SPI_finish();
	return n;
}

void
cs_call_log_set_position(const CsLoadedPosition *p)
{
	static CsQueueStatement update = {
		.text =
			"UPDATE credscore.journal_position SET life = $1, segment = $2, \"offset\" = $3",
		.nargs = 3,
		.types = {BYTEAOID, INT8OID, INT8OID}};
	static CsQueueStatement insert = {
		.text = "INSERT INTO credscore.journal_position VALUES ($1, $2, $3)",
		.nargs = 3,
		.types = {BYTEAOID, INT8OID, INT8OID}};
	uint64 segment = cs_journal_file_of(p->position);
	bytea *id = palloc(VARHDRSZ + CS_JOURNAL_ID_SIZE);
	Datum  values[3];

	SET_VARSIZE(id, VARHDRSZ + CS_JOURNAL_ID_SIZE);
	memcpy(VARDATA(id), p->id, CS_JOURNAL_ID_SIZE);
	values[0] = PointerGetDatum(id);
	values[1] = Int64GetDatum((int64) segment);
	values[2] =
		Int64GetDatum((int64) (p->position - cs_journal_file_start(segment)));
	SPI_connect();
	if (cs_queue_spi_run(&update, values, NULL) == 0)
		cs_queue_spi_run(&insert, values, NULL);
	SPI_finish();
}
