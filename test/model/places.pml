/*
 * places.pml
 *	  Fewer places for workers than databases: one place, three databases.
 *	  Database 0 always has due work, 1 and 2 have one request each, and each
 *	  is served, however the others behave.  Checked with weak fairness.
 *
 * A worker that has had its turn gives its place up while another database
 * waits, and places go in order of arrival.
 *
 * M_NO_YIELD  a worker leaves only when nothing is due
 * M_NO_ORDER  a free place goes to any database that waits
 */
#include "names.pml"

#define NOBODY 3
byte in_place = NOBODY;	/* the database whose worker has the place */
byte first = NOBODY;	/* who waits, in order of arrival */
byte second = NOBODY;
byte third = NOBODY;
bit served[3];

#define SOMEBODY_WAITS (first != NOBODY)
#define QUEUES(d) (first == d || second == d || third == d)

inline arrive(d)
{
	if
	:: first == NOBODY -> first = d
	:: first != NOBODY && second == NOBODY -> second = d
	:: first != NOBODY && second != NOBODY -> third = d
	fi
}

/* Polls every few seconds: there is always something due. */
active proctype busy()
{
end:
	do
	:: atomic { in_place != 0 && !QUEUES(0) -> arrive(0) }
	:: in_place == 0 -> served[0] = 1;
		if
#ifndef M_NO_YIELD
		:: atomic { SOMEBODY_WAITS -> in_place = NOBODY }
#endif
		:: atomic { !SOMEBODY_WAITS -> true }
#ifdef M_NO_YIELD
		:: true
#endif
		fi
	od
}

proctype once(byte d)
{
	atomic { true -> arrive(d) };
	atomic { in_place == d -> served[d] = 1; in_place = NOBODY }
}

active proctype launcher()
{
end:
	do
	:: atomic { in_place == NOBODY && SOMEBODY_WAITS ->
		if
		:: true -> in_place = first; first = second; second = third
#ifdef M_NO_ORDER
		:: second != NOBODY -> in_place = second; second = third
		:: third != NOBODY -> in_place = third
#endif
		fi;
		third = NOBODY }
	od
}

init { atomic { run once(1); run once(2) } }

ltl everybody_served { <> served[1] && <> served[2] && [] <> (in_place == 0) }
