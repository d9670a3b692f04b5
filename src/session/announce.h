/*-------------------------------------------------------------------------
 * announce.h
 *	  Telling the worker of this database, at commit, what a transaction has
 *	  put into the queue or changed in it.
 *------------------------------------------------------------------------- */
#ifndef CS_ANNOUNCE_H
#define CS_ANNOUNCE_H

#include "postgres.h"

extern void cs_announce_init(void);

/* Of this transaction, whatever its savepoints do: ids of rows; all rows. */
extern void cs_announce_row(int64 id);
extern void cs_announce_all(void);

#endif /* CS_ANNOUNCE_H */
