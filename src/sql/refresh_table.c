/*-------------------------------------------------------------------------
 * refresh_table.c
 *	  The table that credscore_refresh walks, and what is said to PostgreSQL
 *	  about it.
 *
 * A row is known by its table and its ctid, so that tables without a key and
 * partitioned ones are like any other.
 *
 * Locks: what an UPDATE takes, until the transaction ends, and a lock of the
 * kind of advisory locks, which no SQL function can take, for the run.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/refresh_table.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* Advisory locks of SQL functions have 1 and 2 there. */
#define RUN_LOCK_CLASS 3

/* --- what is refused --- */

static void
check_kind(Relation table)
{
	char kind = table->rd_rel->relkind;

	if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("\"%s\" is not a table", RelationGetRelationName(table)),
			 errdetail("Views and foreign tables cannot be refreshed."),
			 kind == RELKIND_VIEW
				 ? errhint("Name the table that the view reads.")
				 : 0));
}

static void
check_leaf(Oid relid)
{
	if (get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE)
		ereport(
			ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("partition \"%s\" is a foreign table",
					get_rel_name(relid)),
			 errhint(
				 "Refresh the other partitions one by one, and this one where its rows are.")));
}

static void
check_column(Relation table, const char *name, Oid wanted, const char *hint)
{
	Oid		   relid = RelationGetRelid(table);
	AttrNumber number = get_attnum(relid, name);
	Oid		   type;

	if (number == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						name, RelationGetRelationName(table))));
	type = getBaseType(get_atttype(relid, number));
	if (type == wanted || (wanted == TEXTOID && type == VARCHAROID))
		return;
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" is of type %s, not %s", name,
						   format_type_be(type), format_type_be(wanted)),
					errhint("%s", hint)));
}

static void
check_columns(Relation table, const CsRefreshNames *names)
{
	check_column(
		table, names->subject, TEXTOID,
		"The subject, a phone number or a reference, is a column of type text or varchar.");
	check_column(table, names->result, JSONBOID,
				 "Answers and reports go into a column of type jsonb.");
	if (names->age != NULL)
		check_column(
			table, names->age, TIMESTAMPTZOID,
			"When an answer came goes into a column of type timestamptz.");
}

/* --- what is said --- */

/* `t` is the table in all of them. */
static char *
column(const char *name)
{
	return psprintf("t.%s", quote_identifier(name));
}

/* Does this expression have a report of a question without an answer? */
static char *
is_report(const char *value)
{
	return psprintf(
		"(%s OPERATOR(pg_catalog.#>) '{error,sqlstate}') IS NOT NULL", value);
}

/*
 * Times in reports are texts of fixed width, to be compared as such: what
 * others may have written there must not be an error.
 */
static char *
stamp(const char *time)
{
	return psprintf(
		"pg_catalog.to_char((%s) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
		time);
}

/* When its question was asked; '' where the report does not say. */
static char *
asked_at(const char *report)
{
	return psprintf(
		"(COALESCE(%s OPERATOR(pg_catalog.#>>) '{error,asked_at}', '') COLLATE pg_catalog.\"C\")",
		report);
}

/*
 * A report is asked about again when it says so, and else when it is older
 * than max_age and says how old it is; none that this run has written.
 */
static char *
report_is_due(const char *result)
{
	char *asked = asked_at(result);

	return psprintf(
		"%s AND %s OPERATOR(pg_catalog.<) %s"
		" AND ((%s OPERATOR(pg_catalog.#>) '{error,retryable}') OPERATOR(pg_catalog.=) 'true'"
		" OR (%s OPERATOR(pg_catalog.<>) '' AND %s OPERATOR(pg_catalog.<) %s))",
		is_report(result), asked, stamp("$1"), result, asked, asked,
		stamp("$1 OPERATOR(pg_catalog.-) $2"));
}

/* Is this row to be asked about?  NULL for max_age makes nothing old. */
static char *
is_due(const CsRefreshNames *names)
{
	char		  *result = column(names->result);
	StringInfoData due;

	initStringInfo(&due);
	appendStringInfo(&due, "%s IS NOT NULL AND (%s IS NULL OR (%s)",
					 column(names->subject), result, report_is_due(result));
	if (names->age != NULL)
		appendStringInfo(
			&due,
			" OR (%s OPERATOR(pg_catalog.<) ($1 OPERATOR(pg_catalog.-) $2) AND NOT %s)",
			column(names->age), is_report(result));
	appendStringInfoChar(&due, ')');
	return due.data;
}

static char *
ask_text(const CsRefreshNames *names, const char *name, const char *due)
{
	char *result = column(names->result);
	char *subject = psprintf("%s::pg_catalog.text", column(names->subject));

	return psprintf(
		"SELECT t.tableoid, t.ctid, %s, %s IS NOT NULL AND NOT %s,"
		" %s(%s, %smax_age => $2, on_error => 'report')"
		" FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5)) AS a (rel, tid)"
		" JOIN %s AS t ON t.ctid OPERATOR(pg_catalog.=) a.tid AND t.tableoid OPERATOR(pg_catalog.=) a.rel"
		" WHERE %s",
		subject, result, is_report(result), names->function, subject,
		names->has_server ? "server => $3, " : "", name, due);
}

/*
 * The rows are looked for and locked first, so that those which another
 * transaction holds can be left out.  A row that has changed is written only
 * if it is still to do, and still about the same subject.
 */
