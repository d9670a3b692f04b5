/*-------------------------------------------------------------------------
 * plan_tree.c
 *	  What is known of each kind of plan node: its children, its expressions,
 *	  and what becomes of rows in it.
 *
 * A table has what goes by the kind alone; the functions below it add what
 * depends on a node's fields.  A kind that is not in the table, as one that a
 * later PostgreSQL brings, is CS_SHAPE_OTHER, and its children are asked for
 * CS_FLOW_UNKNOWN: nothing is started ahead there, and no condition moves.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/plan_tree.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"

/* What a kind of node does, unless its fields say otherwise. */
typedef struct Kind
{
	NodeTag		tag;
	CsPlanShape shape;
	CsPlanFlow	outer;	 /* also of a sub-query, and of the first member */
	CsPlanFlow	inner;	 /* also of the other members */
	bool		at_once; /* its first row takes one of its first child */
} Kind;

/* A relation's rows are read as they are needed; below it nothing calls. */
#define SCAN(tag) \
	{ \
		tag, CS_SHAPE_SCAN, CS_FLOW_UNKNOWN, CS_FLOW_UNKNOWN, false \
	}

/* A node with one child. */
#define ABOVE(tag, shape, flow, at_once) \
	{ \
		tag, shape, flow, CS_FLOW_UNKNOWN, at_once \
	}

static const Kind kinds[] = {
	SCAN(T_SeqScan),
	SCAN(T_SampleScan),
	SCAN(T_IndexScan),
	SCAN(T_IndexOnlyScan),
	SCAN(T_BitmapHeapScan),
	SCAN(T_TidScan),
	SCAN(T_TidRangeScan),
	SCAN(T_FunctionScan),
	SCAN(T_TableFuncScan),
	SCAN(T_ValuesScan),
	SCAN(T_CteScan),
	SCAN(T_NamedTuplestoreScan),
	SCAN(T_WorkTableScan),
	ABOVE(T_SubqueryScan, CS_SHAPE_SCAN, CS_FLOW_EACH, true),
	ABOVE(T_Hash, CS_SHAPE_COPY, CS_FLOW_ALL, false),
	ABOVE(T_Sort, CS_SHAPE_COPY, CS_FLOW_ALL, true),
	ABOVE(T_Material, CS_SHAPE_COPY, CS_FLOW_SOME, true),
	ABOVE(T_Limit, CS_SHAPE_OTHER, CS_FLOW_SOME, true),
	ABOVE(T_Result, CS_SHAPE_OTHER, CS_FLOW_SOME, false),
	ABOVE(T_Unique, CS_SHAPE_OTHER, CS_FLOW_SOME, false),
	ABOVE(T_Group, CS_SHAPE_OTHER, CS_FLOW_SOME, false),
	ABOVE(T_WindowAgg, CS_SHAPE_OTHER, CS_FLOW_SOME, false),
	ABOVE(T_LockRows, CS_SHAPE_OTHER, CS_FLOW_SOME, false),
	ABOVE(T_ProjectSet, CS_SHAPE_OTHER, CS_FLOW_MANY, true),
	ABOVE(T_Agg, CS_SHAPE_OTHER, CS_FLOW_ALL, false),
	ABOVE(T_ModifyTable, CS_SHAPE_OTHER, CS_FLOW_ALL, false),
	ABOVE(T_IncrementalSort, CS_SHAPE_OTHER, CS_FLOW_ONE, false),
	ABOVE(T_Memoize, CS_SHAPE_OTHER, CS_FLOW_ONE, true),
	/* the second input is there from PostgreSQL 18 on; it may stay unread */
	{T_SetOp, CS_SHAPE_OTHER, CS_FLOW_ALL, CS_FLOW_ONE, false},
	{T_RecursiveUnion, CS_SHAPE_OTHER, CS_FLOW_ONE, CS_FLOW_ONE, false},
	{T_NestLoop, CS_SHAPE_JOIN, CS_FLOW_MANY, CS_FLOW_MANY, false},
	{T_HashJoin, CS_SHAPE_JOIN, CS_FLOW_MANY, CS_FLOW_ALL, false},
	/* it stops when either side ends */
	{T_MergeJoin, CS_SHAPE_JOIN, CS_FLOW_ONE, CS_FLOW_ONE, false},
	{T_Append, CS_SHAPE_MEMBERS, CS_FLOW_SOME, CS_FLOW_MANY, false},
	{T_MergeAppend, CS_SHAPE_MEMBERS, CS_FLOW_MANY, CS_FLOW_MANY, false}};

