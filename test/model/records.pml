/*
 * records.pml
 *	  What databases share: fewer records in shared memory than databases.
 *
 * A session announces in its database's record, or takes a free one for it.
 * When none is free it leaves a mark for the launcher, which lists all databases
 * and has each looked at.  A record is freed only when nothing is announced in
 * it, nothing is due, and no worker has its place.  Here are three databases and
 * one record; a database has been served when a worker looked after its last
 * commit.
 *
 * LAUNCHER_CRASHES   its list goes with it, and the next one lists anew
 * M_WORKER_CLEARS    a worker that looked clears the mark, as if it were its own
 * M_LIST_THEN_CLEAR  the launcher clears the mark after it made its list
 * M_DROP_ANNOUNCED   a worker that leaves frees the record without a look at it
 * M_LIST_ONCE        a launcher that starts does not list
 */
#include "names.pml"

#ifndef LAUNCHER_CRASHES
#define LAUNCHER_CRASHES 0
#endif

#define DATABASES 3
#define NOBODY 7

/* the one record */
byte record = NOBODY;	/* whose it is */
bit announced;
byte place;

bit no_record;			/* a session found none */
byte list;				/* databases that the launcher will have looked at */
bit listing;
bit up;
byte launcher_died;

byte to_look;			/* ghost: databases with rows that no worker has seen */

hidden byte n;

/* A session commits, and announces. */
proctype session(byte d)
{
	atomic { true -> to_look = to_look | (1 << d) };
	atomic { true ->
		if
		:: record == d -> announced = 1
		:: record == NOBODY -> record = d; announced = 1
		:: else -> no_record = 1
		fi }
}

proctype launcher()
{
end:
	do
	:: atomic { !up -> up = 1; listing = 0; list = 0;
#ifndef M_LIST_ONCE
		no_record = 1;
#endif
		if :: place == PLACE_STARTING -> place = PLACE_FREE :: else fi }
#ifdef M_LIST_THEN_CLEAR
	:: atomic { up && no_record && !listing -> list = 7; listing = 1 }
	:: atomic { up && listing && place == PLACE_FREE && (list != 7) -> no_record = 0; listing = 0 }
#else
	:: atomic { up && no_record -> no_record = 0; list = 7 }
#endif

	/* An announcement, or the next of the list; a record that is idle serves it. */
	:: atomic { up && place == PLACE_FREE && record != NOBODY && announced ->
		list = list & (7 - (1 << record));
		place = PLACE_STARTING }
	:: atomic { up && place == PLACE_FREE && list && record == NOBODY ->
		n = 0;
		do :: !(list & (1 << n)) -> n++ :: else -> break od;
		record = n; list = list & (7 - (1 << n));
		announced = 1; place = PLACE_STARTING }
	od
}

proctype worker()
{
	byte seen;

end:
	do
	:: atomic { place == PLACE_STARTING -> place = PLACE_RUNNING; announced = 1 };
		do
		:: atomic { announced ->
			announced = 0;
#ifdef M_WORKER_CLEARS
			no_record = 0;
#endif
			};
			/* its snapshot */
			atomic { true -> to_look = to_look & (7 - (1 << record)) }
#ifdef M_DROP_ANNOUNCED
		:: !announced -> break
#else
		:: atomic { !announced -> place = PLACE_FREE; record = NOBODY; break }
#endif
		od;
#ifdef M_DROP_ANNOUNCED
		atomic { true -> place = PLACE_FREE; record = NOBODY; announced = 0 }
#endif
	od
}

proctype chaos()
{
end:
	do
#if LAUNCHER_CRASHES
	:: atomic { launcher_died < LAUNCHER_CRASHES -> launcher_died++; up = 0; list = 0; listing = 0 }
#endif
	:: break
	od
}

proctype last_look()
{
	timeout -> PROVE(request_not_lost, to_look == 0)
}

init
{
	atomic {
		run launcher(); run worker(); run chaos(); run last_look();
		run session(0); run session(1); run session(2); run session(0)
	}
}
