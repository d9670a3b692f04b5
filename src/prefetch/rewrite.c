/*-------------------------------------------------------------------------
 * rewrite.c
 *	  Before planning: makes a query cheaper to bill, where it stays the same.
 *
 * Most statements call nothing, and have to pay for knowing it as little as
 * possible: one walk that looks for functions of users.  Only functions of
 * users can be ours, or hide ours in a body that the planner inlines.
 *
 * A call with constant arguments in a condition, or a field of its result,
 * becomes an uncorrelated scalar sub-select.  It runs once, when the condition
 * is first needed, and neither planning nor pruning evaluates it, so that
 * estimates do not collapse.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/rewrite.h"

#include "access/transam.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "prefetch/sites.h"

/* --- a look --- */

typedef struct LookContext
{
	CsRewrite found;
	bool	  calls; /* one of ours, in plain sight */
} LookContext;

static bool
look_walker(Node *node, LookContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr))
	{
		if (((FuncExpr *) node)->funcid >= FirstNormalObjectId)
		{
			context->found.may_call = true;
			context->calls = context->calls || cs_sites_is(node);
		}
		context->found.sets = context->found.sets || cs_sites_sets(node);
	}
	else if (IsA(node, OpExpr))
	{
		if (((OpExpr *) node)->opfuncid >= FirstNormalObjectId)
			context->found.may_call = true;
	}
	else if (IsA(node, RangeTblEntry))
	{
		if (((RangeTblEntry *) node)->securityQuals != NIL)
			context->found.keep_order = true;
		return false; /* the walker goes on inside by itself */
	}
	else if (IsA(node, Query))
		return query_tree_walker((Query *) node, look_walker, (void *) context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, look_walker, (void *) context);
}

/* --- constant calls in conditions --- */

/* SELECT call, as a scalar sub-select. */
static Node *
sub_select(Expr *call)
{
	Query	*query = makeNode(Query);
	SubLink *link = makeNode(SubLink);

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->targetList = list_make1(makeTargetEntry(call, 1, "call", false));
	query->jointree = makeFromExpr(NIL, NULL);
	link->subLinkType = EXPR_SUBLINK;
	link->subselect = (Node *) query;
	link->location = -1;
	return (Node *) link;
}

static bool
not_constant_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, SubLink) || IsA(node, Aggref) ||
		IsA(node, WindowFunc) || IsA(node, GroupingFunc) ||
		(IsA(node, Param) && ((Param *) node)->paramkind != PARAM_EXTERN))
		return true;
	return expression_tree_walker(node, not_constant_walker, context);
}

static bool
is_constant_call(Node *node)
{
	return cs_sites_is(node) &&
		   !not_constant_walker((Node *) ((FuncExpr *) node)->args, NULL) &&
		   !contain_volatile_functions((Node *) ((FuncExpr *) node)->args) &&
		   !cs_sites_within((Node *) ((FuncExpr *) node)->args, NIL);
}

/* Of a sub-select that gave a record nobody would know the fields. */
static bool
is_constant_field(Node *node)
{
	return IsA(node, FieldSelect) &&
		   is_constant_call((Node *) ((FieldSelect *) node)->arg);
}

static Node *
condition_mutator(Node *node, bool *changed)
{
	if (node == NULL)
		return NULL;
	if (is_constant_call(node) || is_constant_field(node))
	{
		*changed = true;
		return sub_select(copyObject((Expr *) node));
	}
	/* A sub-select's own conditions come with its own query. */
	if (IsA(node, SubLink) || IsA(node, Query))
		return node;
	return expression_tree_mutator(node, condition_mutator, (void *) changed);
}

static void
rewrite_from(Node *node, bool *changed)
{
	ListCell *lc;

	if (node == NULL)
		return;
	if (IsA(node, FromExpr))
	{
		FromExpr *from = (FromExpr *) node;

		from->quals = condition_mutator(from->quals, changed);
		foreach(lc, from->fromlist)
			rewrite_from(lfirst(lc), changed);
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr *join = (JoinExpr *) node;

		join->quals = condition_mutator(join->quals, changed);
		rewrite_from(join->larg, changed);
		rewrite_from(join->rarg, changed);
	}
}

/* Rewrites a query (a copy of ours) and those inside it, in place. */
static bool
rewrite_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		Query *query = (Query *) node;
		bool   changed = false;

		query_tree_walker(query, rewrite_walker, context, 0);
		rewrite_from((Node *) query->jointree, &changed);
		if (query->setOperations == NULL && query->havingQual != NULL)
			query->havingQual = condition_mutator(query->havingQual, &changed);
		query->hasSubLinks = query->hasSubLinks || changed;
		return false;
	}
	return expression_tree_walker(node, rewrite_walker, context);
}

CsRewrite
cs_rewrite(Query **query)
{
	LookContext context = {{false, false, false}, false};

	(void) look_walker((Node *) *query, &context);
	if (context.calls)
	{
		*query = copyObject(*query);
		(void) rewrite_walker((Node *) *query, NULL);
	}
	return context.found;
}
