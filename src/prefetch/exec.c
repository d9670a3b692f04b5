/*-------------------------------------------------------------------------
 * exec.c
 *	  The CustomScan that runs ahead of the calls above it.
 *
 * It reads rows of its child into a ring, evaluates for each the arguments of
 * the calls that are certain to be made for it, starts their questions, and
 * hands the rows on unchanged and in order.  When the expression above then
 * calls the function, MEMO has the question, and the function waits for what
 * is left of it.
 *
 * How far it reads is bounded by credscore.read_ahead, by work_mem, and by
 * the number of rows that are certain to be asked for (certain.c): each call is
 * billed.  While the first row waits for a slow answer, rows whose answers have
 * come do not count, so that the window never runs dry behind it; for that the
 * node waits itself, where it can go on reading.
 *
 * The child is the left subtree, so that parameters, EXPLAIN and walkers
 * reach it.  Rows in the ring (ring.c) are minimal tuples; the scan slot of a
 * CustomScan is a virtual one, which compiled expressions rely on.
 *
 * A cursor on the table below finds its row as in a scan: the node shows the
 * relation as its own, and in its slot where the row is that went last.  It goes
 * backward where its child does: by as many rows as it is ahead, and one more.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/prefetch.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "utils/rel.h"

#include "pg/compat.h"
#include "pg/guc.h"
#include "prefetch/certain.h"
#include "prefetch/current.h"
#include "prefetch/explain.h"
#include "prefetch/plan_tree.h"
#include "prefetch/ring.h"
#include "session/asking.h"
#include "shared/progress.h"

#define NODE_NAME "Credscore Prefetch"

/* An estimate beyond this is none. */
#define MAX_ROWS_SHOWN 1e15

/* What custom_private holds, in this order. */
enum
{
	PRIVATE_NSITES, /* the first of custom_exprs */
	PRIVATE_SINGLE,
	PRIVATE_EXPAND,
	PRIVATE_PROBE,
	PRIVATE_BEYOND,
	PRIVATE_ROOT,
	PRIVATE_STORED,
	PRIVATE_DIRECT, /* number of the Limit right above; -1: none */
	PRIVATE_LISTS	/* see cs_prefetch_set_lists */
};

/* A call to start ahead: the function, and its arguments by position. */
typedef struct Site
{
	const CsAskingFunction *function;
	int						nargs;
	ExprState			  **args;
} Site;

typedef struct PrefetchState
{
	CustomScanState css;
	int				nsites;
	Site		   *sites;
	List		   *lists; /* of VALUES: where each row's sites end */
	CsCertain		certain;
	ScanState	   *scanned;   /* whose rows a cursor would find; or NULL */
	ExprContext	   *econtext;  /* for arguments */
	TupleTableSlot *ring_slot; /* a row of the ring, to be deformed */
	CsRing			ring;	   /* its row taken last is in the scan slot */
	CsMemoEntry	  **asking;	   /* of the row that is being read */
	bool			counted;   /* its rows, among those that are expected */
	bool			exhausted; /* the child stands behind its last row */
	bool			ended;	   /* and so do we */
	int				lists_started;
	int64			read; /* number of the row where the child stands */
	int64			max_ahead;
	CsAskStats		stats;
} PrefetchState;

/* --- making the node --- */

static Node *prefetch_create_state(CustomScan *scan);

static const CustomScanMethods scan_methods = {NODE_NAME,
											   prefetch_create_state};

bool
cs_prefetch_is(const Plan *plan)
{
	return IsA(plan, CustomScan) &&
		   ((const CustomScan *) plan)->methods == &scan_methods;
}

/* The child's columns, as the node's scan tuple. */
static List *
scan_columns(Plan *child)
{
	List	 *columns = NIL;
	ListCell *lc;

	foreach(lc, child->targetlist)
	{
		TargetEntry *te = lfirst(lc);
		Expr		*var =
			(Expr *) makeVar(OUTER_VAR, te->resno, exprType((Node *) te->expr),
							 exprTypmod((Node *) te->expr),
							 exprCollation((Node *) te->expr), 0);

		columns = lappend(columns, makeTargetEntry(var, te->resno, te->resname,
												   te->resjunk));
	}
	return columns;
}

