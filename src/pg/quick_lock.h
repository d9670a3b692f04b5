/*-------------------------------------------------------------------------
 * quick_lock.h
 *	  Locks to read a relation of ours, which are not waited for long.
 *------------------------------------------------------------------------- */
#ifndef CS_QUICK_LOCK_H
#define CS_QUICK_LOCK_H

#include "postgres.h"

#include "utils/relcache.h"

/*
 * Locks a table or an index against being changed, ACCESS SHARE; false: it is gone.
 * Raises 55P03 when somebody else has held it for a second.
 */
extern bool cs_quick_lock(Oid relation);

/* Likewise, and opens a table; NULL: it is gone.  Closed with table_close. */
extern Relation cs_quick_lock_table(Oid relation);

#endif /* CS_QUICK_LOCK_H */
