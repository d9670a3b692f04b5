/*-------------------------------------------------------------------------
 * sites.h
 *	  Which calls an expression makes, and which of them for certain.
 *------------------------------------------------------------------------- */
#ifndef CS_SITES_H
#define CS_SITES_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "nodes/plannodes.h"
#include "nodes/primnodes.h"

/* Does a FuncExpr call one of the functions that ask? */
extern bool cs_sites_is(const Node *node);

/* The same, also of functions that cannot be started ahead. */
extern bool cs_sites_asks(const Node *node);

/* Is it a call of set_config()? */
extern bool cs_sites_sets(const Node *node);

/* Is there one in a statement's plan, as in the body of an inlined function? */
extern bool cs_sites_set_in_plan(PlannedStmt *stmt);

/*
 * Does an expression contain a call, in its sub-plans too?  `subplans` are
 * those of the statement; NIL: sub-plans are not looked into.
 */
extern bool cs_sites_within(const Node *node, List *subplans);

/* Does any node of a plan?  Of the second also what cannot be started ahead. */
extern bool cs_sites_in_plan(Plan *plan, List *subplans);
extern bool cs_sites_asks_in_plan(Plan *plan, List *subplans);

/*
 * The calls (FuncExpr) that are certain to be made whenever the expression is
 * evaluated, and whose arguments can be evaluated ahead without a side effect;
 * of several that are alike one.
 * Calls of an uncorrelated row of a sub-plan are included, with the sub-plan's
 * parameters replaced by the expressions that are passed for them.
 */
extern List *cs_sites_certain(Node *node, List *subplans);

/*
 * The calls that are certain to be made whenever a plan is run for its first
 * row, with PARAM_EXEC parameters replaced as `ids` (integers) and `values`
 * (expressions) say; those with other such parameters, or with columns of the
 * plan's own, are left out.
 */
extern List *cs_sites_certain_in_plan(Plan *plan, List *ids, List *values);

#endif /* CS_SITES_H */