static const Kind *
kind_of(const Plan *plan)
{
	static const Kind unknown = {T_Invalid, CS_SHAPE_OTHER, CS_FLOW_UNKNOWN,
								 CS_FLOW_UNKNOWN, false};

	for (int i = 0; i < (int) lengthof(kinds); i++)
		if (kinds[i].tag == nodeTag(plan))
			return &kinds[i];
	return &unknown;
}

CsPlanShape
cs_plan_tree_shape(const Plan *plan)
{
	return kind_of(plan)->shape;
}

Join *
cs_plan_tree_join(Plan *plan)
{
	return cs_plan_tree_shape(plan) == CS_SHAPE_JOIN ? (Join *) plan : NULL;
}

/* --- children --- */

/* Does a node that may need all of its input first do without, this time? */
static bool
reads_as_it_goes(const Plan *plan)
{
	if (IsA(plan, Agg))
	{
		const Agg *agg = (const Agg *) plan;

		/* Without GROUP BY everything is read, sorted or not. */
		return agg->aggstrategy == AGG_SORTED &&
			   (agg->numCols > 0 || agg->groupingSets != NIL);
	}
	if (IsA(plan, SetOp))
		return ((const SetOp *) plan)->strategy == SETOP_SORTED;
	return IsA(plan, ModifyTable) &&
		   ((const ModifyTable *) plan)->returningLists != NIL;
}

/* Is one inner row all that a join takes for an outer one? */
static bool
takes_one(const Join *join)
{
	return join->inner_unique || join->jointype == JOIN_SEMI ||
		   join->jointype == JOIN_ANTI;
}

/*
 * A window whose condition cannot become true again, as row_number() <= 3,
 * stops there; below others, and with partitions, it reads on.
 */
static bool
may_stop(const Plan *plan)
{
	const WindowAgg *window = (const WindowAgg *) plan;

	return IsA(plan, WindowAgg) && window->runCondition != NIL &&
		   window->topWindow && window->partNumCols == 0;
}

/* Does each run of a plan give one row at most? */
static bool
gives_one(const Plan *plan)
{
	ListCell *lc;

	if (IsA(plan, SubqueryScan))
		return gives_one(((const SubqueryScan *) plan)->subplan);
	if (IsA(plan, Memoize) || IsA(plan, Material))
		return gives_one(plan->lefttree);
	if (!IsA(plan, FunctionScan))
		return cs_plan_tree_is_one_row(plan);
	foreach(lc, ((const FunctionScan *) plan)->functions)
		if (expression_returns_set(
				((RangeTblFunction *) lfirst(lc))->funcexpr))
			return false;
	return true;
}

/* Of a join that gives each outer row once at most, a bound holds below, too. */
static CsPlanFlow
flow_in_join(const Join *join, CsPlanRole role)
{
	if (role == CS_ROLE_INNER)
		return takes_one(join) ? CS_FLOW_ONE : CS_FLOW_MANY;
	return IsA(join, NestLoop) && gives_one(join->plan.righttree)
			   ? CS_FLOW_SOME
			   : CS_FLOW_MANY;
}

