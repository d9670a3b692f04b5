/*-------------------------------------------------------------------------
 * wait.h
 *	  After planning: conditions that call wait for the joins around them.
 *------------------------------------------------------------------------- */
#ifndef CS_WAIT_H
#define CS_WAIT_H

#include "postgres.h"

#include "nodes/plannodes.h"

/*
 * Moves conditions that call up to the highest join that may rule their rows
 * out: an inner, semi or anti join.  `subplans` are those of the statement.
 */
extern void cs_wait_for_joins(Plan *plan, List *subplans);

#endif /* CS_WAIT_H */
