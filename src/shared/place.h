/*-------------------------------------------------------------------------
 * place.h
 *	  The worker's place of each database, and what was announced to it.
 *
 * A database has one record here: whether a worker runs in it, when the next
 * one is due, which rows of its queue are new.  Sessions announce at commit, the
 * launcher starts a worker where there is a reason to, the worker takes what was
 * announced, and leaves only when nothing was.
 *------------------------------------------------------------------------- */
#ifndef CS_PLACE_H
#define CS_PLACE_H

#include "postgres.h"

#include "base/instant.h"

/* Ids of rows that are new or changed. */
typedef struct CsIdRange
{
	int64 first;
	int64 last;
} CsIdRange;

#define CS_PLACE_RANGES 8

/* What a worker has not seen yet. */
typedef struct CsNews
{
	bool	  look_at_all;
	int		  n;
	CsIdRange ranges[CS_PLACE_RANGES]; /* ascending, apart */
} CsNews;

/* Adds ids; those that are next to each other, or find no room, become one. */
extern void cs_place_add(CsNews *news, int64 first, int64 last);

extern void cs_place_init(void);

/* Which life of shared memory this is, a random number: what was handed over in
 * another is not there any more. */
extern int64 cs_place_life(void);

typedef enum CsPlaceState
{
	CS_PLACE_FREE,
	CS_PLACE_STARTING,
	CS_PLACE_RUNNING
} CsPlaceState;

/* --- sessions --- */

/*
 * Tells the worker of a database, and the launcher, of rows that are committed.
 * Never raises.
 */
extern void cs_place_announce(Oid database, const CsNews *news);

/*
 * A statement wants a database for itself: no worker starts in it until as many
 * statements have let go of it as have held it, and one that runs is asked to
 * leave.  False: there is no record for it.  Neither raises.
 */
extern bool cs_place_hold(Oid database);
extern void cs_place_let_go(Oid database);

/* Does no worker run or start in it?  For one that holds it. */
extern bool cs_place_is_empty(Oid database);

/* --- the launcher --- */

/*
 * Announces this process as the launcher.  What was starting has to be started
 * anew; whoever announces something wakes this process from now on.
 */
extern void cs_place_launcher_start(void);
extern void cs_place_launcher_stop(void);

/* A database is to be looked at as a whole, once; its record is made. */
extern void cs_place_need(Oid database);

/* Forgets a database that is no more, unless a worker runs in it. */
extern void cs_place_forget(Oid database);

/* Was a record wanted and none free?  Then all databases are to be needed. */
extern bool cs_place_overflowed(void);

/*
 * The database that has waited longest for a worker and has a reason for one,
 * now STARTING; InvalidOid: none has.  At most `most` are running or starting.
 */
extern Oid cs_place_start_next(int most);

/* The worker that was to start in it is no more; true: it never took its
 * place, which is free again, and needs another one. */
extern bool cs_place_start_failed(Oid database);

/* When the next is due; CS_NEVER: none is. */
extern CsInstant cs_place_next_due(void);

/* --- a worker --- */

/* Takes the place that is STARTING; false: it is another's. */
extern bool cs_place_enter(Oid database);

/* Takes and clears what was announced.  Before the snapshot that looks. */
extern void cs_place_take_news(CsNews *news);

/*
 * Gives the place back, due at `due` again; false: something was announced, and
 * the place stays.  Also what a worker that ends abnormally calls: then `need`
 * is left behind.
 */
extern bool cs_place_leave(CsInstant due);
extern void cs_place_abandon(void);

/* Why a worker should leave at the end of its turn. */
extern bool cs_place_is_held(void);
extern bool cs_place_others_wait(void);

/* --- views --- */

typedef struct CsPlaceView
{
	Oid			 database;
	CsPlaceState state;
	int			 pid;	/* of the worker; 0: none */
	CsInstant	 since; /* when it took its place, or began to wait */
	CsInstant	 due;	/* CS_NEVER: not known of any */
	bool		 waits; /* has a reason, and no worker */
	bool		 held;
} CsPlaceView;

/* The i-th record in use; false beyond the last. */
extern bool cs_place_view(int i, CsPlaceView *view);

#endif /* CS_PLACE_H */