static CsPlanFlow
flow_of(const Plan *plan, CsPlanRole role, bool first)
{
	const Kind *kind = kind_of(plan);
	CsPlanFlow	flow = first ? kind->outer : kind->inner;

	switch (flow)
	{
		case CS_FLOW_SOME:
			return may_stop(plan) ? CS_FLOW_ONE : CS_FLOW_SOME;
		case CS_FLOW_EACH:
			return plan->qual == NIL ? CS_FLOW_EACH : CS_FLOW_SOME;
		case CS_FLOW_ALL:
			return reads_as_it_goes(plan) ? CS_FLOW_SOME : CS_FLOW_ALL;
		case CS_FLOW_MANY:
			return kind->shape == CS_SHAPE_JOIN
					   ? flow_in_join((const Join *) plan, role)
					   : CS_FLOW_MANY;
		default:
			return flow;
	}
}

static void
add_child(List **children, Plan *plan, Plan **place, CsPlanRole role)
{
	CsPlanChild *child;
	bool		 first = role != CS_ROLE_INNER && *children == NIL;

	if (*place == NULL)
		return;
	child = palloc0(sizeof(CsPlanChild));
	child->place = place;
	child->role = role;
	child->flow = flow_of(plan, role, first);
	child->marked = role == CS_ROLE_INNER && IsA(plan, MergeJoin) &&
					!((MergeJoin *) plan)->skip_mark_restore;
	/* The row that ends a group belongs to the next one, if that is wanted. */
	child->beyond = IsA(plan, Agg);
	child->stored = IsA(plan, Material);
	child->limit = IsA(plan, Limit) ? (Limit *) plan : NULL;
	*children = lappend(*children, child);
}

static List *
members_of(Plan *plan)
{
	if (IsA(plan, Append))
		return ((Append *) plan)->appendplans;
	if (IsA(plan, MergeAppend))
		return ((MergeAppend *) plan)->mergeplans;
	if (IsA(plan, BitmapAnd))
		return ((BitmapAnd *) plan)->bitmapplans;
	if (IsA(plan, BitmapOr))
		return ((BitmapOr *) plan)->bitmapplans;
	return IsA(plan, CustomScan) ? ((CustomScan *) plan)->custom_plans : NIL;
}

List *
cs_plan_tree_children(Plan *plan)
{
	CsPlanRole role = IsA(plan, CustomScan) ? CS_ROLE_PRIVATE : CS_ROLE_MEMBER;
	List	  *children = NIL;
	ListCell  *lc;

	add_child(&children, plan, &plan->lefttree, CS_ROLE_OUTER);
	add_child(&children, plan, &plan->righttree, CS_ROLE_INNER);
	if (IsA(plan, SubqueryScan))
		add_child(&children, plan, &((SubqueryScan *) plan)->subplan,
				  CS_ROLE_QUERY);
	foreach(lc, members_of(plan))
		add_child(&children, plan, (Plan **) &lfirst(lc), role);
	return children;
}

/* --- expressions --- */

static List *
join_exprs(const Plan *plan, int which)
{
	List *exprs = NIL;

	if ((which & CS_EXPRS_JOINQUAL) != 0)
		exprs = lappend(exprs, ((const Join *) plan)->joinqual);
	if ((which & CS_EXPRS_CLAUSES) != 0 && IsA(plan, HashJoin))
		exprs = lappend(exprs, ((const HashJoin *) plan)->hashclauses);
	if ((which & CS_EXPRS_CLAUSES) != 0 && IsA(plan, MergeJoin))
		exprs = lappend(exprs, ((const MergeJoin *) plan)->mergeclauses);
	return exprs;
}

static List *
hash_keys(const Plan *plan)
{
	if (IsA(plan, HashJoin))
		return ((const HashJoin *) plan)->hashkeys;
	return IsA(plan, Hash) ? ((const Hash *) plan)->hashkeys : NIL;
}

/* What rows are made of that come from no table. */
static List *
source_of(const Plan *plan)
{
	if (IsA(plan, FunctionScan))
		return ((const FunctionScan *) plan)->functions;
	return IsA(plan, ValuesScan) ? ((const ValuesScan *) plan)->values_lists
								 : NIL;
}

