/*-------------------------------------------------------------------------
 * wait.c
 *	  After planning: conditions that call wait for the joins around them.
 *
 * PostgreSQL evaluates a condition on one table while it scans that table,
 * and pays for rows that a join then rules out.  Here such a condition is taken
 * off the scan and put onto the join: what is asked after a join was never
 * more than before it.
 *
 * On its way up, what the condition needs of a node becomes columns at the end
 * of that node's target list, so that nobody's numbers change.  A condition
 * stays where it is when its rows would then make other calls in between: in a
 * target list, in a join's clauses, on the other side of the join.
 *
 * The planner has used conditions, too, and that must not go wrong when one
 * moves.  With those of its inner side it may have proven that a join finds one
 * row at most: what leaves that side takes the proof with it.  With equalities
 * it may know that rows in the order of one column are in that of another: they
 * stay where a merge relies on an order.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/wait.h"

#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "prefetch/plan_tree.h"
#include "prefetch/sites.h"

/* What is looked at while conditions are taken off. */
typedef struct Taking
{
	List *subplans; /* of the statement */
	bool  in_order; /* the order of rows matters on their way up */
} Taking;

static List *take(Plan *plan, const Taking *taking);

/* --- columns --- */

typedef struct ColumnContext
{
	List **tlist;  /* grows at its end */
	int	   first;  /* columns from this one on are found again */
	List  *params; /* of a nested loop: NestLoopParam */
} ColumnContext;

static Node *
column_of(Node *leaf, ColumnContext *context)
{
	ListCell *lc;
	int		  resno = 0;

	foreach(lc, *context->tlist)
	{
		TargetEntry *te = lfirst(lc);

		if (te->resno >= context->first && equal(te->expr, leaf))
		{
			resno = te->resno;
			break;
		}
	}
	if (resno == 0)
	{
		resno = list_length(*context->tlist) + 1;
		*context->tlist =
			lappend(*context->tlist, makeTargetEntry(copyObject((Expr *) leaf),
													 resno, NULL, false));
	}
	return (Node *) makeVar(INDEX_VAR, resno, exprType(leaf), exprTypmod(leaf),
							exprCollation(leaf), 0);
}

/* What a nested loop hands to its inner side it knows from its outer one. */
static Node *
value_of_param(Node *node, List *params)
{
	ListCell *lc;

	if (!IsA(node, Param) || ((Param *) node)->paramkind != PARAM_EXEC)
		return NULL;
	foreach(lc, params)
	{
		NestLoopParam *param = lfirst(lc);

		if (param->paramno == ((Param *) node)->paramid)
			return (Node *) param->paramval;
	}
	return NULL;
}

static Node *
column_mutator(Node *node, ColumnContext *context)
{
	Node *value;

	if (node == NULL)
		return NULL;
	value = value_of_param(node, context->params);
	if (value != NULL)
		return column_of(value, context);
	if (IsA(node, Var))
		return column_of(node, context);
	return expression_tree_mutator(node, column_mutator, (void *) context);
}

/* Conditions on a node's input, as conditions on its output. */
static List *
over_output(List *quals, List **tlist, List *params)
{
	ColumnContext context = {tlist, 1, params};

	return (List *) column_mutator((Node *) quals, &context);
}

typedef struct SideContext
{
	int	  varno; /* OUTER_VAR or INNER_VAR */
	List *params;
} SideContext;

static Node *
side_mutator(Node *node, SideContext *context)
{
	Node *value;

	if (node == NULL)
		return NULL;
	value = value_of_param(node, context->params);
	if (value != NULL)
		return copyObject(value);
	if (IsA(node, Var) && ((Var *) node)->varno == INDEX_VAR)
	{
		Var *var = copyObject((Var *) node);

		var->varno = context->varno;
		return (Node *) var;
	}
	return expression_tree_mutator(node, side_mutator, (void *) context);
}

/* Conditions on a child's output, as conditions on the input of its parent. */
static List *
over_input(List *quals, int varno, List *params)
{
	SideContext context = {varno, params};

	return (List *) side_mutator((Node *) quals, &context);
}

/* --- what may move --- */

