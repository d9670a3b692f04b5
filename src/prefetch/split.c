/*-------------------------------------------------------------------------
 * split.c
 *	  After planning: puts the node that runs ahead above or below one node.
 *
 * Split: a node whose target list or conditions call gives its inputs' columns
 * (the leaves) instead; one node of ours per calling condition, and one for the
 * target list, go on top of it.  Numbers and names of the original columns
 * stay, so that nothing above needs a change.
 *
 * Pass: where the node above has to evaluate the call itself (aggregates'
 * arguments, functions that return sets, a lateral row on the inner side of a
 * nested loop), a node of ours that hands rows on unchanged goes below it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/split.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "prefetch/plan_tree.h"
#include "prefetch/sites.h"

/* --- leaves --- */

typedef struct LeafContext
{
	List *leaves; /* the new target list of the node below */
} LeafContext;

static Var *
leaf_var(LeafContext *context, Node *leaf)
{
	ListCell *lc;
	int		  resno = 0;

	foreach(lc, context->leaves)
	{
		TargetEntry *te = lfirst(lc);

		if (equal(te->expr, leaf))
		{
			resno = te->resno;
			break;
		}
	}
	if (resno == 0)
	{
		resno = list_length(context->leaves) + 1;
		context->leaves =
			lappend(context->leaves,
					makeTargetEntry((Expr *) leaf, resno, NULL, false));
	}
	return makeVar(INDEX_VAR, resno, exprType(leaf), exprTypmod(leaf),
				   exprCollation(leaf), 0);
}

/* Puts columns of ours in the place of what only the node below can compute. */
static Node *
split_mutator(Node *node, LeafContext *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) || IsA(node, Aggref) || IsA(node, WindowFunc) ||
		IsA(node, GroupingFunc))
		return (Node *) leaf_var(context, node);
	return expression_tree_mutator(node, split_mutator, (void *) context);
}

/* Speaks of the child's columns, which the node above calls OUTER_VAR. */
static Node *
outer_to_index(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR)
	{
		Var *var = copyObject((Var *) node);

		var->varno = INDEX_VAR;
		return (Node *) var;
	}
	return expression_tree_mutator(node, outer_to_index, context);
}

/*
 * The child's columns handed on.  Constants stay what they are: INSERT insists
 * on a NULL that it can see where a column is generated or dropped.
 */
static List *
pass_list(Plan *child)
{
	List	 *tlist = NIL;
	ListCell *lc;

	foreach(lc, child->targetlist)
	{
		TargetEntry *te = flatCopyTargetEntry(lfirst(lc));

		if (!IsA(te->expr, Const))
			te->expr = (Expr *) makeVar(INDEX_VAR, te->resno,
										exprType((Node *) te->expr),
										exprTypmod((Node *) te->expr),
										exprCollation((Node *) te->expr), 0);
		tlist = lappend(tlist, te);
	}
	return tlist;
}

static Plan *
put_node(Plan *child, List *tlist, List *qual, List *sites, CsDemand *demand,
		 CsPlanContext *context)
{
	return (Plan *) cs_prefetch_make(child, tlist, qual, sites, demand,
									 ++context->last_id);
}

/* Would a cursor miss its row, if a plan was read ahead? */
static bool
hides_current(Plan *plan, const CsPlanContext *context)
{
	return context->cursor && cs_plan_tree_hides_current(plan);
}

Plan *
cs_split_pass(Plan *child, List *calls, CsDemand demand,
			  CsPlanContext *context)
{
	List *sites;

	if (child == NULL || calls == NIL || !context->ahead ||
		hides_current(child, context))
		return child;
	sites = (List *) outer_to_index((Node *) calls, NULL);
	return put_node(child, pass_list(child), NIL, sites, &demand, context);
}

/* --- conditions --- */

List *
cs_split_order_quals(List *quals, CsPlanContext *context)
{
	List	 *free_ones = NIL;
	List	 *calling = NIL;
	ListCell *lc;

	if (context->keep_order)
		return quals;
	foreach(lc, quals)
	{
		if (cs_sites_within(lfirst(lc), context->stmt->subplans))
			calling = lappend(calling, lfirst(lc));
		else
			free_ones = lappend(free_ones, lfirst(lc));
	}
	return list_concat(free_ones, calling);
}

