/*-------------------------------------------------------------------------
 * sql_refresh.c
 *	  A batch that commits as it goes: the procedure credscore_refresh.
 *
 * The table is walked by windows of blocks.  What is to do in a window is
 * listed, then asked about in chunks: a SELECT whose calls overlap, an UPDATE
 * of what came out, a commit.  Rows that the run itself moves, by updating
 * them, are not met again: answers are young, and reports say when they were
 * asked for.
 *
 * A provider's failure is a report in that SELECT, and never stored if it would
 * be every row's.  So is whatever else ends the SELECT, as a cancel: what it had
 * got by then is stored and committed first.
 *
 * Locks: no row is locked while answers are awaited.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/itemptr.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/shmem.h"
#include "session/asking.h"
#include "shared/progress.h"
#include "sql/refresh_run.h"
#include "sql/refresh_store.h"

PG_FUNCTION_INFO_V1(credscore_refresh);

/* More in a chunk is of no use, and memory. */
#define MAX_CHUNK 10000

/*
 * After so many rows in a row that could not be asked about, the chunk is the
 * last: the breaker opens after five failed calls, so these were free, and those
 * that follow would be no luckier.
 */
#define MAX_REFUSED_IN_ROW 100

/* Blocks of a window: as many as hold the rows of a chunk, within these. */
#define MAX_WINDOW 4096

/* Positions of the arguments. */
enum
{
	ARG_TABLE,
	ARG_SUBJECT,
	ARG_RESULT,
	ARG_KIND,
	ARG_CHUNK,
	ARG_MAX_AGE,
	ARG_AGE,
	ARG_SERVER
};

typedef struct Place
{
	Oid				rel;
	ItemPointerData tid;
} Place;

/* Rows that are to do, in the order of the walk. */
typedef struct Picked
{
	int	   n;
	int	   room;
	Place *places;
} Picked;

/* Some of them, in one chunk. */
typedef struct Chunk
{
	Place			*places;
	int				 n;
	Tuplestorestate *rows; /* what is asked gives */
} Chunk;

/* --- arguments --- */

static void
refuse_null(FunctionCallInfo fcinfo, int position, const char *name)
{
	if (PG_ARGISNULL(position))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must not be null", name)));
}

static const char *
function_of_kind(const char *kind, Oid schema)
{
	return quote_qualified_identifier(get_namespace_name(schema),
									  cs_asking_of_kind(kind)->symbol);
}

static int
chunk_argument(FunctionCallInfo fcinfo)
{
	int chunk;

	refuse_null(fcinfo, ARG_CHUNK, "chunk");
	chunk = PG_GETARG_INT32(ARG_CHUNK);
	if (chunk < 1 || chunk > MAX_CHUNK)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid value for argument \"chunk\""),
						errdetail("It must be from 1 to %d.", MAX_CHUNK)));
	return chunk;
}

/* NULL for NULL. */
static const char *
name_argument(FunctionCallInfo fcinfo, int position)
{
	return PG_ARGISNULL(position)
			   ? NULL
			   : pstrdup(NameStr(*PG_GETARG_NAME(position)));
}

static void
take_max_age(FunctionCallInfo fcinfo, CsRefreshRun *run)
{
	Interval  zero = {0};
	Interval *age;

	if (PG_ARGISNULL(ARG_MAX_AGE))
		return;
	age = PG_GETARG_INTERVAL_P(ARG_MAX_AGE);
	if (DatumGetBool(DirectFunctionCall2(interval_lt, IntervalPGetDatum(age),
										 IntervalPGetDatum(&zero))))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid value for argument \"max_age\""),
						errdetail("It must not be negative.")));
	cs_refresh_run_set(run, CS_REFRESH_MAX_AGE, IntervalPGetDatum(age));
}

static void
take_arguments(FunctionCallInfo fcinfo, CsRefreshRun *run)
{
	CsRefreshNames *names = &run->names;

	refuse_null(fcinfo, ARG_TABLE, "table_name");
	refuse_null(fcinfo, ARG_SUBJECT, "subject_column");
	refuse_null(fcinfo, ARG_RESULT, "result_column");
	refuse_null(fcinfo, ARG_KIND, "kind");
	names->relid = PG_GETARG_OID(ARG_TABLE);
	names->subject = name_argument(fcinfo, ARG_SUBJECT);
	names->result = name_argument(fcinfo, ARG_RESULT);
	names->age = name_argument(fcinfo, ARG_AGE);
	names->function =
		function_of_kind(text_to_cstring(PG_GETARG_TEXT_PP(ARG_KIND)),
						 get_func_namespace(fcinfo->flinfo->fn_oid));
	names->has_server = !PG_ARGISNULL(ARG_SERVER);
	if (names->has_server)
		cs_refresh_run_set(run, CS_REFRESH_SERVER,
						   PG_GETARG_DATUM(ARG_SERVER));
	run->chunk_rows = chunk_argument(fcinfo);
	take_max_age(fcinfo, run);
}

/* --- statements that only read --- */

