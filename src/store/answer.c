/*-------------------------------------------------------------------------
 * answer.c
 *	  The table of kept answers.
 *
 * Its partitions are months of expiry, so that what has expired goes by dropping
 * them.  A session looks into those that have not ended, see store/partition.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/answer.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "store/columns.h"
#include "store/month.h"
#include "store/partition.h"
#include "store/queue_spi.h"

#define ANSWER_TABLE "answer"

/* The columns. */
enum
{
	ANSWER_QUESTION = 1,
	ANSWER_SUBJECT,
	ANSWER_SERVER,
	ANSWER_ENDPOINT,
	ANSWER_REQUEST_ID,
	ANSWER_ANSWERED_AT,
	ANSWER_EXPIRES_AT,
	ANSWER_BODY,
	ANSWER_NCOLUMNS = ANSWER_BODY
};

static CsPartitions months = {.parent = ANSWER_TABLE,
							  .key = ANSWER_QUESTION,
							  .order = ANSWER_ANSWERED_AT};

/* --- looking --- */

/* What is looked for, and what was found by now. */
typedef struct Looking
{
	const CsKeptSearch *search;
	CsKeptAnswer	   *found;
} Looking;

static TimestampTz
time_of(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	return DatumGetTimestampTz(cs_partition_column(tuple, desc, column));
}

/* Is it later than what was found before, and what is looked for? */
static bool
serves(const Looking *looking, HeapTuple tuple, TupleDesc desc)
{
	TimestampTz at = time_of(tuple, desc, ANSWER_ANSWERED_AT);

	return at >= looking->search->since && at <= looking->search->until &&
		   (looking->found->body == NULL ||
			at > looking->found->answered_at) &&
		   time_of(tuple, desc, ANSWER_EXPIRES_AT) > cs_clock_now();
}

static void
keep(HeapTuple tuple, TupleDesc desc, CsKeptAnswer *found)
{
	if (found->body != NULL)
		pfree(found->body);
	found->request_id =
		*DatumGetUUIDP(cs_partition_column(tuple, desc, ANSWER_REQUEST_ID));
	found->answered_at = time_of(tuple, desc, ANSWER_ANSWERED_AT);
	found->expires_at = time_of(tuple, desc, ANSWER_EXPIRES_AT);
	found->body =
		DatumGetJsonbPCopy(cs_partition_column(tuple, desc, ANSWER_BODY));
}

/* In their order the first that serves is the one. */
static bool
take(HeapTuple tuple, TupleDesc desc, bool ordered, void *argument)
{
	Looking *looking = argument;

	if (serves(looking, tuple, desc))
	{
		keep(tuple, desc, looking->found);
		return ordered;
	}
	return ordered &&
		   time_of(tuple, desc, ANSWER_ANSWERED_AT) < looking->search->since;
}

bool
cs_answer_find(const CsKeptSearch *search, CsKeptAnswer *found)
{
	Looking			  looking = {search, found};
	CsPartitionSearch where = {&search->question, cs_clock_now()};

	found->body = NULL;
	cs_partition_scan(&months, &where, take, &looking);
	return found->body != NULL;
}

/* --- adding --- */

static void
put_row(CsColumn *c, const CsAnswerNew *row)
{
	CsAnswerNew *r = unconstify(CsAnswerNew *, row);

	cs_columns_put(&c[ANSWER_QUESTION - 1], cs_columns_key(&row->question));
	cs_columns_put(&c[ANSWER_SUBJECT - 1], cs_columns_key(&row->subject));
	cs_columns_put_text(&c[ANSWER_SERVER - 1], row->server);
	cs_columns_put_text(&c[ANSWER_ENDPOINT - 1], row->endpoint);
	cs_columns_put(&c[ANSWER_REQUEST_ID - 1],
				   UUIDPGetDatum(&r->answer.request_id));
	cs_columns_put(&c[ANSWER_ANSWERED_AT - 1],
				   TimestampTzGetDatum(row->answer.answered_at));
	cs_columns_put(&c[ANSWER_EXPIRES_AT - 1],
				   TimestampTzGetDatum(row->answer.expires_at));
	cs_columns_put(&c[ANSWER_BODY - 1], JsonbPGetDatum(row->answer.body));
}

void
cs_answer_insert(const CsAnswerNew *rows, int n)
{
	static const CsColumnType *const types[ANSWER_NCOLUMNS] = {
		&cs_column_uuid, &cs_column_uuid, &cs_column_text, &cs_column_text,
		&cs_column_uuid, &cs_column_time, &cs_column_time, &cs_column_jsonb};
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.answer (question, subject, server, endpoint, "
			"request_id, answered_at, expires_at, body) "
			"SELECT a, b, c, d, e, f, g, h "
			"FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) u(a, b, c, d, e, f, g, h)",
		.nargs = ANSWER_NCOLUMNS,
		.types = {UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
				  UUIDARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID,
				  JSONBARRAYOID}};
	CsColumn columns[ANSWER_NCOLUMNS];
	Datum	 values[ANSWER_NCOLUMNS];
	DateADT	 month = DATEVAL_NOBEGIN;

	if (n == 0)
		return;
	cs_columns_begin(columns, ANSWER_NCOLUMNS, n);
	SPI_connect();
	for (int i = 0; i < n; i++)
	{
		cs_month_make(ANSWER_TABLE, rows[i].answer.expires_at, &month);
		put_row(columns, &rows[i]);
	}
	cs_columns_arrays(columns, types, ANSWER_NCOLUMNS, values);
	cs_queue_spi_run(&insert, values, NULL);
	SPI_finish();
}

/* --- forgetting --- */

static bool forgetting;

bool
cs_answer_is_forgetting(void)
{
	return forgetting;
}

uint64
cs_answer_forget(const CsKey *subject)
{
	static CsQueueStatement statement = {
		.text = "DELETE FROM credscore.answer WHERE subject = $1",
		.nargs = 1,
		.types = {UUIDOID}};
	Datum			values[] = {cs_columns_key(subject)};
	volatile uint64 removed = 0;

	SPI_connect();
	PG_TRY();
	{
		forgetting = true;
		removed = cs_queue_spi_run(&statement, values, NULL);
	}
	PG_FINALLY();
	{
		forgetting = false;
	}
	PG_END_TRY();
	SPI_finish();
	return removed;
}
