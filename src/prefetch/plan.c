/*-------------------------------------------------------------------------
 * plan.c
 *	  After planning: puts the node that runs ahead into plans that call.
 *
 * The finished plan is changed in place.  Conditions that call wait for joins
 * (prefetch_wait.c).  Then a walk from the top tells how many rows of each node
 * are certain to be asked for (CsDemand), and nodes of ours go where the calls
 * are (prefetch_split.c).  The setting credscore.enable_prefetch is looked at
 * here; the order of conditions holds without it, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/plan.h"

#include "jit/jit.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"

#include "pg/guc.h"
#include "prefetch/prefetch.h"
#include "prefetch/rewrite.h"
#include "prefetch/sites.h"
#include "prefetch/split.h"
#include "prefetch/wait.h"

static const CsDemand all_rows = {.single = false};
static const CsDemand one_row = {.single = true};

static planner_hook_type prev_planner_hook;

static Plan *walk(Plan *plan, CsDemand demand, CsPlanContext *context);

/* --- the walk --- */

static CsDemand
under_limit(Limit *limit, CsDemand demand)
{
	demand.limits = lappend(list_copy(demand.limits), limit);
	return demand;
}

static bool
is_bounded(const CsDemand *demand)
{
	return demand->root || demand->limits != NIL;
}

static CsDemand
expanding(CsDemand demand)
{
	demand.expand = true;
	return demand;
}

