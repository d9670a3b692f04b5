/*
 * same.pml
 *	  Two rows with the same question of one mapping: one entry of the schedule,
 *	  one call, and both rows get what comes of it.  The provider cannot be read
 *	  back.  Row 1 may come at any moment, and row 0 may be cancelled.
 *
 * All queued rows of a question are claimed in one transaction.  One that comes
 * later joins in the state that the entry has, and takes the request id of the
 * call that it waits for.  The entry lives while any of its rows is open.
 *
 * WORKER_CRASHES, SERVER_CRASHES  as in queue.pml; slots outlive a worker only
 * M_CLAIM_ONE       only the row whose call is sent is claimed
 * M_JOIN_IN_MEMORY  who joins a call on its way is not written as `asking`
 * M_FIRST_OWNS      the entry ends with the row that it began with
 */
#include "names.pml"

#ifndef WORKER_CRASHES
#define WORKER_CRASHES 0
#endif
#ifndef SERVER_CRASHES
#define SERVER_CRASHES 0
#endif

byte status[2];
byte shares[2];			/* request id: 0 its own, 1 + row: that row's */
bit asked_here;			/* claimed since the server started */

/* the worker's memory */
byte entry;
bit told;				/* row 1 was announced, or all is to be looked at */
bit first_is_0;			/* which row the entry began with */

byte slot;
bit wire;
bit sent;				/* a call of the question, ever */
bit ready;
byte worker_died, server_crashed;

/* ghosts */
bit covered[2];			/* waits for the call of the present entry */
bit bought[2];			/* waited for one that left */

hidden byte n;

#define OPEN(i) (status[i] == ROW_QUEUED || status[i] == ROW_ASKING || status[i] == ROW_PENDING)
#define IS(i, what) (status[i] == what)
#define EITHER(what) (IS(0, what) || IS(1, what))

active proctype sessions()
{
	if
	:: atomic { true -> status[0] = ROW_QUEUED; told = 1 }
	:: true
	fi;
	if
	:: atomic { true -> status[1] = ROW_QUEUED; told = 1 }
	:: true
	fi
}

active proctype cancel()
{
	if
	:: atomic { IS(0, ROW_QUEUED) -> PROVE(cancelled_never_sent, !shares[0]); status[0] = ROW_CANCELLED; told = 1 }
	:: atomic { IS(0, ROW_PENDING) -> status[0] = ROW_EXPIRED; told = 1 }
	:: true
	fi
}

inline all_that_are(from, to)
{
	for (n : 0 .. 1) { if :: status[n] == from -> status[n] = to :: else fi }
}

/* Rows of the question that are new to the entry. */
inline join()
{
	for (n : 0 .. 1) {
		if
		:: status[n] == ROW_QUEUED && (entry == ENTRY_HAND || entry == ENTRY_ASKED) ->
#ifndef M_JOIN_IN_MEMORY
			status[n] = ROW_ASKING;
#endif
			shares[n] = 1; covered[n] = 1;
			bought[n] = (bought[n] || slot == SLOT_SETTLED || wire)
		:: status[n] == ROW_QUEUED && entry == ENTRY_POLL -> status[n] = ROW_PENDING; shares[n] = 1
		:: else
		fi
	}
}

