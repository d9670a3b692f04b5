/*-------------------------------------------------------------------------
 * plan_tree.h
 *	  What is known of each kind of plan node: its children, its expressions,
 *	  and what becomes of rows in it.
 *
 * The other files of this room change finished plans, in which the planner has
 * left more than the tree that one sees: what it has proven, and what nodes
 * have to agree on.  The table "What the planner left in a plan" of
 * docs/architecture.md has each such property, what becomes of it, and its test.
 *
 * Lists are in the caller's context and hold pointers into the plan.
 *------------------------------------------------------------------------- */
#ifndef CS_PLAN_TREE_H
#define CS_PLAN_TREE_H

#include "postgres.h"

#include "nodes/plannodes.h"

/* What rows a node gives: where its conditions and its columns come from. */
typedef enum CsPlanShape
{
	CS_SHAPE_OTHER,	 /* nothing is known that would help */
	CS_SHAPE_SCAN,	 /* of one relation, of which qual and target list speak */
	CS_SHAPE_COPY,	 /* the outer child's, each once, unchanged */
	CS_SHAPE_JOIN,	 /* a Join: pairs of the children's */
	CS_SHAPE_MEMBERS /* each is one of one child; the children are alike */
} CsPlanShape;

typedef enum CsPlanRole
{
	CS_ROLE_OUTER,	/* lefttree: OUTER_VAR */
	CS_ROLE_INNER,	/* righttree: INNER_VAR, or a second input */
	CS_ROLE_QUERY,	/* of a SubqueryScan */
	CS_ROLE_MEMBER, /* one of several like it */
	CS_ROLE_PRIVATE /* of a CustomScan: its extension knows what for */
} CsPlanRole;

/* How many of a child's rows its parent asks for, once it is asked itself. */
typedef enum CsPlanFlow
{
	CS_FLOW_UNKNOWN, /* nobody knows, or nothing calls there */
	CS_FLOW_EACH,	 /* one for one */
	CS_FLOW_SOME,	 /* at least one for one */
	CS_FLOW_MANY,	 /* one may do for many: a bound above says nothing */
	CS_FLOW_ALL,	 /* all, before the first */
	CS_FLOW_ONE		 /* the one it asks for may be the last */
} CsPlanFlow;

typedef struct CsPlanChild
{
	Plan	 **place; /* where the parent has it */
	CsPlanRole role;
	CsPlanFlow flow;
	bool	   marked; /* the parent goes back to rows: mark and restore */
	bool	   beyond; /* the parent reads one row more than it uses */
	bool	   stored; /* the parent keeps rows, to give them again */
	Limit	  *limit;  /* the parent, if it bounds the child; else NULL */
} CsPlanChild;

/* Which expressions of a node; to be combined with "|". */
typedef enum CsPlanExprs
{
	CS_EXPRS_TARGETS = 1 << 0,
	CS_EXPRS_QUAL = 1 << 1,		/* of any node: after its other conditions */
	CS_EXPRS_INITS = 1 << 2,	/* initPlan: SubPlans that run once */
	CS_EXPRS_JOINQUAL = 1 << 3, /* of a join: what makes a match */
	CS_EXPRS_CLAUSES = 1 << 4,	/* of a hash or merge join: before joinqual */
	CS_EXPRS_CONSTANT = 1 << 5, /* of a Result: once, before any row */
	CS_EXPRS_SOURCE = 1 << 6,	/* rows of functions, and of VALUES */
	CS_EXPRS_CUSTOM = 1 << 7,	/* of a CustomScan */
	CS_EXPRS_KEYS = 1 << 8,		/* what is hashed: parts of the clauses */
	CS_EXPRS_ALL = (1 << 9) - 1
} CsPlanExprs;

extern CsPlanShape cs_plan_tree_shape(const Plan *plan);

/* A plan as a join; NULL when it is none. */
extern Join *cs_plan_tree_join(Plan *plan);

/*
 * The children of a node (CsPlanChild), outer before inner before others.
 * Plans of sub-queries in expressions are in PlannedStmt.subplans instead, and
 * reached through their SubPlan nodes; so are CTEs, through CteScan.ctePlanId.
 */
extern List *cs_plan_tree_children(Plan *plan);

/*
 * The expressions of a node of the kinds that are named, as a list of lists
 * and expressions.  Other kinds, as conditions of an index or the bounds of a
 * Limit, are not looked into.
 */
extern List *cs_plan_tree_exprs(const Plan *plan, int which);

/*
 * The conditions of a node as a list of its own, in the order of their
 * evaluation; those of an index, and places that are looked up, among them.
 */
extern List *cs_plan_tree_conditions(Plan *plan);

/*
 * Expressions, as a list, that a node evaluates for each row of a child by
 * itself, so that they cannot be split off it: arguments of aggregates and of
 * functions that return sets, and the first key of a hash join, behind which a
 * NULL ends the evaluation.
 */
extern List *cs_plan_tree_row_exprs(const Plan *plan, CsPlanRole role);

/*
 * Expressions, as a list, that are evaluated for certain, once, when a plan is
 * run for its first row; NIL when nothing is known.  They may have columns.
 */
extern List *cs_plan_tree_first_exprs(Plan *plan);

/* May a node get another target list, from which one of ours computes the old? */
extern bool cs_plan_tree_projects(Plan *plan);

/*
 * Whoever reads a plan asks it row by row from now on, where it was read by
 * events.  An Append's count of such children is put right by
 * cs_plan_tree_count_asynchronous.
 */
extern void cs_plan_tree_make_synchronous(Plan *plan);
extern void cs_plan_tree_count_asynchronous(Plan *plan);

/*
 * Does a plan read rows of which a cursor would not find the right one, if the
 * plan was read ahead?  Of several relations it looks for the one whose turn it
 * is, and of locked rows for the one that was locked last.
 */
extern bool cs_plan_tree_hides_current(Plan *plan);

/* Can both bounds of a Limit be evaluated more than once? */
extern bool cs_plan_tree_is_steady(const Limit *limit);

/* Does a node give one row, out of nothing? */
extern bool cs_plan_tree_is_one_row(const Plan *plan);

/* Of a nested loop: what it hands to its inner side (NestLoopParam). */
extern List *cs_plan_tree_nest_params(const Plan *plan);

#endif /* CS_PLAN_TREE_H */