List *
cs_plan_tree_exprs(const Plan *plan, int which)
{
	List *exprs = NIL;

	if ((which & CS_EXPRS_TARGETS) != 0)
		exprs = lappend(exprs, plan->targetlist);
	if ((which & CS_EXPRS_QUAL) != 0)
		exprs = lappend(exprs, plan->qual);
	if ((which & CS_EXPRS_INITS) != 0)
		exprs = lappend(exprs, plan->initPlan);
	if (cs_plan_tree_shape(plan) == CS_SHAPE_JOIN)
		exprs = list_concat(exprs, join_exprs(plan, which));
	if ((which & CS_EXPRS_CONSTANT) != 0 && IsA(plan, Result))
		exprs = lappend(exprs, ((const Result *) plan)->resconstantqual);
	if ((which & CS_EXPRS_SOURCE) != 0)
		exprs = lappend(exprs, source_of(plan));
	if ((which & CS_EXPRS_CUSTOM) != 0 && IsA(plan, CustomScan))
		exprs = lappend(exprs, ((const CustomScan *) plan)->custom_exprs);
	if ((which & CS_EXPRS_KEYS) != 0)
		exprs = lappend(exprs, hash_keys(plan));
	return exprs;
}

/* What is looked up in an index, or by place. */
static List *
lookups_of(Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_IndexScan:
			return ((IndexScan *) plan)->indexqual;
		case T_IndexOnlyScan:
			return ((IndexOnlyScan *) plan)->indexqual;
		case T_BitmapIndexScan:
			return ((BitmapIndexScan *) plan)->indexqual;
		case T_TidScan:
			return ((TidScan *) plan)->tidquals;
		case T_TidRangeScan:
			return ((TidRangeScan *) plan)->tidrangequals;
		default:
			return NIL;
	}
}

List *
cs_plan_tree_conditions(Plan *plan)
{
	List	 *conditions = list_copy(lookups_of(plan));
	ListCell *lc;

	if (IsA(plan, WindowAgg))
		conditions =
			list_concat(conditions, ((WindowAgg *) plan)->runCondition);
	foreach(lc, cs_plan_tree_exprs(plan, CS_EXPRS_CONSTANT))
		conditions = list_concat(conditions, lfirst(lc));
	foreach(lc, cs_plan_tree_exprs(plan, CS_EXPRS_CLAUSES))
		conditions = list_concat(conditions, lfirst(lc));
	if (cs_plan_tree_join(plan) != NULL)
		conditions =
			list_concat(conditions, cs_plan_tree_join(plan)->joinqual);
	return list_concat(conditions, plan->qual);
}

/* Arguments of aggregates are evaluated for each row of a group. */
static bool
aggregate_walker(Node *node, List **args)
{
	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		Aggref *agg = (Aggref *) node;

		if (agg->aggfilter == NULL)
			*args = lappend(*args, agg->args);
		return false;
	}
	return expression_tree_walker(node, aggregate_walker, (void *) args);
}

/* Arguments of a function that returns a set are evaluated once per row. */
static List *
set_arguments(const Plan *plan)
{
	List	 *args = NIL;
	ListCell *lc;

	foreach(lc, plan->targetlist)
	{
		Node *expr = (Node *) ((TargetEntry *) lfirst(lc))->expr;

		if (IsA(expr, FuncExpr) && ((FuncExpr *) expr)->funcretset)
			args = lappend(args, ((FuncExpr *) expr)->args);
	}
	return args;
}

List *
cs_plan_tree_row_exprs(const Plan *plan, CsPlanRole role)
{
	List *exprs = NIL;

	if (role != CS_ROLE_OUTER)
		return NIL;
	if (IsA(plan, Agg))
	{
		(void) aggregate_walker((Node *) plan->targetlist, &exprs);
		(void) aggregate_walker((Node *) plan->qual, &exprs);
		return exprs;
	}
	if (IsA(plan, ProjectSet))
		return set_arguments(plan);

	/* A key after the first one is evaluated only where that is not NULL. */
	exprs = hash_keys(plan);
	return exprs == NIL ? NIL : list_make1(linitial(exprs));
}