CustomScan *
cs_prefetch_make(Plan *child, List *tlist, List *qual, List *sites,
				 const CsDemand *demand, int plan_node_id)
{
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *plan = &scan->scan.plan;
	List	   *exprs = list_copy(sites);
	ListCell   *lc;

	foreach(lc, demand->limits)
	{
		Limit *limit = lfirst(lc);

		exprs = lappend(exprs,
						limit->limitOffset
							? copyObject(limit->limitOffset)
							: (Node *) makeNullConst(INT8OID, -1, InvalidOid));
		exprs = lappend(exprs,
						limit->limitCount
							? copyObject(limit->limitCount)
							: (Node *) makeNullConst(INT8OID, -1, InvalidOid));
	}
	plan->startup_cost = child->startup_cost;
	plan->total_cost = child->total_cost;
	plan->plan_rows = child->plan_rows;
	plan->plan_width = child->plan_width;
	plan->parallel_safe = false;
	cs_plan_tree_make_synchronous(child);
	plan->plan_node_id = plan_node_id;
	plan->targetlist = tlist;
	plan->qual = qual;
	plan->lefttree = child;
	plan->extParam = bms_copy(child->extParam);
	plan->allParam = bms_copy(child->allParam);
	plan->initPlan = child->initPlan;
	child->initPlan = NIL;
	scan->scan.scanrelid = 0;
	scan->custom_scan_tlist = scan_columns(child);
	scan->custom_exprs = exprs;
	scan->custom_private =
		list_make5(makeInteger(list_length(sites)),
				   makeInteger(demand->single), makeInteger(demand->expand),
				   makeInteger(demand->probe), makeInteger(demand->beyond));
	scan->custom_private =
		lappend(scan->custom_private, makeInteger(demand->root));
	scan->custom_private =
		lappend(scan->custom_private, makeInteger(demand->stored));
	scan->custom_private = lappend(scan->custom_private, makeInteger(-1));
	scan->custom_private = lappend(scan->custom_private, NIL);
	scan->flags =
		ExecSupportsBackwardScan(child) ? CUSTOMPATH_SUPPORT_BACKWARD_SCAN : 0;
	scan->methods = &scan_methods;
	return scan;
}

void
cs_prefetch_set_direct(CustomScan *scan, int which_limit)
{
	lfirst(list_nth_cell(scan->custom_private, PRIVATE_DIRECT)) =
		makeInteger(which_limit);
}

void
cs_prefetch_set_lists(CustomScan *scan, List *ends)
{
	lfirst(list_nth_cell(scan->custom_private, PRIVATE_LISTS)) = ends;
}

static int
private_integer(const CustomScan *scan, int which)
{
	return intVal(list_nth(scan->custom_private, which));
}

/* --- starting and ending --- */

static void
init_sites(PrefetchState *s, CustomScan *scan)
{
	s->nsites = private_integer(scan, PRIVATE_NSITES);
	s->sites = palloc0(s->nsites * sizeof(Site));
	for (int i = 0; i < s->nsites; i++)
	{
		FuncExpr *call = list_nth(scan->custom_exprs, i);
		Site	 *site = &s->sites[i];
		int		  n = 0;
		ListCell *lc;

		site->function = cs_asking_by_oid(call->funcid);
		site->nargs = list_length(call->args);
		site->args = palloc(site->nargs * sizeof(ExprState *));
		foreach(lc, call->args)
			site->args[n++] = ExecInitExpr(lfirst(lc), &s->css.ss.ps);
	}
}

static void
init_certain(PrefetchState *s, CustomScan *scan)
{
	CsCertain *certain = &s->certain;

	certain->single = private_integer(scan, PRIVATE_SINGLE);
	certain->expand = private_integer(scan, PRIVATE_EXPAND);
	certain->probe = private_integer(scan, PRIVATE_PROBE);
	certain->beyond = private_integer(scan, PRIVATE_BEYOND);
	certain->root = private_integer(scan, PRIVATE_ROOT);
	certain->stored = private_integer(scan, PRIVATE_STORED);
	certain->direct = private_integer(scan, PRIVATE_DIRECT);
	certain->role = GetUserId();
	certain->nbounds = (list_length(scan->custom_exprs) - s->nsites) / 2;
	certain->bounds = palloc0(certain->nbounds * sizeof(CsBound));
	for (int i = 0; i < certain->nbounds; i++)
	{
		int at = s->nsites + 2 * i;

		certain->bounds[i].offset =
			ExecInitExpr(list_nth(scan->custom_exprs, at), &s->css.ss.ps);
		certain->bounds[i].count =
			ExecInitExpr(list_nth(scan->custom_exprs, at + 1), &s->css.ss.ps);
	}
}

