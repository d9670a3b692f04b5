/*-------------------------------------------------------------------------
 * place.c
 *	  The worker's place of each database, and what was announced to it.
 *
 * An array of records in static shared memory and one LWLock, which is held for
 * a few assignments only.  A place is
 *
 *	  FREE		no worker.  The launcher makes it STARTING where there is a
 *				reason to, in the same critical section that takes the reason
 *				(`need`, `due`): what is announced from then on is another one.
 *	  STARTING	a worker was asked for.  It makes the place RUNNING, or the
 *				launcher, who watches it, FREE again with `need`.  A launcher
 *				that starts anew does the same to all that it finds.
 *	  RUNNING	a worker has it, and holds a lock of the database from before its
 *				first look to its end.  It gives it back in the critical section
 *				that sees that nothing is announced, or, when it ends
 *				abnormally, with `need`.
 *
 * News are ids of rows, ranges that widen when there is no room, or `look at
 * all`.  They are one field, due times another: neither overwrites the other.
 * Whoever announces sets the latches of worker and launcher, whichever there is.
 *
 * All of it is gone with a crash of the server; then the launcher needs every
 * database once.  A record is made when a database is first spoken of, and
 * taken for another one when it says nothing any more.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/place.h"

#include "miscadmin.h"
#include "storage/lwlock.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/shmem.h"
#include "pg/wakeup.h"

/* Databases that are spoken of at once; 200 kB. */
#define MAX_PLACES 1024

typedef struct Place
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
	CsNews		 news;
} Place;

typedef struct PlaceTable
{
	int	   launcher; /* process number; -1: there is none */
	uint64 turns;
	int64  life;
	bool   overflowed;
	int	   nplaces; /* records that were ever used */
	Place  places[MAX_PLACES];
} PlaceTable;

static PlaceTable *table;
static LWLock	  *table_lock;
static int		   mine = -1; /* the record of this worker; -1: none */

static Size
places_size(void)
{
	return sizeof(PlaceTable);
}

static void
places_init(void *memory, LWLock *lock)
{
	PlaceTable *t = memory;

	memset(t, 0, sizeof(*t));
	t->launcher = -1;
	if (!pg_strong_random(&t->life, sizeof(t->life)))
		ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("credscore found no random numbers")));
}

static void
places_attach(void *memory, LWLock *lock)
{
	table = memory;
	table_lock = lock;
}

static const CsShmemPart places_part = {"credscore places", places_size,
										places_init, places_attach};

void
cs_place_init(void)
{
	cs_shmem_register(&places_part);
}

int64
cs_place_life(void)
{
	return table->life;
}

/* --- news --- */

static int64
gap_before(const CsNews *news, int i)
{
	return news->ranges[i].first - news->ranges[i - 1].last;
}

static void
merge_with_next(CsNews *news, int i)
{
	news->ranges[i].last = Max(news->ranges[i].last, news->ranges[i + 1].last);
	memmove(&news->ranges[i + 1], &news->ranges[i + 2],
			(news->n - i - 2) * sizeof(CsIdRange));
	news->n--;
}

/* Makes one of the two ranges that are nearest to each other. */
static void
make_room(CsNews *news)
{
	int nearest = 1;

	for (int i = 2; i < news->n; i++)
		if (gap_before(news, i) < gap_before(news, nearest))
			nearest = i;
	merge_with_next(news, nearest - 1);
}

void
cs_place_add(CsNews *news, int64 first, int64 last)
{
	int at = 0;

	/* The first range that is not before these ids and apart from them. */
	while (at < news->n && news->ranges[at].last < first - 1)
		at++;
	if (at < news->n && news->ranges[at].first <= last + 1)
	{
		news->ranges[at].first = Min(news->ranges[at].first, first);
		news->ranges[at].last = Max(news->ranges[at].last, last);
		while (at + 1 < news->n && gap_before(news, at + 1) <= 1)
			merge_with_next(news, at);
		return;
	}
	if (news->n == CS_PLACE_RANGES)
	{
		make_room(news);
		cs_place_add(news, first, last);
		return;
	}
	memmove(&news->ranges[at + 1], &news->ranges[at],
			(news->n - at) * sizeof(CsIdRange));
	news->ranges[at] = (CsIdRange){first, last};
	news->n++;
}

static bool
has_news(const Place *p)
{
	return p->news.look_at_all || p->news.n > 0;
}

/* --- records; the lock is held --- */

