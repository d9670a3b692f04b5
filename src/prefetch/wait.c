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
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/wait.h"

#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "prefetch/sites.h"

static List *take(Plan *plan, List *subplans);

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

static bool
may_move(Node *qual, List *subplans)
{
	return cs_sites_within(qual, subplans) &&
		   !contain_volatile_functions(qual);
}

/* Takes the conditions off a list that may move. */
static List *
take_calling(List **quals, List *subplans)
{
	List	 *keep = NIL;
	List	 *moving = NIL;
	ListCell *lc;

	foreach(lc, *quals)
	{
		if (may_move(lfirst(lc), subplans))
			moving = lappend(moving, lfirst(lc));
		else
			keep = lappend(keep, lfirst(lc));
	}
	*quals = keep;
	return moving;
}

/* Would more calls be made in a subtree that is asked for more rows? */
static bool
still_calls(Plan *plan, List *subplans)
{
	Plan *copy = copyObject(plan);

	(void) take(copy, subplans);
	return cs_sites_in_plan(copy, subplans);
}

static List *
nest_params(Join *join)
{
	return IsA(join, NestLoop) ? ((NestLoop *) join)->nestParams : NIL;
}

/* Do the clauses that a join evaluates before its other conditions call? */
static bool
clauses_call(Join *join, List *subplans)
{
	List *clauses = join->joinqual;

	if (IsA(join, HashJoin))
		clauses = list_concat_copy(clauses, ((HashJoin *) join)->hashclauses);
	else if (IsA(join, MergeJoin))
		clauses =
			list_concat_copy(clauses, ((MergeJoin *) join)->mergeclauses);
	return cs_sites_within((Node *) clauses, subplans);
}

/* Can rows of its inputs be missing in a join's output? */
static bool
rules_out(Join *join)
{
	switch (join->jointype)
	{
		case JOIN_INNER:
			return join->joinqual != NIL || nest_params(join) != NIL ||
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
	if (join->jointype == JOIN_INNER && !join->inner_unique)
		join->plan.qual = list_concat(take_calling(&join->joinqual, subplans),
									  join->plan.qual);
}

/*
 * Conditions that call, taken from both inputs of a join, as conditions on
 * its input.
 */
static List *
take_from_inputs(Join *join, List *subplans)
{
	Plan *outer = join->plan.lefttree;
	Plan *inner = join->plan.righttree;
	bool  both = join->jointype == JOIN_INNER;
	List *params = nest_params(join);
	List *quals = NIL;
	bool  from_outer;
	bool  from_inner;

	if (!both && join->jointype != JOIN_SEMI && join->jointype != JOIN_ANTI &&
		join->jointype != JOIN_LEFT)
		return NIL;
	if (clauses_call(join, subplans))
		return NIL;
	from_outer = !(both ? still_calls(inner, subplans)
						: cs_sites_in_plan(inner, subplans));
	from_inner = both && !still_calls(outer, subplans);
	if (from_outer)
		quals = over_input(take(outer, subplans), OUTER_VAR, NIL);
	if (from_inner)
		quals = list_concat(
			quals, over_input(take(inner, subplans), INNER_VAR, params));
	return quals;
}

/* --- taking --- */

static bool
is_plain_scan(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_SubqueryScan:
		case T_FunctionScan:
		case T_TableFuncScan:
		case T_ValuesScan:
		case T_CteScan:
		case T_NamedTuplestoreScan:
		case T_WorkTableScan:
			return true;
		default:
			return false;
	}
}

/* A child's columns that come new at its end become ours, too. */
static List *
take_through(Plan *plan, List *subplans)
{
	return over_output(
		over_input(take(plan->lefttree, subplans), OUTER_VAR, NIL),
		&plan->targetlist, NIL);
}

static List *
take_from_join(Join *join, List *subplans)
{
	List *quals;

	loosen_clauses(join, subplans);
	quals = take_from_inputs(join, subplans);
	return over_output(
		list_concat(quals, take_calling(&join->plan.qual, subplans)),
		&join->plan.targetlist, NIL);
}

/*
 * The children of an Append, partitions mostly, may have the same conditions;
 * then they can give them up together.
 */
static List *
take_from_children(Plan *plan, List *children, List *subplans)
{
	int		  natts = list_length(plan->targetlist);
	List	 *common = NIL;
	List	 *tlist = NIL;
	ListCell *lc;

	for (int real = 0; real <= 1; real++)
	{
		foreach(lc, children)
		{
			Plan		 *child = real ? lfirst(lc) : copyObject(lfirst(lc));
			ColumnContext context = {&child->targetlist, natts + 1, NIL};
			List		 *quals;

			if (!is_plain_scan(child) ||
				list_length(child->targetlist) != natts ||
				cs_sites_within((Node *) child->targetlist, subplans))
				return NIL;
			quals = (List *) column_mutator(
				(Node *) take_calling(&child->qual, subplans), &context);
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
take(Plan *plan, List *subplans)
{
	check_stack_depth();
	if (cs_sites_within((Node *) plan->targetlist, subplans))
		return NIL;
	switch (nodeTag(plan))
	{
		case T_NestLoop:
		case T_HashJoin:
		case T_MergeJoin:
			return take_from_join((Join *) plan, subplans);
		case T_Hash:
			if (cs_sites_within((Node *) ((Hash *) plan)->hashkeys, subplans))
				return NIL;
			return take_through(plan, subplans);
		case T_Sort:
		case T_Material:
			return take_through(plan, subplans);
		case T_Append:
			return take_from_children(plan, ((Append *) plan)->appendplans,
									  subplans);
		case T_MergeAppend:
			return take_from_children(plan, ((MergeAppend *) plan)->mergeplans,
									  subplans);
		default:
			return is_plain_scan(plan)
					   ? over_output(take_calling(&plan->qual, subplans),
									 &plan->targetlist, NIL)
					   : NIL;
	}
}

/* --- the walk --- */

static void
walk_list(List *plans, List *subplans)
{
	ListCell *lc;

	foreach(lc, plans)
		cs_wait_for_joins(lfirst(lc), subplans);
}

void
cs_wait_for_joins(Plan *plan, List *subplans)
{
	if (plan == NULL)
		return;
	check_stack_depth();
	switch (nodeTag(plan))
	{
		case T_NestLoop:
		case T_HashJoin:
		case T_MergeJoin:
			loosen_clauses((Join *) plan, subplans);
			if (rules_out((Join *) plan))
				plan->qual = list_concat(
					take_from_inputs((Join *) plan, subplans), plan->qual);
			break;
		case T_SubqueryScan:
			cs_wait_for_joins(((SubqueryScan *) plan)->subplan, subplans);
			break;
		case T_Append:
			walk_list(((Append *) plan)->appendplans, subplans);
			break;
		case T_MergeAppend:
			walk_list(((MergeAppend *) plan)->mergeplans, subplans);
			break;
		default:
			break;
	}
	cs_wait_for_joins(plan->lefttree, subplans);
	cs_wait_for_joins(plan->righttree, subplans);
}
