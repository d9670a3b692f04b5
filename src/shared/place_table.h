/*-------------------------------------------------------------------------
 * place_table.h
 *	  The records of databases in shared memory, for place.c, which says what
 *	  happens to them.
 *------------------------------------------------------------------------- */
#ifndef CS_PLACE_TABLE_H
#define CS_PLACE_TABLE_H

#include "postgres.h"

#include "storage/lwlock.h"

#include "shared/place.h"

/* Databases that are spoken of at once; 200 kB. */
#define CS_PLACE_TABLE_SIZE 1024

typedef struct CsPlaceRecord
{
	Oid			 database; /* InvalidOid: the record is free */
	CsPlaceState state;
	int			 process; /* number of the worker's; -1: none */
	int			 pid;	  /* likewise; 0 */
	bool		 need;	  /* a look at all of it */
	bool		 waiting; /* it has a reason, and was given no worker yet */
	int			 holds;	  /* statements that want it for themselves */
	uint64		 turn;	  /* while waiting: who came first */
	CsInstant	 since;	  /* of state, or of waiting */
	CsInstant	 due;
	CsInstant left_at; /* when the last worker left in order; 0: not known */
	CsInstant not_before;	 /* no worker starts: the last one failed */
	CsInstant blocked_since; /* while blocked_by is not 0 */
	int		  blocked_by;	 /* process id of who keeps the worker waiting */
	CsChore	  chore;
	CsNews	  news;
} CsPlaceRecord;

typedef struct CsPlaceTable
{
	int			  launcher; /* process number; -1: there is none */
	int			  launcher_pid;
	CsInstant	  launcher_since;
	CsInstant	  away_until; /* the launcher starts no worker; 0: it does */
	int			  deaths;	  /* why */
	uint64		  turns;
	int64		  life;
	bool		  crowded;	  /* who waits finds no place */
	bool		  overflowed; /* one was wanted, and there was no record */
	int			  nplaces;	  /* records that were ever used */
	CsPlaceRecord places[CS_PLACE_TABLE_SIZE];
} CsPlaceTable;

extern CsPlaceTable *cs_place_table;
extern LWLock		*cs_place_table_lock;

/* --- the lock is held --- */

/* NULL: there is none. */
extern CsPlaceRecord *cs_place_table_find(Oid database);

/* Makes it where there is none; NULL: there is no room. */
extern CsPlaceRecord *cs_place_table_make(Oid database);

static inline bool
cs_place_table_has_news(const CsPlaceRecord *p)
{
	return p->news.look_at_all || p->news.n > 0;
}

#endif /* CS_PLACE_TABLE_H */
