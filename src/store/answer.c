/*-------------------------------------------------------------------------
 * answer.c
 *	  The table of kept answers.
 *
 * Its partitions are months of expiry, so that what has expired goes by dropping
 * them.  A session looks into those that have not ended, one after the other, by
 * their index and without a snapshot: what was committed a moment ago counts, also
 * for a statement that began before.  It holds a partition's lock only while it
 * looks, and waits a second for one at most: neither a month that is dropped nor
 * LOCK TABLE has it hang.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/answer.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/quick_lock.h"
#include "store/columns.h"
#include "store/month.h"
#include "store/queue_spi.h"

#define ANSWER_SCHEMA "credscore"
#define ANSWER_TABLE  "answer"

/* The columns. */
enum
{
	ANSWER_QUESTION = 1,
	ANSWER_SUBJECT,
	ANSWER_ACCOUNT,
	ANSWER_SERVER,
	ANSWER_ENDPOINT,
	ANSWER_REQUEST_ID,
	ANSWER_ANSWERED_AT,
	ANSWER_EXPIRES_AT,
	ANSWER_BODY,
	ANSWER_NCOLUMNS = ANSWER_BODY
};

/* --- the months --- */

typedef struct Month
{
	Oid			table;
	Oid			by_question; /* its index; InvalidOid: it was dropped */
	TimestampTz end;
} Month;

/* Those of this database, as long as nobody has attached or dropped one. */
typedef struct Months
{
	bool   valid;
	bool   complete;
	Oid	   parent;
	int	   n;
	Month *all; /* in TopMemoryContext */
} Months;

static Months months;

static void
forget_months(Datum arg, Oid relation)
{
	if (!OidIsValid(relation) || relation == months.parent)
		months.valid = false;
	for (int i = 0; i < months.n; i++)
		if (months.all[i].table == relation)
			months.valid = false;
}