/* Parts a list of conditions before the first one that calls. */
static List *
take_calling(List **quals, CsPlanContext *context)
{
	List	 *keep = NIL;
	List	 *calling = NIL;
	ListCell *lc;

	foreach(lc, *quals)
	{
		if (calling == NIL &&
			!cs_sites_within(lfirst(lc), context->stmt->subplans))
			keep = lappend(keep, lfirst(lc));
		else
			calling = lappend(calling, lfirst(lc));
	}
	*quals = keep;
	return calling;
}

/* --- splitting --- */

/* VALUES: what later rows ask can be started before they are evaluated. */
static Plan *
put_lists(ValuesScan *values, CsDemand *demand, CsPlanContext *context)
{
	List	 *sites = NIL;
	List	 *ends = NIL;
	Plan	 *node;
	ListCell *lc;

	foreach(lc, values->values_lists)
	{
		sites = list_concat(sites, cs_sites_certain(lfirst(lc), NIL));
		ends = lappend_int(ends, list_length(sites));
	}
	if (sites == NIL)
		return &values->scan.plan;
	node = put_node(&values->scan.plan, pass_list(&values->scan.plan), NIL,
					sites, demand, context);
	cs_prefetch_set_lists((CustomScan *) node, ends);
	return node;
}

/* A condition of its own hides which of the rows are asked for. */
static Plan *
read_values(Plan *plan, CsDemand *demand, CsPlanContext *context)
{
	if (!IsA(plan, ValuesScan) || plan->qual != NIL)
		return plan;
	return put_lists((ValuesScan *) plan, demand, context);
}

/*
 * One node per calling condition, each followed by the conditions behind it:
 * a row that one rules out makes no call for the next.
 */
static Plan *
put_stages(Plan *plan, List *calling, CsDemand *demand, CsPlanContext *context)
{
	CsDemand below = *demand;

	while (calling != NIL)
	{
		List *stage = list_make1(linitial(calling));
		List *sites;

		calling = list_delete_first(calling);
		while (calling != NIL &&
			   !cs_sites_within(linitial(calling), context->stmt->subplans))
		{
			stage = lappend(stage, linitial(calling));
			calling = list_delete_first(calling);
		}
		sites = cs_sites_certain(linitial(stage), context->stmt->subplans);

		/* How many rows of ours make one of the next stage, nobody knows. */
		below.single = demand->single || (demand->probe && calling != NIL);
		plan = put_node(plan, pass_list(plan), stage, sites, &below, context);
	}
	return plan;
}

bool
cs_split_is_simple(Plan *plan)
{
	return cs_plan_tree_is_one_row(plan) &&
		   list_length(plan->targetlist) == 1 && plan->qual == NIL &&
		   ((Result *) plan)->resconstantqual == NULL;
}

Plan *
cs_split(Plan *plan, CsDemand *demand, CsPlanContext *context)
{
	LeafContext leaves = {NIL};
	List	   *rest = plan->qual;
	List	   *calling = take_calling(&rest, context);
	List	   *sites =
		cs_sites_certain((Node *) plan->targetlist, context->stmt->subplans);
	List *initplan = plan->initPlan;
	List *tlist;
	Plan *top;

	if (sites == NIL && calling == NIL)
		return read_values(plan, demand, context);
	if ((demand->single || cs_plan_tree_is_one_row(plan)) && calling == NIL &&
		list_length(sites) < 2)
		return plan;
	if (calling != NIL && sites == NIL &&
		cs_sites_certain(linitial(calling), context->stmt->subplans) == NIL)
		return plan;
	if (hides_current(plan, context))
		return plan;

	tlist = (List *) split_mutator((Node *) plan->targetlist, &leaves);
	calling = (List *) split_mutator((Node *) calling, &leaves);
	plan->targetlist = leaves.leaves;
	plan->qual = rest;
	plan->initPlan = NIL;
	top = put_stages(read_values(plan, demand, context), calling, demand,
					 context);
	sites = cs_sites_certain((Node *) tlist, context->stmt->subplans);
	top = put_node(top, tlist, NIL, sites, demand, context);
	top->initPlan = initplan;
	return top;
}