static bool
gives_a_row(const Limit *limit)
{
	const Const *count = (const Const *) limit->limitCount;

	return limit->limitOffset == NULL &&
		   (count == NULL ||
			(IsA(count, Const) &&
			 (count->constisnull || DatumGetInt64(count->constvalue) > 0)));
}

bool
cs_plan_tree_is_one_row(const Plan *plan)
{
	return IsA(plan, Result) && plan->lefttree == NULL;
}

List *
cs_plan_tree_first_exprs(Plan *plan)
{
	List	 *exprs = NIL;
	ListCell *lc;

	if (plan == NULL)
		return NIL;
	if (cs_plan_tree_is_one_row(plan))
	{
		if (((Result *) plan)->resconstantqual != NULL)
			return NIL;
		/* A row that fails its condition has no target list. */
		return plan->qual != NIL ? list_make1(linitial(plan->qual))
								 : plan->targetlist;
	}
	if (IsA(plan, FunctionScan))
	{
		foreach(lc, ((FunctionScan *) plan)->functions)
			exprs =
				lappend(exprs, ((RangeTblFunction *) lfirst(lc))->funcexpr);
		return exprs;
	}
	if (!kind_of(plan)->at_once ||
		(IsA(plan, Limit) && !gives_a_row((Limit *) plan)))
		return NIL;
	return cs_plan_tree_first_exprs(
		*((CsPlanChild *) linitial(cs_plan_tree_children(plan)))->place);
}

/* --- other properties --- */

bool
cs_plan_tree_projects(Plan *plan)
{
	if (!is_projection_capable_plan(plan) || IsA(plan, CustomScan))
		return false;
	if (IsA(plan, ForeignScan))
		return ((ForeignScan *) plan)->operation == CMD_SELECT &&
			   ((ForeignScan *) plan)->scan.scanrelid > 0;

	/* A run condition counts the columns of the target list. */
	return !IsA(plan, WindowAgg) || ((WindowAgg *) plan)->runCondition == NIL;
}

void
cs_plan_tree_make_synchronous(Plan *plan)
{
	plan->async_capable = false;
	if (IsA(plan, SubqueryScan))
		cs_plan_tree_make_synchronous(((SubqueryScan *) plan)->subplan);
}

void
cs_plan_tree_count_asynchronous(Plan *plan)
{
	Append	 *append = (Append *) plan;
	ListCell *lc;

	if (!IsA(plan, Append))
		return;
	append->nasyncplans = 0;
	foreach(lc, append->appendplans)
		if (((Plan *) lfirst(lc))->async_capable)
			append->nasyncplans++;
}

static bool
locks_rows(Plan *plan)
{
	ListCell *lc;

	check_stack_depth();
	if (IsA(plan, LockRows))
		return true;
	foreach(lc, cs_plan_tree_children(plan))
		if (locks_rows(*((CsPlanChild *) lfirst(lc))->place))
			return true;
	return false;
}

bool
cs_plan_tree_hides_current(Plan *plan)
{
	Plan *below = plan;

	while (below != NULL)
	{
		if (IsA(below, Append))
			return true;
		if (IsA(below, SubqueryScan))
			below = ((SubqueryScan *) below)->subplan;
		else if (IsA(below, Result) || IsA(below, Limit))
			below = below->lefttree;
		else
			break;
	}
	return locks_rows(plan);
}

bool
cs_plan_tree_is_steady(const Limit *limit)
{
	return !contain_volatile_functions(limit->limitOffset) &&
		   !contain_volatile_functions(limit->limitCount);
}

List *
cs_plan_tree_nest_params(const Plan *plan)
{
	return IsA(plan, NestLoop) ? ((const NestLoop *) plan)->nestParams : NIL;
}
