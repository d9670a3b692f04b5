/*
 * pause.pml
 *	  A provider's server that is not fit: its breaker is open, it pauses after a
 *	  429, its budget is used up.  Its rows wait, without using up attempts; one
 *	  of them tries when the pause is over.
 *
 * What the courier tells a row is "not now" (the call did not leave), an
 * infrastructure failure (it left, and the provider did not serve it), an answer,
 * or a failure of the row's own, of which a row has ATTEMPTS.
 *
 * ROWS, WORKER_CRASHES
 * M_NOT_NOW_COUNTS  "not now" and infrastructure failures use up attempts
 * M_ALL_TRY         each row tries when the pause is over
 * M_PAUSE_UNTOLD    a worker whose rows all wait leaves without a due time
 * M_TRIES_MARK      "one tries" is a mark in shared memory, not what is `asking`
 */
#include "names.pml"

#ifndef ROWS
#define ROWS 2
#endif
#ifndef WORKER_CRASHES
#define WORKER_CRASHES 0
#endif
#define ATTEMPTS 2

/* the table */
byte status[ROWS];
byte attempts[ROWS];

/* shared memory */
bit fit = 1;			/* of the server */
bit over;				/* its pause */
bit need;
bit due;				/* told by the worker that left */
byte slot[ROWS];
byte slot_outcome[ROWS];
#ifdef M_TRIES_MARK
bit tries_mark;
#endif

/* the worker */
bit at_work;
byte entry[ROWS];

/* the provider */
bit down;
bit was_down;

byte worker_died;

/* ghosts */
byte own_failures[ROWS];
bit tries[ROWS];		/* was claimed while the server was not fit */

hidden byte n;

#if ROWS == 2
#define ANY(what) (what(0) || what(1))
#define SOME_ASKS (ASKING(0) || ASKING(1))
#else
#define ANY(what) (what(0) || what(1) || what(2))
#define SOME_ASKS (ASKING(0) || ASKING(1) || ASKING(2))
#endif
#define OPEN(i) (status[i] == ROW_QUEUED || status[i] == ROW_ASKING)
#define ASKING(i) (status[i] == ROW_ASKING)
#define TRIES(i) tries[i]

proctype request(byte i)
{
	atomic { true -> status[i] = ROW_QUEUED; need = 1 }
}

inline take_up()
{
	for (n : 0 .. ROWS - 1) {
		if
		:: entry[n] == ENTRY_NONE && status[n] == ROW_QUEUED -> entry[n] = ENTRY_CLAIM
		:: entry[n] == ENTRY_NONE && status[n] == ROW_ASKING ->
			entry[n] = (slot[n] == SLOT_FREE -> ENTRY_BACK : ENTRY_ASKED)
		:: else
		fi
	}
}

#ifdef M_ALL_TRY
#define MAY_TRY over
#elif defined(M_TRIES_MARK)
#define MAY_TRY (over && !tries_mark)
#else
#define MAY_TRY (over && !SOME_ASKS)
#endif

#define WAITS(i) (entry[i] == ENTRY_CLAIM && !fit && !MAY_TRY)
#define RESTS(i) (entry[i] == ENTRY_NONE || WAITS(i))
#if ROWS == 2
#define ALL_REST (RESTS(0) && RESTS(1))
#else
#define ALL_REST (RESTS(0) && RESTS(1) && RESTS(2))
#endif

inline end_trying(i)
{
#ifdef M_TRIES_MARK
	if :: tries[i] -> tries_mark = 0 :: else fi;
#endif
	tries[i] = 0;
	slot[i] = SLOT_FREE; slot_outcome[i] = OUTCOME_NONE
}

#ifdef M_NOT_NOW_COUNTS
#define NO_ATTEMPT(i) attempts[i]++
#else
#define NO_ATTEMPT(i) skip
#endif

/* The row's own failure. */
#define OUTCOME_FAILED 4

proctype worker()
{
end:
	do
	:: atomic { !at_work && (need || (due && over)) -> need = 0; due = 0; at_work = 1; take_up() }
	:: atomic { at_work && need -> need = 0; take_up() }
	/* Only rows of a server that is not fit are left, or none. */
	:: atomic { at_work && !need && ALL_REST ->
#ifndef M_PAUSE_UNTOLD
		due = ANY(WAITS);
#endif
		at_work = 0;
		for (n : 0 .. ROWS - 1) { entry[n] = ENTRY_NONE } }
	od
}