/* One that the planner may have drawn conclusions from about orders. */
static bool
is_equality(Node *qual)
{
	OpExpr *op = (OpExpr *) qual;

	return IsA(qual, OpExpr) && list_length(op->args) == 2 &&
		   op_mergejoinable(op->opno, exprType(linitial(op->args)));
}

static bool
may_move(Node *qual, const Taking *taking)
{
	return cs_sites_within(qual, taking->subplans) &&
		   !contain_volatile_functions(qual) &&
		   !(taking->in_order && is_equality(qual));
}

/* Takes the conditions off a list that may move. */
static List *
take_calling(List **quals, const Taking *taking)
{
	List	 *keep = NIL;
	List	 *moving = NIL;
	ListCell *lc;

	foreach(lc, *quals)
	{
		if (may_move(lfirst(lc), taking))
			moving = lappend(moving, lfirst(lc));
		else
			keep = lappend(keep, lfirst(lc));
	}
	*quals = keep;
	return moving;
}

/* Would more calls be made in a subtree that is asked for more rows? */
static bool
still_calls(Plan *plan, const Taking *taking)
{
	Plan *copy = copyObject(plan);

	(void) take(copy, taking);
	return cs_sites_in_plan(copy, taking->subplans);
}

/* Do the clauses that a join evaluates before its other conditions call? */
static bool
clauses_call(Join *join, List *subplans)
{
	return cs_sites_within(
		(Node *) cs_plan_tree_exprs(&join->plan,
									CS_EXPRS_JOINQUAL | CS_EXPRS_CLAUSES),
		subplans);
}

/* Can rows of its inputs be missing in a join's output? */
static bool
rules_out(Join *join)
{
	switch (join->jointype)
	{
		case JOIN_INNER:
			return join->joinqual != NIL ||
				   cs_plan_tree_nest_params(&join->plan) != NIL ||
				   !IsA(join, NestLoop);
		case JOIN_SEMI:
		case JOIN_ANTI:
			return true;
		default:
			return false;
	}
}

/*
 * An inner join's own conditions that call come after the others, so that a
 * node of ours can run ahead of them.  Where an inner row is known to be the
 * only one, that may rest on the clause itself.
 */
static void
loosen_clauses(Join *join, List *subplans)
{
	Taking taking = {subplans, false};

	if (join->jointype == JOIN_INNER && !join->inner_unique)
		join->plan.qual = list_concat(take_calling(&join->joinqual, &taking),
									  join->plan.qual);
}

/*
 * Conditions on the inner side may be why there is but one row of it for each
 * outer one.  A join that goes on looking for a second is right without; that
 * makes no more calls where none are left below.  A merge join that saves
 * itself going back cannot, for nobody made its inner side fit to be marked.
 */
static bool
may_lose_unique(Join *join, const Taking *taking)
{
	if (!join->inner_unique)
		return true;
	return !(IsA(join, MergeJoin) &&
			 ((MergeJoin *) join)->skip_mark_restore) &&
		   !still_calls(join->plan.righttree, taking);
}

static List *
take_from_inner(Join *join, const Taking *taking)
{
	List *quals = take(join->plan.righttree, taking);

	if (quals != NIL)
		join->inner_unique = false;
	return over_input(quals, INNER_VAR, cs_plan_tree_nest_params(&join->plan));
}

/*
 * Conditions that call, taken from both inputs of a join, as conditions on
 * its input.
 */
static List *
take_from_inputs(Join *join, const Taking *above)
{
	Taking taking = {above->subplans, above->in_order || IsA(join, MergeJoin)};
	Plan  *outer = join->plan.lefttree;
	Plan  *inner = join->plan.righttree;
	bool   both = join->jointype == JOIN_INNER;
	List  *quals = NIL;
	bool   from_outer;
	bool   from_inner;

	if (!both && join->jointype != JOIN_SEMI && join->jointype != JOIN_ANTI &&
		join->jointype != JOIN_LEFT)
		return NIL;
	if (clauses_call(join, taking.subplans))
		return NIL;
	from_outer = !(both ? still_calls(inner, &taking)
						: cs_sites_in_plan(inner, taking.subplans));
	from_inner =
		both && !still_calls(outer, &taking) && may_lose_unique(join, &taking);
	if (from_outer)
		quals = over_input(take(outer, &taking), OUTER_VAR, NIL);
	if (from_inner)
		quals = list_concat(quals, take_from_inner(join, &taking));
	return quals;
}