active proctype worker()
{
end:
	do
	:: atomic { told && entry == ENTRY_NONE -> told = 0;
		first_is_0 = OPEN(0);
		if
		:: EITHER(ROW_ASKING) && slot != SLOT_FREE -> entry = ENTRY_ASKED
		:: EITHER(ROW_ASKING) && slot == SLOT_FREE && asked_here -> entry = ENTRY_BACK
		:: EITHER(ROW_ASKING) && slot == SLOT_FREE && !asked_here -> entry = ENTRY_UNKNOWN
		:: !EITHER(ROW_ASKING) && EITHER(ROW_PENDING) -> entry = ENTRY_POLL
		:: !EITHER(ROW_ASKING) && !EITHER(ROW_PENDING) && EITHER(ROW_QUEUED) -> entry = ENTRY_CLAIM
		:: else
		fi;
		join() }
	:: atomic { told && (entry == ENTRY_HAND || entry == ENTRY_ASKED || entry == ENTRY_POLL) ->
		told = 0; join() }

	:: atomic { entry == ENTRY_CLAIM ->
		asked_here = 1;
		for (n : 0 .. 1) { covered[n] = (status[n] == ROW_QUEUED) };
		if
#ifdef M_CLAIM_ONE
		:: IS(0, ROW_QUEUED) -> status[0] = ROW_ASKING; shares[0] = 1; entry = ENTRY_HAND
		:: !IS(0, ROW_QUEUED) && IS(1, ROW_QUEUED) -> status[1] = ROW_ASKING; shares[1] = 1; entry = ENTRY_HAND
#else
		:: EITHER(ROW_QUEUED) -> entry = ENTRY_HAND;
			for (n : 0 .. 1) { if :: status[n] == ROW_QUEUED -> status[n] = ROW_ASKING; shares[n] = 1 :: else fi }
#endif
		:: else -> entry = ENTRY_NONE; told = EITHER(ROW_PENDING)
		fi }
	:: atomic { entry == ENTRY_HAND && slot == SLOT_FREE -> slot = SLOT_FILLED; entry = ENTRY_ASKED }
	:: atomic { entry == ENTRY_ASKED && slot == SLOT_SETTLED -> entry = ENTRY_ACCEPTED }

	:: atomic { entry == ENTRY_ACCEPTED ->
		all_that_are(ROW_ASKING, ROW_PENDING);
#if defined(M_CLAIM_ONE) || defined(M_JOIN_IN_MEMORY)
		all_that_are(ROW_QUEUED, ROW_PENDING);
#endif
		entry = ENTRY_POLL; slot = SLOT_FREE }
	:: atomic { entry == ENTRY_BACK ->
		for (n : 0 .. 1) { if :: status[n] == ROW_ASKING -> status[n] = ROW_QUEUED; shares[n] = 0 :: else fi };
		entry = ENTRY_CLAIM }
	/* It holds for all; rows that are not its own are a question of their own. */
	:: atomic { entry == ENTRY_UNKNOWN ->
		PROVE(unknown_only_if_sent, sent || server_crashed);
		all_that_are(ROW_ASKING, ROW_UNKNOWN); entry = ENTRY_NONE; slot = SLOT_FREE; told = 1 }
	:: atomic { entry == ENTRY_POLL && ready ->
		all_that_are(ROW_PENDING, ROW_DONE); entry = ENTRY_NONE; told = 1 }
	/* All of its rows were cancelled. */
#ifdef M_FIRST_OWNS
	:: atomic { entry == ENTRY_POLL && !IS((first_is_0 -> 0 : 1), ROW_PENDING) -> entry = ENTRY_NONE }
#else
	:: atomic { entry == ENTRY_POLL && !EITHER(ROW_PENDING) && !told -> entry = ENTRY_NONE; told = 1 }
#endif
	od
}

active proctype courier()
{
end:
	do
	:: atomic { slot == SLOT_FILLED -> slot = SLOT_TAKEN; sent = 1 }
	:: atomic { slot == SLOT_TAKEN && !wire -> wire = 1;
		PROVE(cancelled_never_sent, !IS(0, ROW_CANCELLED) || !covered[0]);
		for (n : 0 .. 1) {
			if
			:: covered[n] -> PROVE(bought_once, !bought[n]); bought[n] = 1
			:: else
			fi
		} }
	:: atomic { slot == SLOT_TAKEN && wire -> wire = 0; slot = SLOT_SETTLED }
	:: atomic { sent && !ready -> ready = 1 }
	od
}

active proctype chaos()
{
end:
	do
#if WORKER_CRASHES
	:: atomic { worker_died < WORKER_CRASHES -> worker_died++; entry = ENTRY_NONE; told = 1 }
#endif
#if SERVER_CRASHES
	:: atomic { server_crashed < SERVER_CRASHES -> server_crashed++; entry = ENTRY_NONE; told = 1;
		slot = SLOT_FREE; wire = 0; asked_here = 0 }
#endif
	:: break
	od
}

active proctype last_look()
{
	timeout -> PROVE(request_not_lost, !OPEN(0) && !OPEN(1))
}
