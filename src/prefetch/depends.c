/*-------------------------------------------------------------------------
 * depends.c
 *	  May what a plan asks depend on what it is answered?
 *
 * A question depends on an answer when its arguments are tainted (taint.c);
 * when a CASE, an AND or the like, decides by a tainted value whether it is
 * asked; or when its row is there, or is asked for, because of a tainted
 * condition.
 *
 * All is read off the finished plan, where functions of SQL that can be are
 * inlined and columns are known by number.  Lists are in the current memory
 * context.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/depends.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/syscache.h"

#include "prefetch/plan_tree.h"
#include "prefetch/sites.h"
#include "prefetch/taint.h"

typedef struct DependsContext
{
	CsTaint taint;
	bool	depends;
} DependsContext;

/* An expression of a plan node. */
typedef struct Where
{
	DependsContext *context;
	Plan		   *plan;
} Where;

/* What is known of the rows of a plan. */
typedef struct Traits
{
	bool asks;
	bool filters; /* which rows there are depends on an answer */
	bool orders;  /* and so does their order */
	bool late;	  /* and something is asked for them in that order */
} Traits;

static bool
is_tainted(Node *node, const Where *where)
{
	return cs_taint_of(&where->context->taint, node, where->plan);
}

/* --- expressions --- */

typedef struct FindContext
{
	Where *where;
	List  *found;
} FindContext;

/* Does a sub-plan that runs once, when its result is first used, call? */
static bool
does_param_ask(const Param *param, DependsContext *context)
{
	ListCell *lc;

	foreach(lc, context->taint.setters)
	{
		const CsTaintSetter *setter = lfirst(lc);

		if (setter->subplan != NULL && param->paramkind == PARAM_EXEC &&
			list_member_int(setter->subplan->setParam, param->paramid))
			return cs_taint_asks(
				&context->taint,
				cs_taint_subplan(&context->taint, setter->subplan));
	}
	return false;
}