static void
prefetch_begin(CustomScanState *node, EState *estate, int eflags)
{
	PrefetchState *s = (PrefetchState *) node;
	CustomScan	  *scan = (CustomScan *) node->ss.ps.plan;
	TupleDesc	   columns = node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;

	outerPlanState(node) = ExecInitNode(outerPlan(scan), estate, eflags);
	init_sites(s, scan);
	init_certain(s, scan);
	s->lists = list_nth(scan->custom_private, PRIVATE_LISTS);
	s->econtext = CreateExprContext(estate);
	s->stats.cxt = estate->es_query_cxt;
	s->ring_slot =
		ExecInitExtraTupleSlot(estate, columns, &TTSOpsMinimalTuple);
	cs_ring_init(&s->ring, estate->es_query_cxt, s->nsites);
	s->asking = palloc0(Max(s->nsites, 1) * sizeof(CsMemoEntry *));
	s->scanned = cs_current_scan(outerPlanState(node));
	if (s->scanned != NULL)
		node->ss.ss_currentRelation = s->scanned->ss_currentRelation;
}

static void
prefetch_end(CustomScanState *node)
{
	cs_ring_clear(&((PrefetchState *) node)->ring);
	ExecEndNode(outerPlanState(node));
}

static void
prefetch_rescan(CustomScanState *node)
{
	PrefetchState *s = (PrefetchState *) node;

	ExecClearTuple(node->ss.ss_ScanTupleSlot);
	ExecClearTuple(s->ring_slot);
	cs_ring_clear(&s->ring);
	s->exhausted = s->ended = false;
	s->read = s->lists_started = 0;
	cs_certain_reset(&s->certain);
	if (outerPlanState(node)->chgParam != NULL)
		return;
	cs_certain_evaluate(&s->certain, s->econtext, outerPlanState(node));
	ExecReScan(outerPlanState(node));
}

/* --- reading ahead --- */

/* The question's entry; NULL when there is nothing to ask. */
static CsMemoEntry *
start_site(PrefetchState *s, Site *site)
{
	NullableDatum args[CS_ASKING_MAX_ARGUMENTS];
	CsAsking	  asking;
	CsError		  err = {0};

	for (int i = 0; i < site->nargs; i++)
		args[i].value =
			ExecEvalExpr(site->args[i], s->econtext, &args[i].isnull);
	if (cs_asking_nothing(site->function, args) || cs_scope_planning())
		return NULL;

	/* What is malformed the function itself refuses, or reports. */
	if (cs_asking_prepare(site->function, args, &asking, &err) != CS_OK)
		return NULL;
	return cs_ask_ahead(&asking.ask, &s->stats);
}

static void
start_sites(PrefetchState *s, int from, int to)
{
	MemoryContext old =
		MemoryContextSwitchTo(s->econtext->ecxt_per_tuple_memory);

	ResetExprContext(s->econtext);
	s->econtext->ecxt_scantuple = s->css.ss.ss_ScanTupleSlot;
	for (int i = from; i < to; i++)
		if (s->sites[i].function != NULL)
			s->asking[i] = start_site(s, &s->sites[i]);
	MemoryContextSwitchTo(old);
}

/* Rows of VALUES need not be read to know what they ask; reading them asks. */
static void
start_lists(PrefetchState *s, int64 certain)
{
	while (s->lists_started < list_length(s->lists) &&
		   s->lists_started < s->read + certain)
	{
		int i = s->lists_started++;

		start_sites(s, i == 0 ? 0 : list_nth_int(s->lists, i - 1),
					list_nth_int(s->lists, i));
	}
}

/* Shows a row's columns, and where it is, in the scan slot. */
static void
show(PrefetchState *s, TupleTableSlot *row, ItemPointerData place)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	int				natts = slot->tts_tupleDescriptor->natts;

	slot_getallattrs(row);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, row->tts_values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, row->tts_isnull, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	slot->tts_tid = place;
	if (s->scanned != NULL)
		slot->tts_tableOid = RelationGetRelid(s->scanned->ss_currentRelation);
}

/*
 * A question of the first row in the ring that has no answer yet, or NULL.
 * Looks for answers: the child may have slept, and have taken our wake-up.
 */
static CsMemoEntry *
awaited(PrefetchState *s)
{
	CsMemoEntry **asked = cs_ring_first_asked(&s->ring);

	cs_ask_pump();
	for (int i = 0; asked != NULL && i < s->nsites; i++)
		if (asked[i] != NULL && cs_ask_is_running(asked[i]))
			return asked[i];
	return NULL;
}

/* Is a further row to be read, when so many are certain? */
static bool
wants_row(PrefetchState *s, int64 rows)
{
	int ahead = cs_guc_read_ahead();

	if (s->exhausted || s->ring.count >= rows)
		return false;
	if (s->ring.count > 0 && s->ring.bytes >= work_mem * (Size) 1024)
		return false;
	return s->ring.count < ahead ||
		   (s->stats.open < ahead && awaited(s) != NULL);
}

