/*-------------------------------------------------------------------------
 * prepared.h
 *	  What prepared transactions will announce when they are committed.
 *------------------------------------------------------------------------- */
#ifndef CS_PREPARED_H
#define CS_PREPARED_H

#include "postgres.h"

#include "shared/place.h"

extern void cs_prepared_init(void);

/*
 * Keeps news, also none, under the name of a transaction, if there is room.
 * Never raises.
 */
extern void cs_prepared_keep(const char *gid, const CsNews *news);

/*
 * What was kept under a name.  It stays until cs_prepared_drop.  False: nothing
 * was, since shared memory is as it is.
 */
extern bool cs_prepared_find(const char *gid, CsNews *news);
extern void cs_prepared_drop(const char *gid);

#endif /* CS_PREPARED_H */
