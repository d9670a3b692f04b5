/*-------------------------------------------------------------------------
 * plan.c
 *	  After planning: puts the node that runs ahead into plans that call.
 *
 * The finished plan is changed in place.  Conditions that call wait for joins
 * (wait.c).  Then a walk from the top tells how many rows of each node are
 * certain to be asked for (CsDemand), and nodes of ours go where the calls are
 * (split.c).  What kinds of plan nodes there are, plan_tree.c knows.  The
 * setting credscore.enable_prefetch is looked at here; the order of conditions
 * holds without it, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/plan.h"

#include "jit/jit.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"

#include "pg/guc.h"
#include "prefetch/plan_tree.h"
#include "prefetch/prefetch.h"
#include "prefetch/rewrite.h"
#include "prefetch/sites.h"
#include "prefetch/split.h"
#include "prefetch/wait.h"

static const CsDemand all_rows = {.single = false};
static const CsDemand one_row = {.single = true};

/* Where a sub-plan may be one that is read to its end. */
#define EXPRS_WITH_SUBPLANS \
	(CS_EXPRS_INITS | CS_EXPRS_TARGETS | CS_EXPRS_QUAL | CS_EXPRS_JOINQUAL | \
	 CS_EXPRS_CONSTANT)

static planner_hook_type prev_planner_hook;

static Plan *walk(Plan *plan, CsDemand demand, CsPlanContext *context);

/* --- the walk --- */

static bool
is_bounded(const CsDemand *demand)
{
	return demand->root || demand->limits != NIL;
}

/* What a node asks of a child, as far as it asks at all. */
static CsDemand
demand_below(const CsPlanChild *child, CsDemand demand)
{
	if (child->flow == CS_FLOW_ALL)
		return all_rows;
	if (child->flow == CS_FLOW_ONE)
		return one_row;

	/* How many rows make the first one of ours, nobody knows. */
	if (child->flow != CS_FLOW_EACH && demand.probe)
		demand.single = true;

	demand.stored |= child->stored;

	/* Where nothing bounds an inner side from above, its own Limit is exact. */
	if (child->flow == CS_FLOW_MANY &&
		(child->role != CS_ROLE_INNER || is_bounded(&demand)))
		demand.expand = true;
	if (child->limit != NULL && cs_plan_tree_is_steady(child->limit))
		demand.limits = lappend(list_copy(demand.limits), child->limit);
	else if (child->limit != NULL)
		demand.single = true;
	return demand;
}

/* `calls` are those that the parent makes for each row of the child. */
static void
walk_child(CsPlanChild *child, CsDemand below, List *calls,
		   CsPlanContext *context)
{
	Plan *plan = walk(*child->place, below, context);

	below.beyond = child->beyond && (below.single || is_bounded(&below));
	*child->place = cs_split_pass(plan, calls, below, context);
}

static List *
calls_per_row(Plan *plan, CsPlanChild *child, CsPlanContext *context)
{
	return cs_sites_certain((Node *) cs_plan_tree_row_exprs(plan, child->role),
							context->stmt->subplans);
}

/*
 * A nested loop reads all of its outer side, and runs its inner side for each
 * outer row: calls of an inner side that is one row can be started from the
 * outer one.
 */
static void
walk_nest_loop(Plan *plan, CsDemand demand, CsPlanContext *context)
{
	List		*children = cs_plan_tree_children(plan);
	CsPlanChild *outer = linitial(children);
	CsPlanChild *inner = lsecond(children);
	List		*ids = NIL;
	List		*values = NIL;
	List		*calls;
	ListCell	*lc;

	foreach(lc, cs_plan_tree_nest_params(plan))
	{
		NestLoopParam *param = lfirst(lc);

		ids = lappend_int(ids, param->paramno);
		values = lappend(values, param->paramval);
	}
	calls = cs_sites_certain_in_plan(*inner->place, ids, values);
	walk_child(outer, demand_below(outer, demand), calls, context);
	walk_child(inner, calls != NIL ? one_row : demand_below(inner, demand),
			   NIL, context);
}

