/*-------------------------------------------------------------------------
 * retention.h
 *	  Requests leave the queue's table credscore.queue_retention after their
 *	  end.
 *------------------------------------------------------------------------- */
#ifndef CS_RETENTION_H
#define CS_RETENTION_H

#include "base/instant.h"

/* When a worker is to be there for it; CS_NEVER: there is nothing to delete. */
extern CsInstant cs_retention_due(void);

/* Deletes a few rows if it is time.  Outside of transactions; what goes wrong is
 * logged, and tried again later. */
extern void cs_retention_turn(void);

#endif /* CS_RETENTION_H */
