/*-------------------------------------------------------------------------
 * strip.h
 *	  Takes from a finished plan all that it does beside reading.
 *------------------------------------------------------------------------- */
#ifndef CS_STRIP_H
#define CS_STRIP_H

#include "postgres.h"

#include "nodes/plannodes.h"

/*
 * Leaves the rows that a statement would write, or lock, in a plan that reads
 * them and no more: without ModifyTable and LockRows, and with the privileges
 * that reading takes.  Changes the plan, which must be nobody else's; whoever
 * runs it checks the statement's own privileges before.  False: a foreign
 * server would write, or lock rows, by itself, out of what seems a scan.
 */
extern bool cs_strip_effects(PlannedStmt *stmt);

#endif /* CS_STRIP_H */
