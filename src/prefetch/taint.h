/*-------------------------------------------------------------------------
 * taint.h
 *	  Which expressions of a plan are tainted: their values may depend on an
 *	  answer.
 *------------------------------------------------------------------------- */
#ifndef CS_TAINT_H
#define CS_TAINT_H

#include "postgres.h"

#include "nodes/plannodes.h"

/* What sets parameters: a nested loop, or a sub-plan in an expression. */
typedef struct CsTaintSetter
{
	Plan	*plan;	  /* it is this one, or in an expression of it */
	SubPlan *subplan; /* NULL: a nested loop */
	bool	 busy;	  /* its values are being looked into */
} CsTaintSetter;

/* A finished plan, and where its parameters come from. */
typedef struct CsTaint
{
	PlannedStmt *stmt;
	List		*setters; /* of CsTaintSetter, in the current memory context */
} CsTaint;

extern void cs_taint_init(CsTaint *taint, PlannedStmt *stmt);

/* Is an expression of a plan node tainted? */
extern bool cs_taint_of(const CsTaint *taint, Node *node, Plan *plan);

/* Is one of these columns that a plan node gives? */
extern bool cs_taint_of_columns(const CsTaint *taint, Plan *plan, int n,
								const AttrNumber *columns);

/* Does anything in or below a plan call? */
extern bool cs_taint_asks(const CsTaint *taint, Plan *plan);

/* The plan of a sub-select in an expression. */
extern Plan *cs_taint_subplan(const CsTaint *taint, const SubPlan *subplan);

#endif /* CS_TAINT_H */
