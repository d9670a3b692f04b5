/*-------------------------------------------------------------------------
 * health_workers.h
 *	  Checks of the background workers, of all databases.
 *------------------------------------------------------------------------- */
#ifndef CS_HEALTH_WORKERS_H
#define CS_HEALTH_WORKERS_H

#include "sql/health.h"

/* Where credscore is preloaded. */
extern void cs_health_workers_put(CsHealth *health);

#endif /* CS_HEALTH_WORKERS_H */
