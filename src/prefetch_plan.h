/*-------------------------------------------------------------------------
 * prefetch_plan.h
 *	  After planning: puts the node that runs ahead into plans that call.
 *------------------------------------------------------------------------- */
#ifndef CS_PREFETCH_PLAN_H
#define CS_PREFETCH_PLAN_H

#include "postgres.h"

extern void cs_prefetch_plan_init(void);

#endif							/* CS_PREFETCH_PLAN_H */