/* The one by question and time; the table's lock is held. */
static Oid
find_index(Relation table)
{
	Oid		  found = InvalidOid;
	List	 *indexes = RelationGetIndexList(table);
	ListCell *lc;

	foreach(lc, indexes)
	{
		Oid		 oid = lfirst_oid(lc);
		Relation index;

		if (!cs_quick_lock(oid))
			continue;
		index = index_open(oid, NoLock);
		if (index->rd_index->indisvalid && index->rd_index->indnkeyatts == 2 &&
			index->rd_index->indkey.values[0] == ANSWER_QUESTION &&
			index->rd_index->indkey.values[1] == ANSWER_ANSWERED_AT)
			found = oid;
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

static void
add_month(Oid oid)
{
	char	   *name = get_rel_name(oid);
	TimestampTz end = name != NULL ? cs_month_end(name) : 0;
	Month	   *m = &months.all[months.n];
	Relation	table;

	/* Of one that somebody has renamed it is not known when it ends. */
	if (end == 0)
		end = DT_NOEND;
	if (end <= cs_clock_now())
		return;
	table = cs_quick_lock_table(oid);
	if (table == NULL)
		return;
	m->table = oid;
	m->end = end;
	m->by_question = find_index(table);
	months.n++;
	table_close(table, AccessShareLock);
}

static void
know_months(void)
{
	static bool watching;
	Oid			schema = get_namespace_oid(ANSWER_SCHEMA, true);
	List	   *children;
	ListCell   *lc;

	if (!watching)
		CacheRegisterRelcacheCallback(forget_months, (Datum) 0);
	watching = true;
	AcceptInvalidationMessages();
	if (months.valid && months.complete)
		return;
	months.n = 0;
	months.complete = false;
	months.parent = OidIsValid(schema)
						? get_relname_relid(ANSWER_TABLE, schema)
						: InvalidOid;
	if (!OidIsValid(months.parent))
		return;
	children = find_inheritance_children(months.parent, NoLock);
	if (months.all != NULL)
		pfree(months.all);
	months.all = NULL;
	months.all = MemoryContextAlloc(
		TopMemoryContext, (list_length(children) + 1) * sizeof(Month));
	months.valid = true;
	foreach(lc, children)
		add_month(lfirst_oid(lc));
	list_free(children);
	months.complete = true;
}

/* --- looking --- */

static Datum
column(HeapTuple tuple, TupleDesc desc, AttrNumber attribute)
{
	bool isnull;

	return heap_getattr(tuple, attribute, desc, &isnull);
}

/* Is it later than what was found before, and what is looked for? */
static bool
serves(const CsKeptSearch *search, HeapTuple tuple, TupleDesc desc,
	   const CsKeptAnswer *found)
{
	TimestampTz at =
		DatumGetTimestampTz(column(tuple, desc, ANSWER_ANSWERED_AT));

	return at >= search->since && at <= search->until &&
		   (found->body == NULL || at > found->answered_at) &&
		   DatumGetTimestampTz(column(tuple, desc, ANSWER_EXPIRES_AT)) >
			   cs_clock_now();
}

static void
take(HeapTuple tuple, TupleDesc desc, CsKeptAnswer *found)
{
	if (found->body != NULL)
		pfree(found->body);
	found->request_id = *DatumGetUUIDP(column(tuple, desc, ANSWER_REQUEST_ID));
	found->answered_at =
		DatumGetTimestampTz(column(tuple, desc, ANSWER_ANSWERED_AT));
	found->expires_at =
		DatumGetTimestampTz(column(tuple, desc, ANSWER_EXPIRES_AT));
	found->body = DatumGetJsonbPCopy(column(tuple, desc, ANSWER_BODY));
}

/* From the latest on back: the first that serves is the one. */
static void
look_by_index(Relation table, Oid index_oid, const CsKeptSearch *search,
			  CsKeptAnswer *found)
{
	Relation	index = index_open(index_oid, NoLock);
	TupleDesc	desc = RelationGetDescr(table);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		taken = false;

	ScanKeyInit(&key, ANSWER_QUESTION, BTEqualStrategyNumber, F_UUID_EQ,
				cs_columns_key(&search->question));
	scan = systable_beginscan_ordered(table, index, SnapshotSelf, 1, &key);
	while (!taken && HeapTupleIsValid(tuple = systable_getnext_ordered(
										  scan, BackwardScanDirection)))
	{
		CHECK_FOR_INTERRUPTS();
		taken = serves(search, tuple, desc, found);
		if (taken)
			take(tuple, desc, found);
		else if (DatumGetTimestampTz(column(tuple, desc, ANSWER_ANSWERED_AT)) <
				 search->since)
			break;
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
}

/* Somebody has dropped the index. */
static void
look_at_all(Relation table, const CsKeptSearch *search, CsKeptAnswer *found)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, ANSWER_QUESTION, BTEqualStrategyNumber, F_UUID_EQ,
				cs_columns_key(&search->question));
	scan = systable_beginscan(table, InvalidOid, false, SnapshotSelf, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		if (serves(search, tuple, RelationGetDescr(table), found))
			take(tuple, RelationGetDescr(table), found);
	}
	systable_endscan(scan);
}

static void
look_into(const Month *m, const CsKeptSearch *search, CsKeptAnswer *found)
{
	Relation table = cs_quick_lock_table(m->table);

	if (table == NULL)
		return;
	if (OidIsValid(m->by_question) && cs_quick_lock(m->by_question))
		look_by_index(table, m->by_question, search, found);
	else
		look_at_all(table, search, found);
	table_close(table, AccessShareLock);
}

bool
cs_answer_find(const CsKeptSearch *search, CsKeptAnswer *found)
{
	found->body = NULL;
	know_months();
	for (int i = 0; i < months.n; i++)
		if (months.all[i].end > cs_clock_now())
			look_into(&months.all[i], search, found);
	return found->body != NULL;
}

/* --- adding --- */

static void
put_row(CsColumn *c, const CsAnswerNew *row)
{
	CsAnswerNew *r = unconstify(CsAnswerNew *, row);

	cs_columns_put(&c[ANSWER_QUESTION - 1], cs_columns_key(&row->question));
	cs_columns_put(&c[ANSWER_SUBJECT - 1], cs_columns_key(&row->subject));
	cs_columns_put(&c[ANSWER_ACCOUNT - 1], cs_columns_key(&row->account));
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
		&cs_column_uuid, &cs_column_uuid, &cs_column_uuid,
		&cs_column_text, &cs_column_text, &cs_column_uuid,
		&cs_column_time, &cs_column_time, &cs_column_jsonb};
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.answer (question, subject, account, server, endpoint, "
			"request_id, answered_at, expires_at, body) "
			"SELECT a, b, c, d, e, f, g, h, i "
			"FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) u(a, b, c, d, e, f, g, h, i)",
		.nargs = ANSWER_NCOLUMNS,
		.types = {UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID,
				  TEXTARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID,
				  TIMESTAMPTZARRAYOID, JSONBARRAYOID}};
	CsColumn columns[ANSWER_NCOLUMNS];
	Datum	 values[ANSWER_NCOLUMNS];
	DateADT	 month = DATEVAL_NOBEGIN;

	if (n == 0)
		return;
	for (int i = 0; i < ANSWER_NCOLUMNS; i++)
		columns[i] = cs_columns_begin(n);
	SPI_connect();
	for (int i = 0; i < n; i++)
	{
		cs_month_make(ANSWER_TABLE, rows[i].answer.expires_at, &month);
		put_row(columns, &rows[i]);
	}
	for (int i = 0; i < ANSWER_NCOLUMNS; i++)
		values[i] = cs_columns_array(&columns[i], *types[i]);
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