static char *
store_text(const CsRefreshNames *names, const char *name, const char *due,
		   const char *locking)
{
	const char *report = is_report("r.answer");
	char	   *age = "";

	if (names->age != NULL)
		age = psprintf(
			", %s = CASE WHEN %s THEN %s ELSE pg_catalog.clock_timestamp() END",
			quote_identifier(names->age), report, column(names->age));
	return psprintf(
		"WITH r AS MATERIALIZED (SELECT t.tableoid AS rel, t.ctid AS tid, a.answer, a.n"
		" FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7))"
		" WITH ORDINALITY AS a (rel, tid, subject, answer, n)"
		" JOIN %s AS t ON t.ctid OPERATOR(pg_catalog.=) a.tid AND t.tableoid OPERATOR(pg_catalog.=) a.rel"
		" WHERE %s AND (%s::pg_catalog.text COLLATE pg_catalog.\"C\") OPERATOR(pg_catalog.=) a.subject"
		" AND (%s IS NULL OR %s OR NOT %s)"
		" FOR NO KEY UPDATE OF t%s)"
		" UPDATE %s AS t SET %s = CASE WHEN %s THEN pg_catalog.jsonb_set(r.answer, '{error,asked_at}',"
		" pg_catalog.to_jsonb(%s)) ELSE r.answer END%s"
		" FROM r WHERE t.ctid OPERATOR(pg_catalog.=) r.tid AND t.tableoid OPERATOR(pg_catalog.=) r.rel"
		" RETURNING r.n",
		name, due, column(names->subject), column(names->result),
		is_report(column(names->result)), is_report("a.answer"), locking, name,
		quote_identifier(names->result), report,
		stamp("pg_catalog.clock_timestamp()"), age);
}

static void
make_texts(const CsRefreshNames *names, CsRefreshTable *table)
{
	char *name = quote_qualified_identifier(
		get_namespace_name(get_rel_namespace(names->relid)),
		get_rel_name(names->relid));
	char *due = is_due(names);

	table->count = psprintf("SELECT pg_catalog.count(*) FROM %s AS t WHERE %s",
							name, due);
	table->pick = psprintf(
		"SELECT t.tableoid, t.ctid FROM %s AS t WHERE t.ctid OPERATOR(pg_catalog.>=) $8"
		" AND t.ctid OPERATOR(pg_catalog.<) $9 AND %s",
		name, due);
	table->ask = ask_text(names, name, due);
	table->store = store_text(names, name, due, " SKIP LOCKED");
	table->wait = store_text(names, name, due, "");
}

void
cs_refresh_table_open(const CsRefreshNames *names, CsRefreshTable *table)
{
	Relation  relation = table_open(names->relid, RowExclusiveLock);
	ListCell *lc;

	check_kind(relation);
	check_columns(relation, names);
	table->leaves = NIL;
	foreach(lc, find_all_inheritors(names->relid, RowExclusiveLock, NULL))
	{
		check_leaf(lfirst_oid(lc));
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_RELATION)
			table->leaves = lappend_oid(table->leaves, lfirst_oid(lc));
	}
	make_texts(names, table);
	table_close(relation, NoLock);
}

BlockNumber
cs_refresh_table_blocks(const CsRefreshTable *table)
{
	BlockNumber most = 0;
	ListCell   *lc;

	foreach(lc, table->leaves)
	{
		Relation leaf = table_open(lfirst_oid(lc), NoLock);

		most = Max(most, RelationGetNumberOfBlocks(leaf));
		table_close(leaf, NoLock);
	}
	return most;
}

void
cs_refresh_table_follow(Oid leaf, ItemPointer tid, Snapshot snapshot)
{
	Relation	  table = try_table_open(leaf, AccessShareLock);
	TableScanDesc scan;

	if (table == NULL)
		return;
	scan = table_beginscan_tid(table, snapshot);
	if (table_tuple_tid_valid(scan, tid))
		table_tuple_get_latest_tid(scan, tid);
	table_endscan(scan);
	table_close(table, NoLock);
}

/* --- one run at a time --- */

static void
make_tag(const CsRefreshNames *names, Oid leaf, LOCKTAG *tag)
{
	uint32 column_hash = DatumGetUInt32(hash_any(
		(const unsigned char *) names->result, (int) strlen(names->result)));

	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, leaf, column_hash,
						 RUN_LOCK_CLASS);
}

static void
unlock_first(const CsRefreshNames *names, List *leaves, int n)
{
	for (int i = 0; i < n; i++)
	{
		LOCKTAG tag;

		make_tag(names, list_nth_oid(leaves, i), &tag);
		LockRelease(&tag, ExclusiveLock, true);
	}
}

void
cs_refresh_table_lock(const CsRefreshNames *names, List *leaves)
{
	for (int i = 0; i < list_length(leaves); i++)
	{
		LOCKTAG tag;

		make_tag(names, list_nth_oid(leaves, i), &tag);
		if (LockAcquire(&tag, ExclusiveLock, true, true) !=
			LOCKACQUIRE_NOT_AVAIL)
			continue;
		unlock_first(names, leaves, i);
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("column \"%s\" of table \"%s\" is being refreshed already",
					names->result, get_rel_name(names->relid)),
			 errhint(
				 "Look into credscore_stat_progress; it goes on by itself.")));
	}
}

void
cs_refresh_table_unlock(const CsRefreshNames *names, List *leaves)
{
	unlock_first(names, leaves, list_length(leaves));
}