proctype schedule(byte i)
{
end:
	do
	:: atomic { at_work && entry[i] == ENTRY_CLAIM && (fit || MAY_TRY) ->
		if
		:: fit
		:: !fit -> PROVE(one_row_tries, !ANY(TRIES));
			tries[i] = 1;
#ifdef M_TRIES_MARK
			tries_mark = 1
#endif
		fi;
		status[i] = ROW_ASKING; entry[i] = ENTRY_HAND }
	:: atomic { at_work && entry[i] == ENTRY_HAND -> slot[i] = SLOT_FILLED; entry[i] = ENTRY_ASKED }
	:: atomic { at_work && entry[i] == ENTRY_ASKED && slot[i] == SLOT_SETTLED ->
		if
		:: slot_outcome[i] == OUTCOME_ANSWERED -> status[i] = ROW_DONE; entry[i] = ENTRY_NONE
		:: slot_outcome[i] == OUTCOME_NOT_NOW -> NO_ATTEMPT(i); status[i] = ROW_QUEUED; entry[i] = ENTRY_CLAIM
		:: slot_outcome[i] == OUTCOME_FAILED -> attempts[i]++; status[i] = ROW_QUEUED; entry[i] = ENTRY_CLAIM
		fi;
		if
		:: attempts[i] >= ATTEMPTS -> status[i] = ROW_FAILED; entry[i] = ENTRY_NONE
		:: else
		fi;
		PROVE(own_failures_only, attempts[i] <= own_failures[i]);
		end_trying(i) }
	/* Claimed by the last worker, and never handed over. */
	:: atomic { at_work && entry[i] == ENTRY_BACK ->
		status[i] = ROW_QUEUED; entry[i] = ENTRY_CLAIM; tries[i] = 0 }
	od
}

proctype courier(byte i)
{
end:
	do
	:: atomic { slot[i] == SLOT_FILLED -> slot[i] = SLOT_TAKEN }
	/* Others were let through before; it is this row's turn to try, or not. */
	:: atomic { slot[i] == SLOT_TAKEN && !fit && !tries[i] ->
		slot[i] = SLOT_SETTLED; slot_outcome[i] = OUTCOME_NOT_NOW }
	:: atomic { slot[i] == SLOT_TAKEN && (fit || tries[i]) ->
		slot[i] = SLOT_SETTLED;
		if
		:: down -> fit = 0; over = 0; slot_outcome[i] = OUTCOME_NOT_NOW
		:: !down -> fit = 1; slot_outcome[i] = OUTCOME_ANSWERED
		:: !down -> fit = 1; slot_outcome[i] = OUTCOME_FAILED; own_failures[i]++
		fi }
	od
}

active proctype provider()
{
	do
	:: atomic { !was_down -> was_down = 1; down = 1 }
	:: atomic { down -> down = 0 }
	:: !over -> progress: over = 1
	:: break
	od;
	/* Every outage ends.  Who goes round for ever without the passing of time is
	 * lost as well. */
end:
	do
	:: atomic { down -> down = 0 }
	:: !over -> progress_of_time: over = 1
	od
}

/* A statement of some session asks the same server, and is answered. */
active proctype another_session()
{
	if
	:: atomic { !fit && !down -> fit = 1 }
	:: true
	fi
}

active proctype chaos()
{
end:
	do
#if WORKER_CRASHES
	:: atomic { worker_died < WORKER_CRASHES && at_work -> worker_died++; at_work = 0; need = 1;
		for (n : 0 .. ROWS - 1) { entry[n] = ENTRY_NONE } }
#endif
	:: break
	od
}

active proctype last_look()
{
	timeout -> PROVE(request_not_lost, !ANY(OPEN))
}

init
{
	atomic {
		run worker();
		run request(0); run schedule(0); run courier(0);
		run request(1); run schedule(1); run courier(1);
#if ROWS > 2
		run request(2); run schedule(2); run courier(2);
#endif
	}
}