/*
 * A hash join may take one outer row before it fills its table, and stop there
 * when the table is empty.  That row costs money, so the table comes first,
 * unless it calls, too.
 */
static void
walk_hash_join(Plan *plan, CsDemand demand, CsPlanContext *context)
{
	JoinType	 jointype = ((Join *) plan)->jointype;
	List		*children = cs_plan_tree_children(plan);
	CsPlanChild *outer = linitial(children);
	CsPlanChild *hash = lsecond(children);
	CsDemand	 below = demand_below(outer, demand);
	bool		 may_stop = jointype == JOIN_INNER || jointype == JOIN_SEMI;
	bool		 outer_calls =
		cs_sites_in_plan(*outer->place, context->stmt->subplans) ||
		cs_sites_within((Node *) cs_plan_tree_exprs(plan, CS_EXPRS_KEYS),
						context->stmt->subplans);
	bool inner_calls = cs_sites_in_plan(*hash->place, context->stmt->subplans);
	double startup = (*hash->place)->total_cost;

	below.probe = may_stop && outer_calls && inner_calls;
	walk_child(outer, below, calls_per_row(plan, outer, context), context);
	if (may_stop && outer_calls && !inner_calls)
		(*outer->place)->startup_cost =
			Max((*outer->place)->startup_cost, startup);
	walk_child(hash, demand_below(hash, demand), NIL, context);
}

/* What a Limit tells a Sort right below it. */
static void
note_limit(const CsPlanChild *child, const CsDemand *below)
{
	Plan *plan = *child->place;

	if (child->limit != NULL && cs_prefetch_is(plan) && plan->qual == NIL &&
		!below->single && child->limit->limitOption == LIMIT_OPTION_COUNT)
		cs_prefetch_set_direct((CustomScan *) plan,
							   list_length(below->limits) - 1);
}

static void
walk_children(Plan *plan, CsDemand demand, CsPlanContext *context)
{
	ListCell *lc;

	foreach(lc, cs_plan_tree_children(plan))
	{
		CsPlanChild *child = lfirst(lc);
		CsDemand	 below = demand_below(child, demand);

		/* What would become a node of ours cannot be marked any more. */
		if (child->flow == CS_FLOW_UNKNOWN ||
			(child->marked && cs_plan_tree_projects(*child->place)))
			continue;
		walk_child(child, below, calls_per_row(plan, child, context), context);
		note_limit(child, &below);
	}
}

/* A CTE is read as far as its most demanding reader reads it. */
static void
note_cte_reader(CteScan *scan, CsDemand demand, CsPlanContext *context)
{
	int		  i = scan->ctePlanId - 1;
	CsDemand *known = &context->cte_demands[i];
	bool	  reads_all;

	/* How many rows make the first one that passes, nobody knows. */
	demand.single = demand.single || demand.probe;
	demand.stored = true;
	reads_all = !demand.single && !is_bounded(&demand);
	if (!context->cte_read[i] || reads_all ||
		(known->single && !demand.single))
		*known = demand;
	context->cte_read[i] = true;
}

/* Sub-plans that are read to their end: ARRAY(...), and what is hashed. */
static bool
kind_walker(Node *node, CsPlanContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) &&
		(((SubPlan *) node)->useHashTable ||
		 ((SubPlan *) node)->subLinkType == ARRAY_SUBLINK))
		context->read_whole[((SubPlan *) node)->plan_id - 1] = true;
	return expression_tree_walker(node, kind_walker, (void *) context);
}

static void
note_subplans(Plan *plan, CsPlanContext *context)
{
	(void) kind_walker((Node *) cs_plan_tree_exprs(plan, EXPRS_WITH_SUBPLANS),
					   context);
}

