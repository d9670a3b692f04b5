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
 *	  STARTING	a worker was asked for.  It makes the place RUNNING before it
 *				connects, unless a statement wants the database; or the
 *				launcher, who watches it, makes it FREE again with `need`.  A
 *				launcher that starts anew does the same to all that it finds.
 *	  RUNNING	a worker has it, and holds a lock of the database from before its
 *				first look to its end.  It gives it back in the critical section
 *				that sees that nothing is announced; where it is to leave
 *				whatever was announced, that stays announced.  When it ends
 *				abnormally, it leaves `need` behind.
 *
 * News are ids of rows, ranges that widen when there is no room, or `look at
 * all`.  They are one field, due times another: neither overwrites the other.
 * Whoever announces sets the latches of worker and launcher, whichever there is.
 *
 * All of it is gone with a crash of the server; then the launcher needs every
 * database once.  A record is made when a database is first spoken of, and
 * taken for another one when it says nothing any more.
 *
 * Who has a reason and no worker waits, in the order of arrival.  Only the
 * launcher knows whether there is a place for it: when there is none, it says so
 * to those that have one.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/place.h"

#include "miscadmin.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/wakeup.h"
#include "shared/place_table.h"

/* After an abnormal end a database is left alone for so long. */
#define BACK_OFF_US CS_US_PER_S

/* The record of this worker; -1: none. */
static int mine = -1;

/* --- records; the lock is held --- */

static bool
has_reason(const CsPlaceRecord *p, CsInstant now)
{
	return p->need || cs_place_table_has_news(p) || p->due <= now;
}

/* Gives who has a reason and no worker its turn. */
static void
queue_up(CsPlaceRecord *p, CsInstant now)
{
	if (p->waiting || p->state != CS_PLACE_FREE || !has_reason(p, now))
		return;
	p->waiting = true;
	p->turn = ++cs_place_table->turns;
	p->since = now;
}

static void
set_state(CsPlaceRecord *p, CsPlaceState state)
{
	p->state = state;
	p->waiting = false;
	p->since = cs_clock_ticks();
	p->process = -1;
	p->pid = 0;
	p->blocked_by = 0;
}

/* Whoever had it is no more, and what it had in mind is not known. */
static void
fail(CsPlaceRecord *p)
{
	set_state(p, CS_PLACE_FREE);
	p->need = true;
	p->left_at = 0;
	p->not_before = p->since + BACK_OFF_US;
	queue_up(p, p->since);
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
	int			   worker = -1;
	int			   launcher;
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_make(database);
	launcher = cs_place_table->launcher;
	if (p != NULL)
	{
		p->news.look_at_all |= news->look_at_all;
		for (int i = 0; i < news->n; i++)
			cs_id_news_add(&p->news, news->ranges[i].first,
						   news->ranges[i].last);
		queue_up(p, cs_clock_ticks());
		worker = p->process;
	}
	else
		cs_place_table->overflowed = true;
	LWLockRelease(cs_place_table_lock);
	wake(worker, launcher);
}

void
cs_place_due(Oid database)
{
	int			   worker = -1;
	int			   launcher;
	CsInstant	   now = cs_clock_ticks();
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_make(database);
	launcher = cs_place_table->launcher;
	if (p != NULL && p->state == CS_PLACE_FREE)
	{
		p->due = Min(p->due, now);
		queue_up(p, now);
	}
	if (p != NULL)
		worker = p->process;
	LWLockRelease(cs_place_table_lock);
	wake(worker, launcher);
}

bool
cs_place_hold(Oid database)
{
	int			   worker = -1;
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_make(database);
	if (p != NULL)
	{
		p->holds++;
		worker = p->process;
	}
	LWLockRelease(cs_place_table_lock);
	wake(worker, -1);
	return p != NULL;
}

void
cs_place_let_go(Oid database)
{
	int			   launcher;
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_find(database);
	/* A worker that left for it may not have looked at all. */
	if (p != NULL && p->holds > 0 && --p->holds == 0)
		p->need = true;
	launcher = cs_place_table->launcher;
	LWLockRelease(cs_place_table_lock);
	wake(-1, launcher);
}

