/*-------------------------------------------------------------------------
 * depends.h
 *	  May what a plan asks depend on what it is answered?
 *------------------------------------------------------------------------- */
#ifndef CS_DEPENDS_H
#define CS_DEPENDS_H

#include "postgres.h"

#include "nodes/plannodes.h"

/*
 * May one of the questions of a plan, or whether it is asked at all, depend on
 * the answer to another?  What functions of users ask in their bodies is not
 * looked into.  When in doubt, true.
 */
extern bool cs_depends_within(PlannedStmt *stmt);

#endif /* CS_DEPENDS_H */