static Plan *
walk(Plan *plan, CsDemand demand, CsPlanContext *context)
{
	Join *join = cs_plan_tree_join(plan);

	check_stack_depth();
	if (plan->plan_node_id > context->last_id)
		context->last_id = plan->plan_node_id;
	note_subplans(plan, context);

	/* What two kinds of joins start ahead depends on both of their sides. */
	if (IsA(plan, NestLoop))
		walk_nest_loop(plan, demand, context);
	else if (IsA(plan, HashJoin))
		walk_hash_join(plan, demand, context);
	else
		walk_children(plan, demand, context);
	cs_plan_tree_count_asynchronous(plan);
	if (IsA(plan, CteScan))
		note_cte_reader((CteScan *) plan, demand, context);
	plan->qual = cs_split_order_quals(plan->qual, context);
	if (join != NULL)
		join->joinqual = cs_split_order_quals(join->joinqual, context);
	if (!context->ahead || !cs_plan_tree_projects(plan))
		return plan;
	return cs_split(plan, &demand, context);
}

/* --- sub-plans --- */

static CsDemand
subplan_demand(int i, CsPlanContext *context)
{
	Plan *plan = list_nth(context->stmt->subplans, i);

	if (IsA(plan, ModifyTable))
		return all_rows;
	if (context->cte_read[i])
		return context->cte_demands[i];
	return context->read_whole[i] ? all_rows : one_row;
}

/* CTEs are read by the main plan and by later sub-plans, so last ones first. */
static void
walk_subplans(CsPlanContext *context)
{
	for (int i = list_length(context->stmt->subplans) - 1; i >= 0; i--)
	{
		ListCell *lc = list_nth_cell(context->stmt->subplans, i);

		if (lfirst(lc) != NULL)
			lfirst(lc) = walk(lfirst(lc), subplan_demand(i, context), context);
	}
}

/* --- the statement --- */

static void
wait_for_joins(PlannedStmt *stmt)
{
	ListCell *lc;

	cs_wait_for_joins(stmt->planTree, stmt->subplans);
	foreach(lc, stmt->subplans)
		cs_wait_for_joins(lfirst(lc), stmt->subplans);
}

static void
run_ahead(PlannedStmt *stmt, int cursor_options, CsRewrite rewrite)
{
	int			  n = list_length(stmt->subplans);
	CsPlanContext context = {
		.stmt = stmt,
		.last_id = n * 1000 + 100000,
		.keep_order = rewrite.keep_order,
		/* What is asked may be another question once a setting changes. */
		.ahead = cs_guc_enable_prefetch() && !rewrite.sets &&
				 !cs_sites_set_in_plan(stmt),
		.cursor = (cursor_options & CURSOR_OPT_FAST_PLAN) != 0,
		.cte_demands = palloc0((n + 1) * sizeof(CsDemand)),
		.cte_read = palloc0((n + 1) * sizeof(bool)),
		.read_whole = palloc0((n + 1) * sizeof(bool))};
	CsDemand top = {.root = true};

	/* Compiling costs more than it gains where the network is waited for. */
	stmt->jitFlags = PGJIT_NONE;
	if (!rewrite.keep_order)
		wait_for_joins(stmt);
	if (cs_split_is_simple(stmt->planTree))
		note_subplans(stmt->planTree, &context);
	else
		stmt->planTree = walk(stmt->planTree, top, &context);
	walk_subplans(&context);
}

/* Functions of users are there, but are they ours? */
static bool
calls(PlannedStmt *stmt)
{
	ListCell *lc;

	if (cs_sites_in_plan(stmt->planTree, stmt->subplans))
		return true;

	/* Of two alternative sub-plans the one that was not taken is NULL. */
	foreach(lc, stmt->subplans)
		if (lfirst(lc) != NULL && cs_sites_in_plan(lfirst(lc), stmt->subplans))
			return true;
	return false;
}

static PlannedStmt *
plan_with_prefetch(Query *parse, const char *query_string, int cursor_options,
				   ParamListInfo bound_params)
{
	CsRewrite	 rewrite = cs_rewrite(&parse);
	PlannedStmt *stmt = prev_planner_hook
							? prev_planner_hook(parse, query_string,
												cursor_options, bound_params)
							: standard_planner(parse, query_string,
											   cursor_options, bound_params);

	rewrite.may_call = rewrite.may_call && calls(stmt);
	if (rewrite.may_call)
		run_ahead(stmt, cursor_options, rewrite);
	return stmt;
}

void
cs_plan_init(void)
{
	prev_planner_hook = planner_hook;
	planner_hook = plan_with_prefetch;
}