static void
fill_ring(PrefetchState *s, int64 certain)
{
	int64 rows = s->lists != NIL ? 1 : Max(certain, 1);

	if (!s->counted)
		cs_progress_expect_rows(
			(int64) Min(s->css.ss.ps.plan->plan_rows, MAX_ROWS_SHOWN));
	s->counted = true;
	start_lists(s, certain);
	while (wants_row(s, rows))
	{
		TupleTableSlot *row = ExecProcNode(outerPlanState(&s->css));
		ItemPointerData place;

		if (TupIsNull(row))
		{
			s->exhausted = true;
			break;
		}
		s->read++;
		place = cs_current_place(s->scanned);
		show(s, row, place);
		memset(s->asking, 0, s->nsites * sizeof(CsMemoEntry *));
		if (certain > 0 && s->lists == NIL)
			start_sites(s, 0, s->nsites);
		cs_ring_push(&s->ring, row, place, s->asking);
		cs_progress_add_rows(1);
	}
	s->max_ahead =
		Max(s->max_ahead,
			s->lists != NIL ? s->lists_started - s->read : s->ring.count);
}

/* The next row in the scan slot; false at the end. */
static bool
next_row(PrefetchState *s)
{
	int64			certain = cs_certain_rows(&s->certain, s->css.ss.ps.state);
	CsMemoEntry	   *entry;
	MinimalTuple	row;
	ItemPointerData place;

	fill_ring(s, certain);
	while (!s->exhausted && s->ring.count < certain && s->lists == NIL &&
		   (entry = awaited(s)) != NULL)
	{
		cs_ask_wait_turn(entry);
		fill_ring(s, certain);
	}
	ExecClearTuple(s->css.ss.ss_ScanTupleSlot);
	ExecClearTuple(s->ring_slot);
	row = cs_ring_take(&s->ring, &place);
	s->ended = row == NULL;
	if (row == NULL)
		return false;
	ExecStoreMinimalTuple(row, s->ring_slot, false);
	show(s, s->ring_slot, place);
	return true;
}

/* --- going backward --- */

/* The child's row before the one where it stands; NULL: it is at its start. */
static TupleTableSlot *
read_back(PrefetchState *s)
{
	TupleTableSlot *row = ExecProcNode(outerPlanState(&s->css));

	if (TupIsNull(row))
		s->read = 0;
	else if (!s->exhausted)
		s->read--;
	s->exhausted = false;
	return row;
}

/*
 * The row before the one that went last in the scan slot; false at the start.
 * Nothing is asked ahead: what went has been asked.
 */
static bool
previous_row(PrefetchState *s)
{
	int				ahead = s->ring.count + (s->exhausted && !s->ended);
	TupleTableSlot *row;

	ExecClearTuple(s->css.ss.ss_ScanTupleSlot);
	ExecClearTuple(s->ring_slot);
	cs_ring_clear(&s->ring);
	s->ended = false;
	do
		row = read_back(s);
	while (ahead-- > 0 && !TupIsNull(row));
	if (TupIsNull(row))
		return false;
	show(s, row, cs_current_place(s->scanned));
	return true;
}

static bool
another_row(PrefetchState *s)
{
	return ScanDirectionIsBackward(s->css.ss.ps.state->es_direction)
			   ? previous_row(s)
			   : next_row(s);
}

/* --- running --- */

static TupleTableSlot *
prefetch_exec(CustomScanState *node)
{
	PrefetchState *s = (PrefetchState *) node;
	ExprContext	  *econtext = node->ss.ps.ps_ExprContext;

	cs_certain_evaluate(&s->certain, s->econtext, outerPlanState(node));
	s->certain.pulls++;
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (!another_row(s))
			return NULL;
		ResetExprContext(econtext);
		econtext->ecxt_scantuple = node->ss.ss_ScanTupleSlot;
		if (!ExecQual(node->ss.ps.qual, econtext))
		{
			InstrCountFiltered1(node, 1);
			continue;
		}
		cs_certain_emitted(&s->certain);
		return node->ss.ps.ps_ProjInfo != NULL
				   ? ExecProject(node->ss.ps.ps_ProjInfo)
				   : node->ss.ss_ScanTupleSlot;
	}
}

/* --- EXPLAIN --- */

static void
prefetch_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	PrefetchState *s = (PrefetchState *) node;

	if (es->analyze)
		cs_explain_node(&s->stats, s->max_ahead, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = NODE_NAME,
	.BeginCustomScan = prefetch_begin,
	.ExecCustomScan = prefetch_exec,
	.EndCustomScan = prefetch_end,
	.ReScanCustomScan = prefetch_rescan,
	.ExplainCustomScan = prefetch_explain};

static Node *
prefetch_create_state(CustomScan *scan)
{
	PrefetchState *s =
		(PrefetchState *) newNode(sizeof(PrefetchState), T_CustomScanState);

	s->css.methods = &exec_methods;
	return (Node *) s;
}

void
cs_prefetch_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
}
