/*-------------------------------------------------------------------------
 * plan.h
 *	  After planning: puts the node that runs ahead into plans that call.
 *------------------------------------------------------------------------- */
#ifndef CS_PLAN_H
#define CS_PLAN_H

#include "postgres.h"

extern void cs_plan_init(void);

#endif /* CS_PLAN_H */