static Place *
find(Oid database)
{
	for (int i = 0; i < table->nplaces; i++)
		if (table->places[i].database == database)
			return &table->places[i];
	return NULL;
}

/* Does a record say nothing that its absence would not say? */
static bool
is_silent(const Place *p)
{
	return p->state == CS_PLACE_FREE && !p->need && p->holds == 0 &&
		   p->due == CS_NEVER && !has_news(p);
}

static Place *
unused_record(void)
{
	if (table->nplaces < MAX_PLACES)
		return &table->places[table->nplaces++];
	for (int i = 0; i < MAX_PLACES; i++)
		if (!OidIsValid(table->places[i].database) ||
			is_silent(&table->places[i]))
			return &table->places[i];
	return NULL;
}

/* NULL: there is no record, and the launcher will see to it. */
static Place *
find_or_make(Oid database)
{
	Place *p = find(database);

	if (p != NULL)
		return p;
	p = unused_record();
	if (p == NULL)
	{
		table->overflowed = true;
		return NULL;
	}
	memset(p, 0, sizeof(*p));
	p->database = database;
	p->process = -1;
	p->due = CS_NEVER;
	return p;
}

static bool
has_reason(const Place *p, CsInstant now)
{
	return p->need || has_news(p) || p->due <= now;
}

/* Gives who has a reason and no worker its turn. */
static void
queue_up(Place *p, CsInstant now)
{
	if (p->waiting || p->state != CS_PLACE_FREE || !has_reason(p, now))
		return;
	p->waiting = true;
	p->turn = ++table->turns;
	p->since = now;
}

static void
set_state(Place *p, CsPlaceState state)
{
	p->state = state;
	p->waiting = false;
	p->since = cs_clock_ticks();
	if (state == CS_PLACE_RUNNING)
		return;
	p->process = -1;
	p->pid = 0;
}

static void
wake(int worker, int launcher)
{
	cs_wakeup_process(worker);
	cs_wakeup_process(launcher);
}

/* --- sessions --- */

void
cs_place_announce(Oid database, const CsNews *news)
{
	int	   worker = -1;
	int	   launcher;
	Place *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find_or_make(database);
	launcher = table->launcher;
	if (p != NULL)
	{
		p->news.look_at_all |= news->look_at_all;
		for (int i = 0; i < news->n; i++)
			cs_place_add(&p->news, news->ranges[i].first,
						 news->ranges[i].last);
		queue_up(p, cs_clock_ticks());
		worker = p->process;
	}
	LWLockRelease(table_lock);
	wake(worker, launcher);
}

bool
cs_place_hold(Oid database)
{
	int	   worker = -1;
	Place *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find_or_make(database);
	if (p != NULL)
	{
		p->holds++;
		worker = p->process;
	}
	LWLockRelease(table_lock);
	wake(worker, -1);
	return p != NULL;
}

void
cs_place_let_go(Oid database)
{
	int	   launcher;
	Place *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find(database);
	if (p != NULL && p->holds > 0)
		p->holds--;
	launcher = table->launcher;
	LWLockRelease(table_lock);
	wake(-1, launcher);
}

bool
cs_place_is_empty(Oid database)
{
	Place *p;
	bool   empty;

	LWLockAcquire(table_lock, LW_SHARED);
	p = find(database);
	empty = p == NULL || p->state == CS_PLACE_FREE;
	LWLockRelease(table_lock);
	return empty;
}

/* --- the launcher --- */

void
cs_place_launcher_start(void)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->launcher = CS_MY_PROC_NUMBER;
	for (int i = 0; i < table->nplaces; i++)
		if (table->places[i].state == CS_PLACE_STARTING)
		{
			set_state(&table->places[i], CS_PLACE_FREE);
			table->places[i].need = true;
		}
	LWLockRelease(table_lock);
}

void
cs_place_launcher_stop(void)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	if (table->launcher == CS_MY_PROC_NUMBER)
		table->launcher = -1;
	LWLockRelease(table_lock);
}

void
cs_place_need(Oid database)
{
	Place *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find_or_make(database);
	if (p != NULL)
	{
		p->need = true;
		queue_up(p, cs_clock_ticks());
	}
	LWLockRelease(table_lock);
}

void
cs_place_forget(Oid database)
{
	Place *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find(database);
	if (p != NULL && p->state == CS_PLACE_FREE && p->holds == 0)
		p->database = InvalidOid;
	LWLockRelease(table_lock);
}

