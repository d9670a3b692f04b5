/*-------------------------------------------------------------------------
 * refresh_store.c
 *	  Storing what a chunk of credscore_refresh was answered.
 *
 * While answers are awaited no row is locked, so a row may have changed, gone
 * or been moved when its answer is there.  It is found by its ctid, or by that
 * of a later version, and written if it is still about the same subject.
 *
 * Answers are paid for.  So a cancel lets them be stored before it ends the
 * run, and a row that cannot be stored does not take the others along.
 *
 * Locks: those of UPDATE, until the commit.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/refresh_store.h"

#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "sql/refresh_tally.h"

/* So many bytes of answers go into one statement. */
#define GROUP_BYTES (16 * 1024 * 1024)

/* Columns of `ask`. */
enum
{
	ASKED_REL = 1,
	ASKED_TID,
	ASKED_SUBJECT,
	ASKED_HAS_ANSWER,
	ASKED_OUTCOME,
	ASKED_NCOLUMNS = ASKED_OUTCOME
};

typedef enum RowState
{
	ROW_OPEN,
	ROW_STORED,
	ROW_FAILED /* nor can it be */
} RowState;

typedef struct Row
{
	Oid				rel;
	ItemPointerData tid;
	Datum			subject;
	Datum			answer;
	bool			is_report;
	RowState		state;
} Row;

/* What one statement stores. */
typedef struct Group
{
	List	   *rows;
	const Row  *only; /* NULL: all that are open */
	const char *sql;
} Group;

/* --- one statement --- */

static List *
rows_to_store(const Group *group)
{
	List	 *rows = NIL;
	ListCell *lc;

	foreach(lc, group->rows)
	{
		Row *row = lfirst(lc);

		if (row->state == ROW_OPEN &&
			(group->only == NULL || group->only == row))
			rows = lappend(rows, row);
	}
	return rows;
}

static void
set_rows(CsRefreshRun *run, List *rows)
{
	int	   n = list_length(rows);
	Datum *rels = palloc((n + 1) * sizeof(Datum));
	Datum *tids = palloc((n + 1) * sizeof(Datum));
	Datum *subjects = palloc((n + 1) * sizeof(Datum));
	Datum *answers = palloc((n + 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		Row *row = list_nth(rows, i);

		rels[i] = ObjectIdGetDatum(row->rel);
		tids[i] = PointerGetDatum(&row->tid);
		subjects[i] = row->subject;
		answers[i] = row->answer;
	}
	cs_refresh_run_set_array(run, CS_REFRESH_RELS, rels, n);
	cs_refresh_run_set_array(run, CS_REFRESH_TIDS, tids, n);
	cs_refresh_run_set_array(run, CS_REFRESH_SUBJECTS, subjects, n);
	cs_refresh_run_set_array(run, CS_REFRESH_ANSWERS, answers, n);
}

/* The statement tells which rows it wrote, counted from one. */
static void
mark_written(List *rows, Tuplestorestate *written)
{
	TupleDesc		desc = CreateTemplateTupleDesc(1);
	TupleTableSlot *slot;
	bool			isnull;

	TupleDescInitEntry(desc, 1, "n", INT8OID, -1, 0);
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(written, true, false, slot))
	{
		int64 n = DatumGetInt64(slot_getattr(slot, 1, &isnull));
		Row	 *row = list_nth(rows, (int) n - 1);

		row->state = ROW_STORED;
	}
	ExecDropSingleTupleTableSlot(slot);
}

static void
store_group(CsRefreshRun *run, void *arg)
{
	const Group		*group = arg;
	List			*rows = rows_to_store(group);
	Tuplestorestate *written;

	if (rows == NIL)
		return;
	written = tuplestore_begin_heap(false, false, work_mem);
	set_rows(run, rows);
	cs_refresh_run_by_place(run, group->sql, written);
	mark_written(rows, written);
	tuplestore_end(written);
}

