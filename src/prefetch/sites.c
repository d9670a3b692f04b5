/*-------------------------------------------------------------------------
 * sites.c
 *	  Which calls an expression makes, and which of them for certain.
 *
 * Certain is a matter of money: a call started ahead that the expression then
 * does not make is billed all the same.  So what is not known to evaluate an
 * argument counts as not evaluating it: the walker has a white list.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/sites.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"

#include "prefetch/plan_tree.h"
#include "session/asking.h"

/* Functions of users have OIDs from here on; ours are among them. */
bool
cs_sites_is(const Node *node)
{
	return node != NULL && IsA(node, FuncExpr) &&
		   ((const FuncExpr *) node)->funcid >= FirstNormalObjectId &&
		   cs_asking_by_oid(((const FuncExpr *) node)->funcid) != NULL;
}

bool
cs_sites_asks(const Node *node)
{
	return node != NULL && IsA(node, FuncExpr) &&
		   ((const FuncExpr *) node)->funcid >= FirstNormalObjectId &&
		   cs_asking_is(((const FuncExpr *) node)->funcid);
}

bool
cs_sites_sets(const Node *node)
{
	return IsA(node, FuncExpr) &&
		   ((const FuncExpr *) node)->funcid == F_SET_CONFIG;
}

/* --- calls anywhere --- */

typedef struct WithinContext
{
	bool (*is)(const Node *node); /* what is looked for */
	List *subplans;
} WithinContext;

static bool within_walker(Node *node, WithinContext *context);

/* Keys of a hash join are parts of its clauses. */
static bool
within_plan(Plan *plan, WithinContext *context)
{
	ListCell *lc;

	/* The form of a sub-plan that the planner dropped. */
	if (plan == NULL)
		return false;
	check_stack_depth();
	if (within_walker(
			(Node *) cs_plan_tree_exprs(plan, CS_EXPRS_ALL & ~CS_EXPRS_KEYS),
			context))
		return true;
	foreach(lc, cs_plan_tree_children(plan))
		if (within_plan(*((CsPlanChild *) lfirst(lc))->place, context))
			return true;
	return false;
}

static bool
within_walker(Node *node, WithinContext *context)
{
	if (node == NULL)
		return false;
	if (context->is(node))
		return true;
	if (IsA(node, SubPlan) && context->subplans != NIL &&
		within_plan(
			list_nth(context->subplans, ((SubPlan *) node)->plan_id - 1),
			context))
		return true;
	if (IsA(node, RangeTblFunction))
		return within_walker(((RangeTblFunction *) node)->funcexpr, context);
	return expression_tree_walker(node, within_walker, (void *) context);
}

bool
cs_sites_within(const Node *node, List *subplans)
{
	WithinContext context = {cs_sites_is, subplans};

	return within_walker(unconstify(Node *, node), &context);
}

bool
cs_sites_in_plan(Plan *plan, List *subplans)
{
	WithinContext context = {cs_sites_is, subplans};

	return within_plan(plan, &context);
}

bool
cs_sites_asks_in_plan(Plan *plan, List *subplans)
{
	WithinContext context = {cs_sites_asks, subplans};

	return within_plan(plan, &context);
}

bool
cs_sites_set_in_plan(PlannedStmt *stmt)
{
	WithinContext context = {cs_sites_sets, stmt->subplans};
	ListCell	 *lc;

	if (within_plan(stmt->planTree, &context))
		return true;
	foreach(lc, stmt->subplans)
		if (lfirst(lc) != NULL && within_plan(lfirst(lc), &context))
			return true;
	return false;
}

/* --- calls for certain --- */

typedef struct CertainContext
{
	List *subplans;
	List *calls;
} CertainContext;

static void certain(Node *node, CertainContext *context);

static void
certain_list(List *list, CertainContext *context)
{
	ListCell *lc;

	foreach(lc, list)
		certain(lfirst(lc), context);
}

static bool
subplan_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) ||
		IsA(node, SubLink))
		return true;
	return expression_tree_walker(node, subplan_walker, context);
}

/* Can the arguments be evaluated once more, earlier, without anyone noticing? */
static bool
can_run_ahead(FuncExpr *call)
{
	return !cs_sites_within((Node *) call->args, NIL) &&
		   !contain_volatile_functions((Node *) call->args) &&
		   !subplan_walker((Node *) call->args, NULL);
}

static void
certain_call(FuncExpr *call, CertainContext *context)
{
	if (cs_sites_is((Node *) call) && can_run_ahead(call))
		context->calls = list_append_unique(context->calls, call);
	else
		certain_list(call->args, context);
}

/*
 * A sub-select that gives one value, or the columns of SET (...) = (SELECT ...),
 * runs once per evaluation.
 */
