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
#include "shared/id_news.h"

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

/* A worker of the database has something to do beside its queue: it is woken, or
 * started in its turn.  Never raises. */
extern void cs_place_due(Oid database);

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

/* A database is to be looked at as a whole, once; false: there is no record for
 * it at present. */
extern bool cs_place_need(Oid database);

/* Forgets a database that is no more, unless a worker runs in it. */
extern void cs_place_forget(Oid database);

/* Was something announced that found no record?  Then all databases are to be
 * needed. */
extern bool cs_place_overflowed(void);

/*
 * The database that has waited longest for a worker and has a reason for one,
 * now STARTING; InvalidOid: none has.  At most `most` are running or starting.
 */
extern Oid cs_place_start_next(int most);

/* The worker that was to start in it is no more.  If it never took its place,
 * that is free again, and needs another one. */
extern void cs_place_start_failed(Oid database);

/* The server has no process for another worker: those that run are to see it. */
extern void cs_place_no_room(void);

/* When the next is due; CS_NEVER: none is, or only such as find no place. */
extern CsInstant cs_place_next_due(void);

/* Lets every worker begin its chore anew, at once. */
extern void cs_place_chores_anew(void);

/* Says that no worker is started until then, since so many were killed; 0: they
 * are. */
extern void cs_place_stay_away(CsInstant until, int deaths);

/* --- a worker --- */

/* Takes the place that is STARTING, before the worker connects; false: it is
 * another's, or the database is held. */
extern bool cs_place_enter(Oid database);

/* When the former worker of this place left: what came due since then nobody has
 * looked at.  0: not known. */
extern CsInstant cs_place_left_at(void);

/* Takes and clears what was announced.  Before the snapshot that looks. */
extern void cs_place_take_news(CsNews *news);

/*
 * Gives the place back, due at `due` again; false: something was announced, and
 * the place stays.  With `anyway` it leaves, and that stays announced.
 */
extern bool cs_place_leave(CsInstant due, bool anyway);

/* What a worker that ends abnormally calls, any number of times: `need` is left
 * behind.  Never raises. */
extern void cs_place_abandon(void);

/* What a worker does now and then, where it goes on, and when: all zero until
 * it is set, which a crash of the server undoes. */
typedef struct CsChore
{
	CsInstant due;
	int64	  at;
} CsChore;

extern CsChore cs_place_chore(void);
extern void	   cs_place_set_chore(CsChore chore);

/* Whether a worker should leave at the end of its turn. */
typedef enum CsPlaceWish
{
	CS_PLACE_STAY,
	CS_PLACE_SHORT, /* another database waits for a place */
	CS_PLACE_WANTED /* a statement wants the database */
} CsPlaceWish;

extern CsPlaceWish cs_place_wish(void);

/* A process keeps this worker waiting, since then; 0: none does. */
extern void cs_place_blocked(int pid, CsInstant since);

/* --- views --- */

typedef struct CsPlaceView
{
	Oid			 database;
	CsPlaceState state;
	int			 pid;	/* of the worker; 0: none */
	CsInstant	 since; /* when it took its place, or began to wait */
	CsInstant	 due;	/* CS_NEVER: not known of any */
	bool		 waits; /* has a reason, and no worker */
	int			 holds;
	int			 blocked_by; /* process id; 0: nobody keeps it waiting */
	CsInstant	 blocked_since;
} CsPlaceView;

/* The i-th record in use; false beyond the last. */
extern bool cs_place_view(int i, CsPlaceView *view);

typedef struct CsLauncherView
{
	int		  pid; /* 0: it does not run */
	CsInstant since;
	CsInstant away_until; /* it starts no worker; 0: it does */
	int		  deaths;	  /* of workers, which is why */
} CsLauncherView;

extern void cs_place_launcher(CsLauncherView *view);

#endif /* CS_PLACE_H */