/* --- taking --- */

/* A child's columns that come new at its end become ours, too. */
static List *
take_through(Plan *plan, const Taking *taking)
{
	return over_output(
		over_input(take(plan->lefttree, taking), OUTER_VAR, NIL),
		&plan->targetlist, NIL);
}

static List *
take_from_join(Join *join, const Taking *taking)
{
	List *quals;

	loosen_clauses(join, taking->subplans);
	quals = take_from_inputs(join, taking);
	return over_output(
		list_concat(quals, take_calling(&join->plan.qual, taking)),
		&join->plan.targetlist, NIL);
}

/*
 * The children of an Append, partitions mostly, may have the same conditions;
 * then they can give them up together.
 */
static List *
take_from_members(Plan *plan, const Taking *above)
{
	Taking	  taking = {above->subplans,
						above->in_order || IsA(plan, MergeAppend)};
	List	 *children = cs_plan_tree_children(plan);
	int		  natts = list_length(plan->targetlist);
	List	 *common = NIL;
	List	 *tlist = NIL;
	ListCell *lc;

	for (int real = 0; real <= 1; real++)
	{
		foreach(lc, children)
		{
			Plan		 *own = *((CsPlanChild *) lfirst(lc))->place;
			Plan		 *child = real ? own : copyObject(own);
			ColumnContext context = {&child->targetlist, natts + 1, NIL};
			List		 *quals;

			if (cs_plan_tree_shape(child) != CS_SHAPE_SCAN ||
				list_length(child->targetlist) != natts ||
				cs_sites_within((Node *) child->targetlist, taking.subplans))
				return NIL;
			quals = (List *) column_mutator(
				(Node *) take_calling(&child->qual, &taking), &context);
			if (lc == list_head(children))
			{
				common = quals;
				tlist = child->targetlist;
			}
			else if (!equal(quals, common))
				return NIL;
		}
	}

	/* Ours are the same, as columns of a child. */
	for (int i = natts; i < list_length(tlist); i++)
	{
		TargetEntry *te = flatCopyTargetEntry(list_nth(tlist, i));

		te->expr =
			(Expr *) makeVar(OUTER_VAR, te->resno, exprType((Node *) te->expr),
							 exprTypmod((Node *) te->expr),
							 exprCollation((Node *) te->expr), 0);
		plan->targetlist = lappend(plan->targetlist, te);
	}
	return common;
}

/*
 * Takes the conditions that call off a subtree, as conditions on its output,
 * whose columns are INDEX_VAR.
 */
static List *
take(Plan *plan, const Taking *taking)
{
	check_stack_depth();
	if (cs_sites_within((Node *) plan->targetlist, taking->subplans))
		return NIL;
	switch (cs_plan_tree_shape(plan))
	{
		case CS_SHAPE_JOIN:
			return take_from_join((Join *) plan, taking);
		case CS_SHAPE_COPY:
			if (cs_sites_within(
					(Node *) cs_plan_tree_exprs(plan, CS_EXPRS_KEYS),
					taking->subplans))
				return NIL;
			return take_through(plan, taking);
		case CS_SHAPE_MEMBERS:
			return take_from_members(plan, taking);
		case CS_SHAPE_SCAN:
			return over_output(take_calling(&plan->qual, taking),
							   &plan->targetlist, NIL);
		case CS_SHAPE_OTHER:
			break;
	}
	return NIL;
}

/* --- the walk --- */

void
cs_wait_for_joins(Plan *plan, List *subplans)
{
	Taking	  taking = {subplans, false};
	Join	 *join;
	ListCell *lc;

	if (plan == NULL)
		return;
	check_stack_depth();
	join = cs_plan_tree_join(plan);
	if (join != NULL)
	{
		loosen_clauses(join, subplans);
		if (rules_out(join))
			plan->qual =
				list_concat(take_from_inputs(join, &taking), plan->qual);
	}
	foreach(lc, cs_plan_tree_children(plan))
	{
		CsPlanChild *child = lfirst(lc);

		/* What another extension does with its plans, nobody knows. */
		if (child->role != CS_ROLE_PRIVATE)
			cs_wait_for_joins(*child->place, subplans);
	}
}
