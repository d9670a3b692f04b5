/*-------------------------------------------------------------------------
 * due.h
 *	  What is to be done with rows that are due: which are claimed, which looked
 *	  at, and which share a question.
 *------------------------------------------------------------------------- */
#ifndef CS_DUE_H
#define CS_DUE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * Reads rows and claims them; returns the jobs to be started once that is
 * committed.  *locked: somebody has one of them.
 */
extern List *cs_due_plan(const int64 *ids, int n, bool *locked);

#endif /* CS_DUE_H */