static void
certain_subplan(SubPlan *subplan, CertainContext *context)
{
	if ((subplan->subLinkType != EXPR_SUBLINK &&
		 subplan->subLinkType != MULTIEXPR_SUBLINK) ||
		subplan->useHashTable || context->subplans == NIL)
		return;
	context->calls = list_concat_unique(
		context->calls, cs_sites_certain_in_plan(
							list_nth(context->subplans, subplan->plan_id - 1),
							subplan->parParam, subplan->args));
}

/* Of a CASE the test, and the first condition, are evaluated in any case. */
static void
certain_case(CaseExpr *expr, CertainContext *context)
{
	certain((Node *) expr->arg, context);
	if (expr->arg == NULL && expr->args != NIL)
		certain((Node *) ((CaseWhen *) linitial(expr->args))->expr, context);
}

static void
certain(Node *node, CertainContext *context)
{
	if (node == NULL)
		return;
	switch (nodeTag(node))
	{
		case T_FuncExpr:
			certain_call((FuncExpr *) node, context);
			break;
		case T_OpExpr:
		case T_DistinctExpr:
			certain_list(((OpExpr *) node)->args, context);
			break;
		case T_ScalarArrayOpExpr:
			certain_list(((ScalarArrayOpExpr *) node)->args, context);
			break;
		case T_BoolExpr:
			/* Of AND and OR the first argument only; NOT has one. */
			certain(linitial(((BoolExpr *) node)->args), context);
			break;
		case T_CoalesceExpr:
			certain(linitial(((CoalesceExpr *) node)->args), context);
			break;
		case T_CaseExpr:
			certain_case((CaseExpr *) node, context);
			break;
		case T_MinMaxExpr:
			certain_list(((MinMaxExpr *) node)->args, context);
			break;
		case T_ArrayExpr:
			certain_list(((ArrayExpr *) node)->elements, context);
			break;
		case T_RowExpr:
			certain_list(((RowExpr *) node)->args, context);
			break;
		case T_RelabelType:
			certain((Node *) ((RelabelType *) node)->arg, context);
			break;
		case T_CoerceViaIO:
			certain((Node *) ((CoerceViaIO *) node)->arg, context);
			break;
		case T_ArrayCoerceExpr:
			certain((Node *) ((ArrayCoerceExpr *) node)->arg, context);
			break;
		case T_ConvertRowtypeExpr:
			certain((Node *) ((ConvertRowtypeExpr *) node)->arg, context);
			break;
		case T_CoerceToDomain:
			certain((Node *) ((CoerceToDomain *) node)->arg, context);
			break;
		case T_CollateExpr:
			certain((Node *) ((CollateExpr *) node)->arg, context);
			break;
		case T_FieldSelect:
			certain((Node *) ((FieldSelect *) node)->arg, context);
			break;
		case T_SubscriptingRef:
			certain((Node *) ((SubscriptingRef *) node)->refexpr, context);
			break;
		case T_NullTest:
			certain((Node *) ((NullTest *) node)->arg, context);
			break;
		case T_BooleanTest:
			certain((Node *) ((BooleanTest *) node)->arg, context);
			break;
		case T_TargetEntry:
			certain((Node *) ((TargetEntry *) node)->expr, context);
			break;
		case T_SubPlan:
			certain_subplan((SubPlan *) node, context);
			break;
		case T_List:
			certain_list((List *) node, context);
			break;
		default:
			break;
	}
}

List *
cs_sites_certain(Node *node, List *subplans)
{
	CertainContext context = {subplans, NIL};

	certain(node, &context);
	return context.calls;
}

/* --- calls of a plan that runs for one row --- */

typedef struct ReplaceContext
{
	List *ids;
	List *values;
	bool  failed; /* something else is needed, too */
} ReplaceContext;

static Node *
replace_params(Node *node, ReplaceContext *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
		context->failed = true;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
	{
		ListCell *id;
		ListCell *value;

		forboth(id, context->ids, value, context->values)
			if (lfirst_int(id) == ((Param *) node)->paramid)
				return copyObject(lfirst(value));
		context->failed = true;
	}
	return expression_tree_mutator(node, replace_params, (void *) context);
}

static List *
replaced(List *calls, List *ids, List *values)
{
	List	 *result = NIL;
	ListCell *lc;

	foreach(lc, calls)
	{
		ReplaceContext context = {ids, values, false};
		Node		  *call = replace_params(lfirst(lc), &context);

		if (!context.failed)
			result = lappend(result, call);
	}
	return result;
}

List *
cs_sites_certain_in_plan(Plan *plan, List *ids, List *values)
{
	List *exprs = cs_plan_tree_first_exprs(plan);

	return replaced(cs_sites_certain((Node *) exprs, NIL), ids, values);
}
