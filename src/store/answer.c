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
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/wakeup.h"
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

/* A table that is locked is waited for so long, looking so often. */
#define LOCK_WAIT_MS 1000
#define LOCK_LOOK_MS 10

/* --- the months --- */

typedef struct Month
{
	Oid			table;
	Oid			by_question; /* indexes; InvalidOid: it was dropped */
	Oid			by_subject;
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

/* The one whose first column is this; the relation's lock is held. */
static Oid
find_index(Relation table, AttrNumber column)
{
	Oid		  found = InvalidOid;
	List	 *indexes = RelationGetIndexList(table);
	ListCell *lc;

	foreach(lc, indexes)
	{
		Relation index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisvalid &&
			index->rd_index->indkey.values[0] == column)
			found = RelationGetRelid(index);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

/* Locks it for a moment; false: it is gone. */
static Relation
open_month(Oid oid)
{
	CsInstant began = cs_clock_ticks();

	while (!ConditionalLockRelationOid(oid, AccessShareLock))
	{
		if (cs_clock_ticks() - began > LOCK_WAIT_MS * CS_US_PER_MS)
			ereport(
				ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not look for kept answers"),
				 errdetail(
					 "A table of theirs was locked for longer than a second."),
				 errhint(
					 "Nothing was asked or spent.  See who holds it in pg_locks, or wait.")));
		CHECK_FOR_INTERRUPTS();
		(void) cs_wakeup_sleep(LOCK_LOOK_MS,
							   CS_WAIT_EVENT("CredscoreKeptAnswer"));
	}
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(oid)))
		return table_open(oid, NoLock);
	UnlockRelationOid(oid, AccessShareLock);
	return NULL;
}

static void
add_month(Oid oid)
{
	char	   *name = get_rel_name(oid);
	TimestampTz end = name != NULL ? cs_month_end(name) : 0;
	Month	   *m = &months.all[months.n];
	Relation	table;

	if (end == 0 || end <= cs_clock_now())
		return;
	table = open_month(oid);
	if (table == NULL)
		return;
	m->table = oid;
	m->end = end;
	m->by_question = find_index(table, ANSWER_QUESTION);
	m->by_subject = find_index(table, ANSWER_SUBJECT);
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

	if (at < search->since || at > search->until ||
		(found->body != NULL && at <= found->answered_at) ||
		DatumGetTimestampTz(column(tuple, desc, ANSWER_EXPIRES_AT)) <=
			cs_clock_now())
		return false;
	if (search->question != NULL)
		return true;
	return memcmp(DatumGetUUIDP(column(tuple, desc, ANSWER_ACCOUNT)),
				  &search->account, UUID_LEN) == 0 &&
		   strcmp(NameStr(*DatumGetName(column(tuple, desc, ANSWER_SERVER))),
				  search->server) == 0;
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

static void
look_into(const Month *m, const CsKeptSearch *search, CsKeptAnswer *found)
{
	bool		by_question = search->question != NULL;
	Oid			index = by_question ? m->by_question : m->by_subject;
	Relation	table = open_month(m->table);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (table == NULL)
		return;
	ScanKeyInit(
		&key, by_question ? ANSWER_QUESTION : ANSWER_SUBJECT,
		BTEqualStrategyNumber, F_UUID_EQ,
		cs_columns_key(by_question ? search->question : &search->subject));
	scan = systable_beginscan(table, index, OidIsValid(index), SnapshotSelf, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (serves(search, tuple, RelationGetDescr(table), found))
			take(tuple, RelationGetDescr(table), found);
	systable_endscan(scan);
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