static int64
count_rows(CsRefreshRun *run)
{
	Tuplestorestate *rows = tuplestore_begin_heap(false, false, work_mem);
	TupleDesc		 desc = CreateTemplateTupleDesc(1);
	TupleTableSlot	*slot;
	bool			 isnull;
	int64			 count;

	TupleDescInitEntry(desc, 1, "count", INT8OID, -1, 0);
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	cs_refresh_run_sql(run, run->table.count, rows);
	tuplestore_gettupleslot(rows, true, false, slot);
	count = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(rows);
	return count;
}

static void
set_block(CsRefreshRun *run, CsRefreshParam param, BlockNumber block)
{
	ItemPointer tid = palloc(sizeof(ItemPointerData));

	ItemPointerSet(tid, block, 0);
	cs_refresh_run_set(run, param, PointerGetDatum(tid));
}

static void
add_place(Picked *picked, TupleTableSlot *slot)
{
	Place *place;

	if (picked->n == picked->room)
	{
		picked->room *= 2;
		picked->places =
			repalloc_huge(picked->places, picked->room * sizeof(Place));
	}
	place = &picked->places[picked->n++];
	slot_getallattrs(slot);
	place->rel = DatumGetObjectId(slot->tts_values[0]);
	ItemPointerCopy((ItemPointer) DatumGetPointer(slot->tts_values[1]),
					&place->tid);
}

/* Adds the rows to do in blocks from `from`, below `to`. */
static void
pick(CsRefreshRun *run, BlockNumber from, BlockNumber to, Picked *picked)
{
	MemoryContext	 old = MemoryContextSwitchTo(run->chunk);
	Tuplestorestate *rows = tuplestore_begin_heap(false, false, work_mem);
	TupleDesc		 desc = CreateTemplateTupleDesc(2);
	TupleTableSlot	*slot;

	TupleDescInitEntry(desc, 1, "rel", OIDOID, -1, 0);
	TupleDescInitEntry(desc, 2, "tid", TIDOID, -1, 0);
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	set_block(run, CS_REFRESH_FROM, from);
	set_block(run, CS_REFRESH_TO, to);
	cs_refresh_run_by_place(run, run->table.pick, rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
		add_place(picked, slot);
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(rows);
	cs_refresh_run_commit(run);
	MemoryContextSwitchTo(old);
	MemoryContextReset(run->chunk);
}

/* --- a chunk --- */

static void
show(const CsRefreshRun *run, CsProgressPhase phase)
{
	cs_progress_batch(phase, run->tally.total,
					  cs_refresh_tally_looked_at(&run->tally));
}

/* Rows were listed a moment ago, or some chunks. */
static void
set_places(CsRefreshRun *run, Chunk *chunk)
{
	Datum	*rels = palloc(chunk->n * sizeof(Datum));
	Datum	*tids = palloc(chunk->n * sizeof(Datum));
	Snapshot snapshot = RegisterSnapshot(GetTransactionSnapshot());

	for (int i = 0; i < chunk->n; i++)
	{
		Place *place = &chunk->places[i];

		cs_refresh_table_follow(place->rel, &place->tid, snapshot);
		rels[i] = ObjectIdGetDatum(place->rel);
		tids[i] = PointerGetDatum(&place->tid);
	}
	UnregisterSnapshot(snapshot);
	cs_refresh_run_set_array(run, CS_REFRESH_RELS, rels, chunk->n);
	cs_refresh_run_set_array(run, CS_REFRESH_TIDS, tids, chunk->n);
}

static void
ask(CsRefreshRun *run, void *arg)
{
	Chunk *chunk = arg;

	set_places(run, chunk);
	cs_refresh_run_by_place(run, run->table.ask, chunk->rows);
}

/*
 * While the snapshot is registered, versions of rows that it sees leave a trace
 * to the latest one.
 */
static void
do_chunk(CsRefreshRun *run, Place *places, int n)
{
	MemoryContext old = MemoryContextSwitchTo(run->chunk);
	Chunk		  chunk = {places, n, NULL};
	Snapshot	  snapshot = RegisterSnapshot(GetTransactionSnapshot());
	List		 *held;

	chunk.rows = tuplestore_begin_heap(false, false, work_mem);
	show(run, CS_PROGRESS_ASKING);
	run->error = cs_refresh_run_try(run, ask, &chunk);
	show(run, CS_PROGRESS_STORING);
	held = cs_refresh_store_all(run, chunk.rows);
	tuplestore_end(chunk.rows);
	UnregisterSnapshot(snapshot);
	cs_refresh_run_commit(run);
	if (run->error == NULL)
		cs_refresh_store_held(run, held);
	else
		run->tally.changed += list_length(held);
	MemoryContextSwitchTo(old);
	MemoryContextReset(run->chunk);
}

static bool
is_over(const CsRefreshRun *run)
{
	return run->error != NULL || run->tally.in_row >= MAX_REFUSED_IN_ROW;
}

/* --- the walk --- */

typedef struct Walk
{
	BlockNumber next;
	BlockNumber end; /* the first that is not looked at */
	BlockNumber window;
} Walk;

/* As many blocks as hold the rows of a chunk, if the next are as these were. */
static BlockNumber
next_window(const CsRefreshRun *run, BlockNumber blocks, int found)
{
	uint64 wanted = found == 0 ? (uint64) blocks * 2
							   : (uint64) blocks * run->chunk_rows / found;

	return (BlockNumber) Min(Max(wanted, 1), MAX_WINDOW);
}

/* Picks until there are rows for a chunk, or no more blocks. */
static void
pick_chunk(CsRefreshRun *run, Walk *walk, Picked *picked)
{
	while (picked->n < run->chunk_rows && walk->next < walk->end)
	{
		BlockNumber to = Min(walk->next + walk->window, walk->end);
		int			had = picked->n;

		CHECK_FOR_INTERRUPTS();
		pick(run, walk->next, to, picked);
		walk->window = next_window(run, to - walk->next, picked->n - had);
		walk->next = to;
	}
}

static void
walk_blocks(CsRefreshRun *run, BlockNumber from, BlockNumber to)
{
	Picked picked = {.room = 1024};
	Walk   walk = {.next = from, .end = to, .window = 1};

	picked.places = MemoryContextAlloc(run->cxt, picked.room * sizeof(Place));
	pick_chunk(run, &walk, &picked);
	while (picked.n > 0 && !is_over(run))
	{
		int n = Min(run->chunk_rows, picked.n);

		do_chunk(run, picked.places, n);
		picked.n -= n;
		memmove(picked.places, &picked.places[n], picked.n * sizeof(Place));
		if (!is_over(run))
			pick_chunk(run, &walk, &picked);
	}
	pfree(picked.places);
}

/*
 * Rows that came, or were moved to the end, while the table was walked are
 * looked for once more, so that the run ends though others go on.
 */
static void
refresh(CsRefreshRun *run)
{
	BlockNumber end;

	cs_progress_batch(CS_PROGRESS_COUNTING, 0, 0);
	run->tally.total = count_rows(run);
	cs_refresh_store_none(run);
	end = cs_refresh_table_blocks(&run->table);
	walk_blocks(run, 0, end);
	walk_blocks(run, end, cs_refresh_table_blocks(&run->table));
}

/* --- the end --- */

static void
finish(CsRefreshRun *run)
{
	char *detail = cs_refresh_tally_detail(&run->tally);

	if (run->error == NULL)
	{
		cs_refresh_tally_raise(&run->tally, get_rel_name(run->names.relid));
		/* What follows is not the run's, and has the isolation it wants. */
		SPI_commit();
		return;
	}
	if (run->error->detail != NULL)
		detail = psprintf("%s %s", run->error->detail, detail);
	run->error->detail = detail;
	ReThrowError(run->error);
}

/* Transactions of others must not be ended, nor answers be undone by them. */
static void
require_own_transactions(FunctionCallInfo fcinfo)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("credscore_refresh cannot run inside a transaction block"),
			 errdetail("It commits what it was answered, chunk by chunk."),
			 errhint("Say CALL by itself, and in no function.")));
}