bool
cs_place_is_empty(Oid database)
{
	CsPlaceRecord *p;
	bool		   empty;

	LWLockAcquire(cs_place_table_lock, LW_SHARED);
	p = cs_place_table_find(database);
	empty = p == NULL || p->state != CS_PLACE_RUNNING;
	LWLockRelease(cs_place_table_lock);
	return empty;
}

/* --- the launcher --- */

void
cs_place_launcher_start(void)
{
	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	cs_place_table->launcher = CS_MY_PROC_NUMBER;
	cs_place_table->launcher_pid = MyProcPid;
	cs_place_table->launcher_since = cs_clock_ticks();
	cs_place_table->away_until = 0;
	for (int i = 0; i < cs_place_table->nplaces; i++)
		if (cs_place_table->places[i].state == CS_PLACE_STARTING)
		{
			set_state(&cs_place_table->places[i], CS_PLACE_FREE);
			cs_place_table->places[i].need = true;
		}
	LWLockRelease(cs_place_table_lock);
}

void
cs_place_launcher_stop(void)
{
	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	if (cs_place_table->launcher == CS_MY_PROC_NUMBER)
		cs_place_table->launcher = -1;
	LWLockRelease(cs_place_table_lock);
}

bool
cs_place_need(Oid database)
{
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_make(database);
	if (p != NULL)
	{
		p->need = true;
		queue_up(p, cs_clock_ticks());
	}
	LWLockRelease(cs_place_table_lock);
	return p != NULL;
}

void
cs_place_forget(Oid database)
{
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_find(database);
	if (p != NULL && p->state == CS_PLACE_FREE && p->holds == 0)
		p->database = InvalidOid;
	LWLockRelease(cs_place_table_lock);
}

bool
cs_place_overflowed(void)
{
	bool overflowed;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	overflowed = cs_place_table->overflowed;
	cs_place_table->overflowed = false;
	LWLockRelease(cs_place_table_lock);
	return overflowed;
}

/* Who waited longest among those that may start; counts the occupied. */
static CsPlaceRecord *
first_waiting(CsInstant now, int *occupied)
{
	CsPlaceRecord *first = NULL;

	*occupied = 0;
	for (int i = 0; i < cs_place_table->nplaces; i++)
	{
		CsPlaceRecord *p = &cs_place_table->places[i];

		if (!OidIsValid(p->database))
			continue;
		*occupied += p->state != CS_PLACE_FREE;
		queue_up(p, now);
		if (p->waiting && p->holds == 0 && p->not_before <= now &&
			(first == NULL || p->turn < first->turn))
			first = p;
	}
	return first;
}

/* Those that have places are to see it at once when others wait for them. */
static void
set_crowded(bool crowded)
{
	if (crowded && !cs_place_table->crowded)
		for (int i = 0; i < cs_place_table->nplaces; i++)
			cs_wakeup_process(cs_place_table->places[i].process);
	cs_place_table->crowded = crowded;
}

Oid
cs_place_start_next(int most)
{
	Oid			   database = InvalidOid;
	int			   occupied;
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = first_waiting(cs_clock_ticks(), &occupied);
	if (p != NULL && occupied < most)
	{
		set_state(p, CS_PLACE_STARTING);
		p->need = false;
		p->due = CS_NEVER;
		database = p->database;
	}
	else
		set_crowded(p != NULL || occupied > most);
	LWLockRelease(cs_place_table_lock);
	return database;
}

void
cs_place_no_room(void)
{
	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	set_crowded(true);
	LWLockRelease(cs_place_table_lock);
}

void
cs_place_start_failed(Oid database)
{
	CsPlaceRecord *p;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_find(database);
	if (p != NULL && p->state == CS_PLACE_STARTING)
		fail(p);
	LWLockRelease(cs_place_table_lock);
}

/* When a place that is free wants a worker; who waits for one is told. */
static CsInstant
next_due(const CsPlaceRecord *p, CsInstant now)
{
	if (!OidIsValid(p->database) || p->state != CS_PLACE_FREE || p->holds > 0)
		return CS_NEVER;
	if (!p->waiting)
		return p->due;
	return p->not_before > now ? p->not_before : CS_NEVER;
}

