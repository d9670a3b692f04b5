/*-------------------------------------------------------------------------
 * taint.c
 *	  Which expressions of a plan are tainted: their values may depend on an
 *	  answer.
 *
 * Columns are followed by their numbers to the node that computes them, and
 * parameters to what sets them.  What is not known how to follow is tainted
 * when something below calls.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/taint.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

#include "prefetch/plan_tree.h"
#include "prefetch/sites.h"

/* An expression of a plan node. */
typedef struct Where
{
	const CsTaint *taint;
	Plan		  *plan;
} Where;

static bool is_tainted(Node *node, Where *where);

Plan *
cs_taint_subplan(const CsTaint *taint, const SubPlan *subplan)
{
	return list_nth(taint->stmt->subplans, subplan->plan_id - 1);
}

bool
cs_taint_asks(const CsTaint *taint, Plan *plan)
{
	return cs_sites_asks_in_plan(plan, taint->stmt->subplans);
}

static bool
is_column_tainted(Plan *plan, AttrNumber attno, const CsTaint *taint)
{
	Where		 where = {taint, plan};
	TargetEntry *te;

	if (attno <= 0)
		return attno == 0 && is_tainted((Node *) plan->targetlist, &where);
	te = get_tle_by_resno(plan->targetlist, attno);
	return te == NULL || is_tainted((Node *) te->expr, &where);
}

/* A column of what a node scans, or of one of its children. */
static bool
is_var_tainted(const Var *var, Where *where)
{
	Plan	 *plan = where->plan;
	bool	  inner = var->varno == INNER_VAR;
	ListCell *lc;

	if (IsA(plan, CteScan))
		return is_column_tainted(list_nth(where->taint->stmt->subplans,
										  ((CteScan *) plan)->ctePlanId - 1),
								 var->varattno, where->taint);
	if (IsA(plan, WorkTableScan))
		return true;
	if (IsA(plan, FunctionScan) || IsA(plan, ValuesScan))
		return is_tainted((Node *) cs_plan_tree_exprs(plan, CS_EXPRS_SOURCE),
						  where);
	if (IsA(plan, TableFuncScan))
		return is_tainted((Node *) ((TableFuncScan *) plan)->tablefunc, where);
	if (cs_plan_tree_shape(plan) == CS_SHAPE_SCAN && !IsA(plan, SubqueryScan))
		return false;
	if (IsA(plan, ForeignScan))
		return false;
	foreach(lc, cs_plan_tree_children(plan))
	{
		CsPlanChild *child = lfirst(lc);

		if (inner == (child->role == CS_ROLE_INNER) &&
			is_column_tainted(*child->place, var->varattno, where->taint))
			return true;
	}
	return false;
}

static bool
sets_tainted(const CsTaintSetter *setter, int paramid, const CsTaint *taint)
{
	Where	  where = {taint, setter->plan};
	ListCell *id;
	ListCell *value;

	foreach(value, cs_plan_tree_nest_params(setter->plan))
	{
		NestLoopParam *param = lfirst(value);

		if (setter->subplan == NULL && param->paramno == paramid)
			return is_tainted((Node *) param->paramval, &where);
	}
	if (setter->subplan == NULL)
		return false;
	forboth(id, setter->subplan->parParam, value, setter->subplan->args)
		if (lfirst_int(id) == paramid)
			return is_tainted(lfirst(value), &where);
	return list_member_int(setter->subplan->setParam, paramid) &&
		   cs_taint_asks(taint, cs_taint_subplan(taint, setter->subplan));
}

/* Numbers of parameters are used again: nobody is asked while he is. */
static bool
is_param_tainted(const Param *param, const CsTaint *taint)
{
	ListCell *lc;

	if (param->paramkind != PARAM_EXEC)
		return false;
	foreach(lc, taint->setters)
	{
		CsTaintSetter *setter = lfirst(lc);
		bool		   tainted;

		if (setter->busy)
			continue;
		setter->busy = true;
		tainted = sets_tainted(setter, param->paramid, taint);
		setter->busy = false;
		if (tainted)
			return true;
	}
	return false;
}

static bool
taint_walker(Node *node, Where *where)
{
	if (node == NULL)
		return false;
	if (cs_sites_asks(node))
		return true;
	switch (nodeTag(node))
	{
		case T_Var:
			return is_var_tainted((Var *) node, where);
		case T_Param:
			return is_param_tainted((Param *) node, where->taint);
		case T_SubPlan:
			if (cs_taint_asks(
					where->taint,
					cs_taint_subplan(where->taint, (SubPlan *) node)))
				return true;
			break;
		case T_Aggref:
		case T_WindowFunc:
			if (cs_taint_asks(where->taint, where->plan))
				return true;
			break;
		case T_RangeTblFunction:
			return taint_walker(((RangeTblFunction *) node)->funcexpr, where);
		default:
			break;
	}
	return expression_tree_walker(node, taint_walker, (void *) where);
}

static bool
is_tainted(Node *node, Where *where)
{
	check_stack_depth();
	return taint_walker(node, where);
}

bool
cs_taint_of(const CsTaint *taint, Node *node, Plan *plan)
{
	Where where = {taint, plan};

	return is_tainted(node, &where);
}

bool
cs_taint_of_columns(const CsTaint *taint, Plan *plan, int n,
					const AttrNumber *columns)
{
	for (int i = 0; i < n; i++)
		if (is_column_tainted(plan, columns[i], taint))
			return true;
	return false;
}

/* --- what sets parameters --- */

typedef struct CollectContext
{
	Plan *plan;
	List *setters;
} CollectContext;

static void
add_setter(CollectContext *collect, SubPlan *subplan)
{
	CsTaintSetter *setter = palloc0(sizeof(CsTaintSetter));

	setter->plan = collect->plan;
	setter->subplan = subplan;
	collect->setters = lappend(collect->setters, setter);
}

static bool
collect_walker(Node *node, CollectContext *collect)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan))
		add_setter(collect, (SubPlan *) node);
	if (IsA(node, RangeTblFunction))
		return collect_walker(((RangeTblFunction *) node)->funcexpr, collect);
	return expression_tree_walker(node, collect_walker, (void *) collect);
}

static void
collect(Plan *plan, CollectContext *context)
{
	ListCell *lc;

	check_stack_depth();
	context->plan = plan;
	if (IsA(plan, NestLoop))
		add_setter(context, NULL);
	(void) collect_walker(
		(Node *) list_make2(cs_plan_tree_conditions(plan),
							cs_plan_tree_exprs(plan, CS_EXPRS_TARGETS |
														 CS_EXPRS_INITS |
														 CS_EXPRS_SOURCE)),
		context);
	foreach(lc, cs_plan_tree_children(plan))
		collect(*((CsPlanChild *) lfirst(lc))->place, context);
}

void
cs_taint_init(CsTaint *taint, PlannedStmt *stmt)
{
	CollectContext context = {NULL, NIL};
	ListCell	  *lc;

	collect(stmt->planTree, &context);
	foreach(lc, stmt->subplans)
		if (lfirst(lc) != NULL)
			collect(lfirst(lc), &context);
	taint->stmt = stmt;
	taint->setters = context.setters;
}