static void
begin(CsRefreshRun *run)
{
	memset(run, 0, sizeof(*run));
	for (int i = 0; i < CS_REFRESH_NPARAMS; i++)
		run->nulls[i] = true;
	run->cxt = CurrentMemoryContext;
	run->xact = AllocSetContextCreate(
		run->cxt, "credscore refresh transaction", ALLOCSET_DEFAULT_SIZES);
	run->chunk = AllocSetContextCreate(run->cxt, "credscore refresh chunk",
									   ALLOCSET_DEFAULT_SIZES);
	cs_refresh_tally_begin(&run->tally);
	cs_refresh_run_set(run, CS_REFRESH_STARTED,
					   TimestampTzGetDatum(GetCurrentTimestamp()));
}

/*
 * credscore_refresh(table_name regclass, subject_column name,
 *					 result_column name, kind text, chunk int,
 *					 max_age interval, age_column name, server name)
 *
 * Asks about the rows of a table that have no answer, or an old one, and
 * stores what comes out.
 */
Datum
credscore_refresh(PG_FUNCTION_ARGS)
{
	CsRefreshRun run;
	List		*locked;

	cs_shmem_require();
	require_own_transactions(fcinfo);
	PreventCommandDuringRecovery("CALL credscore_refresh()");
	PreventCommandIfReadOnly("CALL credscore_refresh()");
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	begin(&run);
	take_arguments(fcinfo, &run);
	cs_refresh_run_commit(&run);
	locked = list_copy(run.table.leaves);
	cs_refresh_table_lock(&run.names, locked);
	PG_TRY();
	{
		refresh(&run);
	}
	PG_FINALLY();
	{
		cs_progress_batch_end();
		cs_refresh_table_unlock(&run.names, locked);
	}
	PG_END_TRY();
	finish(&run);
	SPI_finish();
	PG_RETURN_VOID();
}