/* What a node asks of its input, as far as it asks at all. */
static CsDemand
through(CsDemand demand)
{
	/* How many rows make the first one of ours, nobody knows. */
	if (demand.probe)
		demand.single = true;
	return demand;
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

static void
walk_agg(Agg *agg, CsDemand demand, CsPlanContext *context)
{
	Plan	*plan = &agg->plan;
	List	*args = NIL;
	CsDemand below =
		agg->aggstrategy == AGG_SORTED ? through(demand) : all_rows;

	/* Without GROUP BY everything is read, sorted or not. */
	if (agg->numCols == 0 && agg->groupingSets == NIL)
		below = all_rows;
	aggregate_walker((Node *) plan->targetlist, &args);
	aggregate_walker((Node *) plan->qual, &args);
	plan->lefttree = walk(plan->lefttree, below, context);

	/* The row that ends a group belongs to the next one, if that is wanted. */
	below.beyond = is_bounded(&below);
	plan->lefttree =
		cs_split_pass(plan->lefttree,
					  cs_sites_certain((Node *) args, context->stmt->subplans),
					  below, context);
}

/* Arguments of a function that returns a set are evaluated once per row. */
static void
walk_project_set(ProjectSet *set, CsDemand demand, CsPlanContext *context)
{
	List	 *args = NIL;
	ListCell *lc;

	demand = expanding(through(demand));
	foreach(lc, set->plan.targetlist)
	{
		Node *expr = (Node *) ((TargetEntry *) lfirst(lc))->expr;

		if (IsA(expr, FuncExpr) && ((FuncExpr *) expr)->funcretset)
			args = lappend(args, ((FuncExpr *) expr)->args);
	}
	set->plan.lefttree = walk(set->plan.lefttree, demand, context);
	set->plan.lefttree =
		cs_split_pass(set->plan.lefttree,
					  cs_sites_certain((Node *) args, context->stmt->subplans),
					  demand, context);
}

static CsDemand
inner_demand(Join *join, CsDemand demand)
{
	demand = through(demand);
	if (join->inner_unique || join->jointype == JOIN_SEMI ||
		join->jointype == JOIN_ANTI)
		return one_row;
	return is_bounded(&demand) ? expanding(demand) : demand;
}

/*
 * A nested loop reads all of its outer side, and runs its inner side for each
 * outer row: calls of an inner side that is one row can be started from the
 * outer one.
 */
static void
walk_nest_loop(NestLoop *loop, CsDemand demand, CsPlanContext *context)
{
	Plan	 *plan = &loop->join.plan;
	CsDemand  outer = expanding(through(demand));
	List	 *ids = NIL;
	List	 *values = NIL;
	List	 *calls;
	ListCell *lc;

	foreach(lc, loop->nestParams)
	{
		NestLoopParam *param = lfirst(lc);

		ids = lappend_int(ids, param->paramno);
		values = lappend(values, param->paramval);
	}
	calls = cs_sites_certain_in_plan(plan->righttree, context->stmt->subplans,
									 ids, values);
	plan->lefttree = walk(plan->lefttree, outer, context);
	plan->lefttree = cs_split_pass(plan->lefttree, calls, outer, context);
	plan->righttree = walk(
		plan->righttree,
		calls != NIL ? one_row : inner_demand(&loop->join, demand), context);
}

/* A key after the first one is evaluated only where that is not NULL. */
static List *
first_key(List *keys, CsPlanContext *context)
{
	return keys == NIL
			   ? NIL
			   : cs_sites_certain(linitial(keys), context->stmt->subplans);
}

/*
 * A hash join may take one outer row before it fills its table, and stop there
 * when the table is empty.  That row costs money, so the table comes first,
 * unless it calls, too.
 */
static void
walk_hash_join(HashJoin *join, CsDemand demand, CsPlanContext *context)
{
	Plan	*plan = &join->join.plan;
	Plan	*hash = plan->righttree;
	CsDemand outer = expanding(through(demand));
	bool	 may_stop =
		join->join.jointype == JOIN_INNER || join->join.jointype == JOIN_SEMI;
	bool outer_calls =
		cs_sites_in_plan(plan->lefttree, context->stmt->subplans) ||
		cs_sites_within((Node *) join->hashkeys, context->stmt->subplans);
	bool   inner_calls = cs_sites_in_plan(hash, context->stmt->subplans);
	double startup = hash->total_cost;

	outer.probe = may_stop && outer_calls && inner_calls;
	plan->lefttree = walk(plan->lefttree, outer, context);
	plan->lefttree = cs_split_pass(
		plan->lefttree, first_key(join->hashkeys, context), outer, context);
	if (may_stop && outer_calls && !inner_calls)
		plan->lefttree->startup_cost =
			Max(plan->lefttree->startup_cost, startup);
	if (IsA(hash, Hash))
	{
		hash->lefttree = walk(hash->lefttree, all_rows, context);
		hash->lefttree = cs_split_pass(
			hash->lefttree, first_key(((Hash *) hash)->hashkeys, context),
			all_rows, context);
	}
}

/* A merge join may stop early on both sides, and marks and restores one. */
static void
walk_merge_join(MergeJoin *join, CsPlanContext *context)
{
	Plan *plan = &join->join.plan;
	Plan *inner = plan->righttree;

	plan->lefttree = walk(plan->lefttree, one_row, context);
	if (join->skip_mark_restore || !cs_split_can_split(inner))
		plan->righttree = walk(inner, one_row, context);
}

static List *
walk_list(List *plans, CsDemand first, CsDemand others, CsPlanContext *context)
{
	ListCell *lc;

	foreach(lc, plans)
		lfirst(lc) =
			walk(lfirst(lc), lc == list_head(plans) ? first : others, context);
	return plans;
}

static void
walk_modify_table(ModifyTable *modify, CsDemand demand, CsPlanContext *context)
{
	modify->plan.lefttree =
		walk(modify->plan.lefttree,
			 modify->returningLists == NIL ? all_rows : demand, context);
}

/* A CTE is read as far as its most demanding reader reads it. */
static void
note_cte_reader(CteScan *scan, const CsDemand *demand, CsPlanContext *context)
{
	int		  i = scan->ctePlanId - 1;
	CsDemand *known = &context->cte_demands[i];
	bool	  reads_all = !demand->single && !is_bounded(demand);

	if (!context->cte_read[i] || reads_all ||
		(known->single && !demand->single))
		*known = *demand;
	context->cte_read[i] = true;
}

static void
walk_children(Plan *plan, CsDemand demand, CsPlanContext *context)
{
	if (!IsA(plan, SubqueryScan) || plan->qual != NIL)
		demand = through(demand);
	switch (nodeTag(plan))
	{
		case T_Limit:
			plan->lefttree = walk(
				plan->lefttree, under_limit((Limit *) plan, demand), context);
			if (plan->lefttree != NULL && cs_prefetch_is(plan->lefttree) &&
				plan->lefttree->qual == NIL && !demand.single &&
				((Limit *) plan)->limitOption == LIMIT_OPTION_COUNT)
				cs_prefetch_set_direct((CustomScan *) plan->lefttree,
									   list_length(demand.limits));
			break;
		case T_Sort:
		case T_Hash:
			plan->lefttree = walk(plan->lefttree, all_rows, context);
			break;
		case T_Agg:
			walk_agg((Agg *) plan, demand, context);
			break;
		case T_SetOp:
			plan->lefttree = walk(
				plan->lefttree,
				((SetOp *) plan)->strategy == SETOP_HASHED ? all_rows : demand,
				context);
			break;
		case T_ProjectSet:
			walk_project_set((ProjectSet *) plan, demand, context);
			break;
		case T_NestLoop:
			walk_nest_loop((NestLoop *) plan, demand, context);
			break;
		case T_HashJoin:
			walk_hash_join((HashJoin *) plan, demand, context);
			break;
		case T_MergeJoin:
			walk_merge_join((MergeJoin *) plan, context);
			break;
		case T_Append:
			((Append *) plan)->appendplans =
				walk_list(((Append *) plan)->appendplans, demand,
						  expanding(demand), context);
			break;
		case T_MergeAppend:
			((MergeAppend *) plan)->mergeplans =
				walk_list(((MergeAppend *) plan)->mergeplans,
						  expanding(demand), expanding(demand), context);
			break;
		case T_SubqueryScan:
			((SubqueryScan *) plan)->subplan =
				walk(((SubqueryScan *) plan)->subplan, demand, context);
			break;
		case T_ModifyTable:
			walk_modify_table((ModifyTable *) plan, demand, context);
			break;
		case T_CteScan:
			note_cte_reader((CteScan *) plan, &demand, context);
			break;
		case T_Result:
		case T_Unique:
		case T_Group:
		case T_WindowAgg:
		case T_LockRows:
		case T_Material:
			plan->lefttree = walk(plan->lefttree, demand, context);
			break;
		case T_IncrementalSort:
		case T_Memoize:
		case T_RecursiveUnion:
			plan->lefttree = walk(plan->lefttree, one_row, context);
			plan->righttree = walk(plan->righttree, one_row, context);
			break;
		default:
			/* Scans have no children; below Gather nothing calls. */
			break;
	}
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
	(void) kind_walker((Node *) plan->initPlan, context);
	(void) kind_walker((Node *) plan->targetlist, context);
	(void) kind_walker((Node *) plan->qual, context);
	if (IsA(plan, NestLoop) || IsA(plan, HashJoin) || IsA(plan, MergeJoin))
		(void) kind_walker((Node *) ((Join *) plan)->joinqual, context);
	else if (IsA(plan, Result))
		(void) kind_walker(((Result *) plan)->resconstantqual, context);
}

static Plan *
walk(Plan *plan, CsDemand demand, CsPlanContext *context)
{
	if (plan == NULL)
		return NULL;
	check_stack_depth();
	if (plan->plan_node_id > context->last_id)
		context->last_id = plan->plan_node_id;
	note_subplans(plan, context);
	walk_children(plan, demand, context);
	plan->qual = cs_split_order_quals(plan->qual, context);
	if (IsA(plan, NestLoop) || IsA(plan, HashJoin) || IsA(plan, MergeJoin))
		((Join *) plan)->joinqual =
			cs_split_order_quals(((Join *) plan)->joinqual, context);
	if (!context->ahead || !cs_split_can_split(plan))
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
run_ahead(PlannedStmt *stmt, int cursor_options, bool keep_order)
{
	int			  n = list_length(stmt->subplans);
	CsPlanContext context = {
		.stmt = stmt,
		.last_id = n * 1000 + 100000,
		.keep_order = keep_order,
		/* What scrolls backwards cannot be read ahead. */
		.ahead = cs_guc_enable_prefetch() &&
				 (cursor_options & CURSOR_OPT_SCROLL) == 0,
		.cte_demands = palloc0((n + 1) * sizeof(CsDemand)),
		.cte_read = palloc0((n + 1) * sizeof(bool)),
		.read_whole = palloc0((n + 1) * sizeof(bool))};
	CsDemand top = {.root = true};

	/* Compiling costs more than it gains where the network is waited for. */
	stmt->jitFlags = PGJIT_NONE;
	if (!keep_order)
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
	foreach(lc, stmt->subplans)
		if (cs_sites_in_plan(lfirst(lc), stmt->subplans))
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
		run_ahead(stmt, cursor_options, rewrite.keep_order);
	return stmt;
}

void
cs_plan_init(void)
{
	prev_planner_hook = planner_hook;
	planner_hook = plan_with_prefetch;
}