/* --- what goes wrong with it --- */

static void
count_unstorable(CsRefreshRun *run, Row *row, const ErrorData *error)
{
	row->state = ROW_FAILED;
	cs_refresh_tally_refused(&run->tally, unpack_sql_state(error->sqlerrcode),
							 error->message);
}

/*
 * A cancel ends the run, but not before what is there is stored.  A second one
 * is meant so.
 */
static ErrorData *
try_store(CsRefreshRun *run, Group *group)
{
	ErrorData *error = cs_refresh_run_try(run, store_group, group);

	if (error != NULL && error->sqlerrcode == ERRCODE_QUERY_CANCELED &&
		run->error == NULL)
	{
		run->error = error;
		error = cs_refresh_run_try(run, store_group, group);
	}
	if (error != NULL && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	return error;
}

/* What a constraint or a trigger says of one row does not undo the others. */
static void
store(CsRefreshRun *run, List *rows, const char *sql)
{
	Group	  group = {.rows = rows, .sql = sql};
	ListCell *lc;

	if (try_store(run, &group) == NULL)
		return;
	foreach(lc, rows)
	{
		Row		  *row = lfirst(lc);
		ErrorData *error;

		group.only = row;
		error = try_store(run, &group);
		if (error != NULL)
			count_unstorable(run, row, error);
	}
}

/* --- rows that have moved --- */

static void
follow_all(List *rows)
{
	Snapshot  snapshot = RegisterSnapshot(GetTransactionSnapshot());
	ListCell *lc;

	foreach(lc, rows)
	{
		Row *row = lfirst(lc);

		if (row->state == ROW_OPEN)
			cs_refresh_table_follow(row->rel, &row->tid, snapshot);
	}
	UnregisterSnapshot(snapshot);
}

static List *
open_rows(List *rows)
{
	Group group = {.rows = rows};

	return rows_to_store(&group);
}

/* --- a chunk --- */

static Row *
read_row(TupleTableSlot *slot)
{
	Row *row = palloc0(sizeof(Row));

	slot_getallattrs(slot);
	row->rel = DatumGetObjectId(slot->tts_values[ASKED_REL - 1]);
	ItemPointerCopy(
		(ItemPointer) DatumGetPointer(slot->tts_values[ASKED_TID - 1]),
		&row->tid);
	row->subject = PointerGetDatum(
		PG_DETOAST_DATUM_COPY(slot->tts_values[ASKED_SUBJECT - 1]));
	row->answer = PointerGetDatum(
		PG_DETOAST_DATUM_COPY(slot->tts_values[ASKED_OUTCOME - 1]));
	return row;
}

/* NULL: there is nothing to store. */
static Row *
take_row(CsRefreshRun *run, TupleTableSlot *slot)
{
	char *sqlstate = NULL;
	char *message = NULL;
	Row	 *row;

	slot_getallattrs(slot);
	if (slot->tts_isnull[ASKED_OUTCOME - 1])
		return NULL;
	row = read_row(slot);
	switch (cs_refresh_tally_kind(DatumGetJsonbP(row->answer), &sqlstate,
								  &message))
	{
		case CS_REFRESH_REFUSAL:
			cs_refresh_tally_refused(&run->tally, sqlstate, message);
			return NULL;
		case CS_REFRESH_REPORT:
			run->tally.in_row = 0;
			row->is_report = true;
			if (!DatumGetBool(slot->tts_values[ASKED_HAS_ANSWER - 1]))
				return row;
			run->tally.reports++;
			return NULL;
		case CS_REFRESH_ANSWER:
			run->tally.in_row = 0;
			break;
	}
	return row;
}

static List *
read_group(CsRefreshRun *run, Tuplestorestate *asked, TupleTableSlot *slot,
		   bool *more)
{
	List *rows = NIL;
	Size  bytes = 0;

	*more = true;
	while (bytes < GROUP_BYTES)
	{
		Row *row;

		*more = tuplestore_gettupleslot(asked, true, false, slot);
		if (!*more)
			break;
		row = take_row(run, slot);
		if (row == NULL)
			continue;
		rows = lappend(rows, row);
		bytes += VARSIZE_ANY(DatumGetPointer(row->answer));
	}
	return rows;
}

/* Adds it to a list, in the chunk's memory. */
static List *
keep_row(const CsRefreshRun *run, List *held, const Row *row)
{
	MemoryContext old = MemoryContextSwitchTo(run->chunk);
	Row			 *kept = palloc(sizeof(Row));

	*kept = *row;
	kept->subject = PointerGetDatum(PG_DETOAST_DATUM_COPY(row->subject));
	kept->answer = PointerGetDatum(PG_DETOAST_DATUM_COPY(row->answer));
	held = lappend(held, kept);
	MemoryContextSwitchTo(old);
	return held;
}

static void
count_stored(CsRefreshRun *run, const List *rows)
{
	ListCell *lc;

	foreach(lc, rows)
	{
		const Row *row = lfirst(lc);

		if (row->state != ROW_STORED)
			continue;
		if (row->is_report)
			run->tally.reports++;
		else
			run->tally.answered++;
	}
}

/*
 * In two goes: what another has moved is found by the second.  Rows that stay
 * open are added to `held`.
 */
static List *
store_rows(CsRefreshRun *run, List *rows, List *held)
{
	ListCell *lc;

	store(run, rows, run->table.store);
	if (open_rows(rows) != NIL)
	{
		follow_all(rows);
		store(run, rows, run->table.store);
	}
	count_stored(run, rows);
	foreach(lc, open_rows(rows))
		held = keep_row(run, held, lfirst(lc));
	return held;
}

static TupleDesc
desc_of_asked(void)
{
	TupleDesc desc = CreateTemplateTupleDesc(ASKED_NCOLUMNS);

	TupleDescInitEntry(desc, ASKED_REL, "rel", OIDOID, -1, 0);
	TupleDescInitEntry(desc, ASKED_TID, "tid", TIDOID, -1, 0);
	TupleDescInitEntry(desc, ASKED_SUBJECT, "subject", TEXTOID, -1, 0);
	TupleDescInitEntry(desc, ASKED_HAS_ANSWER, "has_answer", BOOLOID, -1, 0);
	TupleDescInitEntry(desc, ASKED_OUTCOME, "outcome", JSONBOID, -1, 0);
	return desc;
}

List *
cs_refresh_store_all(CsRefreshRun *run, Tuplestorestate *rows)
{
	MemoryContext group_cxt = AllocSetContextCreate(
		run->chunk, "credscore refresh group", ALLOCSET_DEFAULT_SIZES);
	MemoryContext	old = MemoryContextSwitchTo(run->chunk);
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(desc_of_asked(), &TTSOpsMinimalTuple);
	List *held = NIL;
	bool  more = true;

	while (more)
	{
		List *group;

		MemoryContextReset(group_cxt);
		MemoryContextSwitchTo(group_cxt);
		group = read_group(run, rows, slot, &more);
		held = store_rows(run, group, held);
	}
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextSwitchTo(old);
	return held;
}

void
cs_refresh_store_held(CsRefreshRun *run, List *held)
{
	ListCell *lc;

	foreach(lc, held)
	{
		Row	 *row = lfirst(lc);
		List *one = list_make1(row);

		for (int tries = 0; tries < 2 && row->state == ROW_OPEN; tries++)
		{
			follow_all(one);
			store(run, one, run->table.wait);
			cs_refresh_run_commit(run);
		}
		count_stored(run, one);
		run->tally.changed += row->state == ROW_OPEN;
	}
}

void
cs_refresh_store_none(CsRefreshRun *run)
{
	set_rows(run, NIL);
	cs_refresh_run_by_place(run, run->table.store, NULL);
}
