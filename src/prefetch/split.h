/*-------------------------------------------------------------------------
 * split.h
 *	  After planning: puts the node that runs ahead above or below one node.
 *------------------------------------------------------------------------- */
#ifndef CS_SPLIT_H
#define CS_SPLIT_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "prefetch/prefetch.h"

/* A plan that is being changed. */
typedef struct CsPlanContext
{
	PlannedStmt *stmt;
	int			 last_id;	 /* of a plan node */
	bool		 keep_order; /* conditions of a security barrier are among
								 * them */
	bool		 ahead; /* credscore.enable_prefetch, and nothing against it */
	bool		 cursor;	  /* WHERE CURRENT OF may look for its row */
	CsDemand	*cte_demands; /* by sub-plan: its strongest reader's */
	bool		*cte_read;
	bool		*read_whole; /* by sub-plan: read to its end, or not at all */
} CsPlanContext;

/* Conditions without a call first; otherwise as they stood. */
extern List *cs_split_order_quals(List *quals, CsPlanContext *context);

/*
 * Moves what calls from a node to nodes of ours on top of it.  Who asks for
 * one row at a time gains only where a row has several calls.
 */
extern Plan *cs_split(Plan *plan, CsDemand *demand, CsPlanContext *context);

/*
 * A node that hands rows on and starts calls that the node above makes; they
 * speak of the child's columns as OUTER_VAR.
 */
extern Plan *cs_split_pass(Plan *child, List *calls, CsDemand demand,
						   CsPlanContext *context);

/* What PL/pgSQL evaluates by itself: it looks for exactly this plan. */
extern bool cs_split_is_simple(Plan *plan);

#endif /* CS_SPLIT_H */
