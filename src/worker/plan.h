/*-------------------------------------------------------------------------
 * plan.h
 *	  What is to be done with rows that are due: which are claimed, which looked
 *	  at, and which share a question.
 *------------------------------------------------------------------------- */
#ifndef CS_PLAN_H
#define CS_PLAN_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Rows of one turn, at most. */
#define CS_PLAN_ROWS 256

/*
 * Reads rows and claims them; returns the jobs to be started once that is
 * committed.  *locked: somebody has one of them.
 */
extern List *cs_plan_rows(const int64 *ids, int n, bool *locked);

#endif /* CS_PLAN_H */