/* Is it a function of users, in whose body calls may be? */
static bool
is_opaque(Oid funcid, void *context)
{
	HeapTuple tuple;
	Oid		  language;

	if (funcid < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	if (!HeapTupleIsValid(tuple))
		return true;
	language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	ReleaseSysCache(tuple);
	return language != ClanguageId && language != INTERNALlanguageId;
}

/*
 * What asks, or may, as nodes: calls, functions of users, sub-plans that ask,
 * and parameters that they set.
 */
static bool
find_walker(Node *node, FindContext *find)
{
	if (node == NULL)
		return false;
	if (cs_sites_asks(node) ||
		check_functions_in_node(node, is_opaque, NULL) ||
		(IsA(node, SubPlan) &&
		 cs_taint_asks(&find->where->context->taint,
					   cs_taint_subplan(&find->where->context->taint,
										(SubPlan *) node))) ||
		(IsA(node, Param) &&
		 does_param_ask((Param *) node, find->where->context)))
		find->found = lappend(find->found, node);
	if (IsA(node, RangeTblFunction))
		return find_walker(((RangeTblFunction *) node)->funcexpr, find);
	return expression_tree_walker(node, find_walker, (void *) find);
}

static List *
askers(Node *node, Where *where)
{
	FindContext find = {where, NIL};

	(void) find_walker(node, &find);
	return find.found;
}

/* What decides whether something is evaluated, and what that has asked. */
typedef struct Guard
{
	bool  tainted;
	List *asked;
} Guard;

/* Something is evaluated only where the guard lets it. */
static void
check_behind(const Guard *guard, Node *node, Where *where)
{
	if (guard->tainted && list_difference(askers(node, where), guard->asked))
		where->context->depends = true;
}

static void
add_to_guard(Guard *guard, Node *node, Where *where)
{
	check_behind(guard, node, where);
	guard->tainted = guard->tainted || is_tainted(node, where);
	guard->asked = list_concat(guard->asked, askers(node, where));
}

/* Each is evaluated only as the values of those before it want it. */
static Guard
check_in_turn(List *exprs, Where *where)
{
	Guard	  guard = {false, NIL};
	ListCell *lc;

	foreach(lc, exprs)
		add_to_guard(&guard, lfirst(lc), where);
	return guard;
}

static void
check_case(const CaseExpr *expr, Where *where)
{
	Guard	  guard = {false, NIL};
	ListCell *lc;

	add_to_guard(&guard, (Node *) expr->arg, where);
	foreach(lc, expr->args)
	{
		const CaseWhen *when = lfirst(lc);

		add_to_guard(&guard, (Node *) when->expr, where);
		check_behind(&guard, (Node *) when->result, where);
	}
	check_behind(&guard, (Node *) expr->defresult, where);
}

static void
check_subscripts(const SubscriptingRef *ref, Where *where)
{
	List *exprs = list_make1(ref->refexpr);

	exprs = list_concat(exprs, ref->refupperindexpr);
	exprs = list_concat(exprs, ref->reflowerindexpr);
	(void) check_in_turn(exprs, where);
}

static bool
guard_walker(Node *node, Where *where)
{
	if (node == NULL)
		return false;
	if (cs_sites_asks(node) &&
		is_tainted((Node *) ((FuncExpr *) node)->args, where))
		where->context->depends = true;
	switch (nodeTag(node))
	{
		case T_BoolExpr:
			(void) check_in_turn(((BoolExpr *) node)->args, where);
			break;
		case T_CoalesceExpr:
			(void) check_in_turn(((CoalesceExpr *) node)->args, where);
			break;
		case T_RowCompareExpr:
			(void) check_in_turn(
				list_concat_copy(((RowCompareExpr *) node)->largs,
								 ((RowCompareExpr *) node)->rargs),
				where);
			break;
		case T_CaseExpr:
			check_case((CaseExpr *) node, where);
			break;
		case T_SubscriptingRef:
			check_subscripts((SubscriptingRef *) node, where);
			break;
		case T_Aggref:
			(void) check_in_turn(list_make2(((Aggref *) node)->aggfilter,
											((Aggref *) node)->args),
								 where);
			break;
		case T_WindowFunc:
			(void) check_in_turn(list_make2(((WindowFunc *) node)->aggfilter,
											((WindowFunc *) node)->args),
								 where);
			break;
		case T_RangeTblFunction:
			return guard_walker(((RangeTblFunction *) node)->funcexpr, where);
		default:
			break;
	}
	return expression_tree_walker(node, guard_walker, (void *) where);
}

/* --- plan nodes --- */

static Traits examine(Plan *plan, DependsContext *context);

/* Two inputs, of which one may be read only as the other has rows. */
static void
add_traits(Traits *sum, Traits more, bool apart, DependsContext *context)
{
	if (!apart && ((sum->filters && more.asks) || (more.filters && sum->asks)))
		context->depends = true;
	sum->late =
		sum->late || more.late ||
		(!apart && ((sum->orders && more.asks) || (more.orders && sum->asks)));
	sum->asks = sum->asks || more.asks;
	sum->filters = sum->filters || more.filters;
	sum->orders = sum->orders || more.orders;
}

/* Does a sub-select in an expression stop at a row that suits? */
static bool
stops_early(const SubPlan *subplan)
{
	return !subplan->useHashTable && (subplan->subLinkType == EXISTS_SUBLINK ||
									  subplan->subLinkType == ANY_SUBLINK ||
									  subplan->subLinkType == ALL_SUBLINK);
}

static Traits
examine_subplan(SubPlan *subplan, DependsContext *context)
{
	Traits traits =
		examine(cs_taint_subplan(&context->taint, subplan), context);

	if (traits.asks && stops_early(subplan) &&
		(traits.filters || traits.late ||
		 subplan->subLinkType != EXISTS_SUBLINK))
		context->depends = true;
	return traits;
}

static Traits
inputs_of(Plan *plan, DependsContext *context)
{
	bool	  apart = cs_plan_tree_shape(plan) == CS_SHAPE_MEMBERS;
	Traits	  traits = {false, false, false, false};
	ListCell *lc;

	if (IsA(plan, CteScan))
		return examine(list_nth(context->taint.stmt->subplans,
								((CteScan *) plan)->ctePlanId - 1),
					   context);
	foreach(lc, cs_plan_tree_children(plan))
		add_traits(&traits,
				   examine(*((CsPlanChild *) lfirst(lc))->place, context),
				   apart, context);
	return traits;
}

static bool
takes_one(Plan *plan)
{
	Join *join = cs_plan_tree_join(plan);

	return join != NULL &&
		   (join->inner_unique || join->jointype == JOIN_SEMI ||
			join->jointype == JOIN_ANTI || IsA(plan, MergeJoin));
}

static bool
is_bound_tainted(Plan *plan, Where *where)
{
	return IsA(plan, Limit) &&
		   (is_tainted(((Limit *) plan)->limitCount, where) ||
			is_tainted(((Limit *) plan)->limitOffset, where));
}

/* Which rows get through depends on an answer by more than the conditions. */
static bool
selects(Plan *plan, Traits inputs, Where *where)
{
	DependsContext *context = where->context;
	Plan		   *below = outerPlan(plan);

	switch (nodeTag(plan))
	{
		case T_Limit:
			return inputs.orders || is_bound_tainted(plan, where);
		case T_Agg:
			return cs_taint_of_columns(&context->taint, below,
									   ((Agg *) plan)->numCols,
									   ((Agg *) plan)->grpColIdx) ||
				   (((Agg *) plan)->groupingSets != NIL && inputs.asks);
		case T_Group:
			return cs_taint_of_columns(&context->taint, below,
									   ((Group *) plan)->numCols,
									   ((Group *) plan)->grpColIdx);
		case T_Unique:
			return cs_taint_of_columns(&context->taint, below,
									   ((Unique *) plan)->numCols,
									   ((Unique *) plan)->uniqColIdx);
		case T_SetOp:
			return inputs.asks;
		case T_FunctionScan:
			return is_tainted(
				(Node *) cs_plan_tree_exprs(plan, CS_EXPRS_SOURCE), where);
		case T_TableFuncScan:
			return is_tainted((Node *) ((TableFuncScan *) plan)->tablefunc,
							  where);
		case T_ProjectSet:
			return is_tainted((Node *) plan->targetlist, where);
		case T_ForeignScan:
			return is_tainted((Node *) ((ForeignScan *) plan)->fdw_exprs,
							  where);
		default:
			return false;
	}
}

/* Who stops early stops by what it has seen. */
static bool
stops_by_an_answer(Plan *plan, Traits inputs, bool selective, Where *where)
{
	bool stops = inputs.filters || inputs.late;

	if (IsA(plan, Limit))
		return stops || is_bound_tainted(plan, where);
	return takes_one(plan) && (stops || selective);
}

static bool
sorts_by_an_answer(Plan *plan, DependsContext *context)
{
	if (IsA(plan, Sort) || IsA(plan, IncrementalSort))
		return cs_taint_of_columns(&context->taint, plan,
								   ((Sort *) plan)->numCols,
								   ((Sort *) plan)->sortColIdx);
	if (IsA(plan, MergeAppend))
		return cs_taint_of_columns(&context->taint, plan,
								   ((MergeAppend *) plan)->numCols,
								   ((MergeAppend *) plan)->sortColIdx);
	return false;
}

/* The sub-selects in a node's expressions, and those that run once for it. */
static void
examine_subplans(Plan *plan, Traits *traits, DependsContext *context)
{
	ListCell *lc;

	foreach(lc, context->taint.setters)
	{
		CsTaintSetter *setter = lfirst(lc);

		/* Rows of a CTE are counted where they are read. */
		if (setter->plan == plan && setter->subplan != NULL &&
			setter->subplan->subLinkType != CTE_SUBLINK)
			add_traits(traits, examine_subplan(setter->subplan, context), true,
					   context);
	}
}

static Traits
examine(Plan *plan, DependsContext *context)
{
	Where  where = {context, plan};
	Traits inputs;
	Traits traits;
	Guard  conditions;
	List  *all;
	bool   selective;
	bool   own_asks;

	check_stack_depth();
	inputs = traits = inputs_of(plan, context);
	all = list_make3(cs_plan_tree_conditions(plan), plan->targetlist,
					 cs_plan_tree_exprs(plan, CS_EXPRS_SOURCE));
	(void) guard_walker((Node *) all, &where);
	conditions = check_in_turn(cs_plan_tree_conditions(plan), &where);
	check_behind(&conditions, (Node *) plan->targetlist, &where);
	selective = conditions.tainted || selects(plan, inputs, &where);

	/* What a node asks it asks for the rows that it gets. */
	own_asks = askers((Node *) all, &where) != NIL;
	if (inputs.filters && own_asks)
		context->depends = true;
	if (IsA(plan, RecursiveUnion) && inputs.asks)
		context->depends = true;
	if (inputs.asks && stops_by_an_answer(plan, inputs, selective, &where))
		context->depends = true;
	examine_subplans(plan, &traits, context);
	traits.asks = traits.asks || own_asks;
	traits.late = traits.late || (inputs.orders && own_asks);
	traits.filters = traits.filters || selective;
	traits.orders = traits.orders || sorts_by_an_answer(plan, context);
	return traits;
}

/* --- the statement --- */

bool
cs_depends_within(PlannedStmt *stmt)
{
	DependsContext context = {.depends = false};

	cs_taint_init(&context.taint, stmt);
	(void) examine(stmt->planTree, &context);
	return context.depends;
}