CsInstant
cs_place_next_due(void)
{
	CsInstant now = cs_clock_ticks();
	CsInstant due = CS_NEVER;

	LWLockAcquire(cs_place_table_lock, LW_SHARED);
	for (int i = 0; i < cs_place_table->nplaces; i++)
		due = Min(due, next_due(&cs_place_table->places[i], now));
	LWLockRelease(cs_place_table_lock);
	return due;
}

void
cs_place_chores_anew(void)
{
	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	for (int i = 0; i < cs_place_table->nplaces; i++)
	{
		cs_place_table->places[i].chore = (CsChore){0, 0};
		cs_wakeup_process(cs_place_table->places[i].process);
	}
	LWLockRelease(cs_place_table_lock);
}

void
cs_place_stay_away(CsInstant until, int deaths)
{
	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	cs_place_table->away_until = until;
	cs_place_table->deaths = deaths;
	LWLockRelease(cs_place_table_lock);
}

/* --- a worker --- */

bool
cs_place_enter(Oid database)
{
	CsPlaceRecord *p;
	int			   launcher = -1;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p = cs_place_table_find(database);
	if (p != NULL && p->state == CS_PLACE_STARTING && p->holds > 0)
	{
		set_state(p, CS_PLACE_FREE);
		p->need = true;
		launcher = cs_place_table->launcher;
	}
	else if (p != NULL && p->state == CS_PLACE_STARTING)
	{
		set_state(p, CS_PLACE_RUNNING);
		p->process = CS_MY_PROC_NUMBER;
		p->pid = MyProcPid;
		mine = (int) (p - cs_place_table->places);
	}
	LWLockRelease(cs_place_table_lock);
	wake(-1, launcher);
	return mine >= 0;
}

CsInstant
cs_place_left_at(void)
{
	CsInstant left_at;

	LWLockAcquire(cs_place_table_lock, LW_SHARED);
	left_at = cs_place_table->places[mine].left_at;
	LWLockRelease(cs_place_table_lock);
	return left_at;
}

void
cs_place_take_news(CsNews *news)
{
	CsPlaceRecord *p = &cs_place_table->places[mine];

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	*news = p->news;
	memset(&p->news, 0, sizeof(p->news));
	LWLockRelease(cs_place_table_lock);
}

bool
cs_place_leave(CsInstant due, bool anyway)
{
	CsPlaceRecord *p = &cs_place_table->places[mine];
	int			   launcher;
	bool		   leaves;

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	leaves = anyway || !cs_place_table_has_news(p);
	if (leaves)
	{
		set_state(p, CS_PLACE_FREE);
		p->due = due;
		p->left_at = p->since;
		p->not_before = 0;
		queue_up(p, p->since);
		mine = -1;
	}
	launcher = cs_place_table->launcher;
	LWLockRelease(cs_place_table_lock);
	wake(-1, launcher);
	return leaves;
}

void
cs_place_abandon(void)
{
	int launcher;

	if (mine < 0)
		return;
	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	fail(&cs_place_table->places[mine]);
	mine = -1;
	launcher = cs_place_table->launcher;
	LWLockRelease(cs_place_table_lock);
	wake(-1, launcher);
}

CsPlaceWish
cs_place_wish(void)
{
	CsPlaceWish wish;

	LWLockAcquire(cs_place_table_lock, LW_SHARED);
	wish = cs_place_table->places[mine].holds > 0 ? CS_PLACE_WANTED
		   : cs_place_table->crowded			  ? CS_PLACE_SHORT
												  : CS_PLACE_STAY;
	LWLockRelease(cs_place_table_lock);
	return wish;
}

CsChore
cs_place_chore(void)
{
	CsChore chore;

	LWLockAcquire(cs_place_table_lock, LW_SHARED);
	chore = cs_place_table->places[mine].chore;
	LWLockRelease(cs_place_table_lock);
	return chore;
}

void
cs_place_set_chore(CsChore chore)
{
	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	cs_place_table->places[mine].chore = chore;
	LWLockRelease(cs_place_table_lock);
}

void
cs_place_blocked(int pid, CsInstant since)
{
	CsPlaceRecord *p = &cs_place_table->places[mine];

	LWLockAcquire(cs_place_table_lock, LW_EXCLUSIVE);
	p->blocked_by = pid;
	p->blocked_since = since;
	LWLockRelease(cs_place_table_lock);
}
