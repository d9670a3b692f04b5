/*-------------------------------------------------------------------------
 * rewrite.h
 *	  Before planning: makes a query cheaper to bill, where it stays the same.
 *------------------------------------------------------------------------- */
#ifndef CS_REWRITE_H
#define CS_REWRITE_H

#include "postgres.h"

#include "nodes/parsenodes.h"

typedef struct CsRewrite
{
	bool may_call;	 /* the plan may have calls */
	bool keep_order; /* conditions of security barriers are there:
								 * PostgreSQL's order holds */
	bool sets;		 /* settings, the role among them, may change while it
								 * runs */
} CsRewrite;

/*
 * Looks at a query, and puts a changed copy in its place where that saves
 * calls: a call with constant arguments in a condition becomes a scalar
 * sub-select.
 */
extern CsRewrite cs_rewrite(Query **query);

#endif /* CS_REWRITE_H */