bool
cs_place_overflowed(void)
{
	bool overflowed;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	overflowed = table->overflowed;
	table->overflowed = false;
	LWLockRelease(table_lock);
	return overflowed;
}

/* Who waited longest among those that nothing holds; counts the occupied. */
static Place *
first_waiting(CsInstant now, int *occupied)
{
	Place *first = NULL;

	*occupied = 0;
	for (int i = 0; i < table->nplaces; i++)
	{
		Place *p = &table->places[i];

		if (!OidIsValid(p->database))
			continue;
		*occupied += p->state != CS_PLACE_FREE;
		queue_up(p, now);
		if (p->waiting && p->holds == 0 &&
			(first == NULL || p->turn < first->turn))
			first = p;
	}
	return first;
}

Oid
cs_place_start_next(int most)
{
	Oid	   database = InvalidOid;
	int	   occupied;
	Place *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = first_waiting(cs_clock_ticks(), &occupied);
	if (p != NULL && occupied < most)
	{
		set_state(p, CS_PLACE_STARTING);
		p->need = false;
		p->due = CS_NEVER;
		database = p->database;
	}
	LWLockRelease(table_lock);
	return database;
}

bool
cs_place_start_failed(Oid database)
{
	Place *p;
	bool   failed;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find(database);
	failed = p != NULL && p->state == CS_PLACE_STARTING;
	if (failed)
	{
		set_state(p, CS_PLACE_FREE);
		p->need = true;
		queue_up(p, cs_clock_ticks());
	}
	LWLockRelease(table_lock);
	return failed;
}

CsInstant
cs_place_next_due(void)
{
	CsInstant due = CS_NEVER;

	LWLockAcquire(table_lock, LW_SHARED);
	for (int i = 0; i < table->nplaces; i++)
		if (OidIsValid(table->places[i].database) &&
			table->places[i].state == CS_PLACE_FREE)
			due = Min(due, table->places[i].due);
	LWLockRelease(table_lock);
	return due;
}

/* --- a worker --- */

bool
cs_place_enter(Oid database)
{
	Place *p;
	bool   entered;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find(database);
	entered = p != NULL && p->state == CS_PLACE_STARTING && p->holds == 0;
	if (entered)
	{
		set_state(p, CS_PLACE_RUNNING);
		p->process = CS_MY_PROC_NUMBER;
		p->pid = MyProcPid;
		mine = (int) (p - table->places);
	}
	LWLockRelease(table_lock);
	return entered;
}

void
cs_place_take_news(CsNews *news)
{
	Place *p = &table->places[mine];

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	*news = p->news;
	memset(&p->news, 0, sizeof(p->news));
	LWLockRelease(table_lock);
}

bool
cs_place_leave(CsInstant due)
{
	Place *p = &table->places[mine];
	int	   launcher;
	bool   leaves;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	leaves = !has_news(p) || p->holds > 0;
	if (leaves)
	{
		set_state(p, CS_PLACE_FREE);
		p->due = due;
		mine = -1;
	}
	launcher = table->launcher;
	LWLockRelease(table_lock);
	wake(-1, launcher);
	return leaves;
}

void
cs_place_abandon(void)
{
	int launcher;

	if (mine < 0)
		return;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	set_state(&table->places[mine], CS_PLACE_FREE);
	table->places[mine].need = true;
	mine = -1;
	launcher = table->launcher;
	LWLockRelease(table_lock);
	wake(-1, launcher);
}

bool
cs_place_is_held(void)
{
	bool held;

	LWLockAcquire(table_lock, LW_SHARED);
	held = table->places[mine].holds > 0;
	LWLockRelease(table_lock);
	return held;
}

bool
cs_place_others_wait(void)
{
	bool wait = false;

	LWLockAcquire(table_lock, LW_SHARED);
	for (int i = 0; i < table->nplaces && !wait; i++)
		wait = OidIsValid(table->places[i].database) &&
			   table->places[i].waiting && table->places[i].holds == 0;
	LWLockRelease(table_lock);
	return wait;
}

/* --- views --- */

bool
cs_place_view(int i, CsPlaceView *view)
{
	bool there;

	LWLockAcquire(table_lock, LW_SHARED);
	there = i < table->nplaces;
	if (there)
	{
		const Place *p = &table->places[i];

		*view = (CsPlaceView){p->database, p->state,   p->pid,		p->since,
							  p->due,	   p->waiting, p->holds > 0};
	}
	LWLockRelease(table_lock);
	return there;
}
