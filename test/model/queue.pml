/*
 * queue.pml
 *	  One database: requests, announcements, launcher, worker, slots, courier
 *	  and provider, and what may end between any two of their steps.
 *
 * Every process is a loop of atomic steps over global variables, and has no
 * state of its own, so that whatever ends is a few assignments.  Time is left
 * out: a poll is due when it would bring something, or when the deadline has
 * passed, and a worker leaves when nothing is due.  So every run ends, and that
 * no request is lost is an assertion on the last state (last_look).
 *
 * Sizes      ROWS (1 to 3), WORKERS: processes that may be there at once;
 *            SERVER_CRASHES, WORKER_CRASHES, COURIER_CRASHES, LAUNCHER_CRASHES
 * What users do
 *            CANCEL, STAY_OPEN (whose transaction never ends), RETRY, PREPARED,
 *            STATEMENTS=n that want the database, ADOPT, TAKE_OVER
 * What is around
 *            LOSS (replies are lost), READ_BACK (the provider can be asked what
 *            it has), IDEMPOTENT (it answers a second create with 409),
 *            NOT_NOW (the courier lets a call not leave), BILLED_POLL,
 *            DEADLINE, NO_ROOM (no process is free for a worker), FOREIGN (row
 *            0 came with a copy of another database), ORIGIN (which runs on),
 *            LAG (what survives a crash of the server is an earlier state),
 *            CLAIM_WAITS (until a claim survives)
 * M_*        mutations: the protocol with one rule broken
 */
#include "names.pml"

#ifndef ROWS
#define ROWS 1
#endif
#ifndef WORKERS
#define WORKERS 1
#endif
#ifndef SERVER_CRASHES
#define SERVER_CRASHES 0
#endif
#ifndef WORKER_CRASHES
#define WORKER_CRASHES 0
#endif
#ifndef COURIER_CRASHES
#define COURIER_CRASHES 0
#endif
#ifndef LAUNCHER_CRASHES
#define LAUNCHER_CRASHES 0
#endif
#ifndef STATEMENTS
#define STATEMENTS 0
#endif

#if ROWS == 1
#define ALL(what) what(0)
#define ANY(what) what(0)
#elif ROWS == 2
#define ALL(what) (what(0) && what(1))
#define ANY(what) (what(0) || what(1))
#else
#define ALL(what) (what(0) && what(1) && what(2))
#define ANY(what) (what(0) || what(1) || what(2))
#endif

/* --- durable: the table --- */

byte status[ROWS];
bit request_id[ROWS];	/* 0 at INSERT, 1 after credscore_retry */
bit answers[ROWS];		/* billed calls that were answered */
bit asked_here[ROWS];	/* asked_at: since this server started, by itself */
bit passed[ROWS];		/* its deadline */
bit foreign;			/* the database is not at home; row 0 came with it */
bit prepared;			/* session 1's transaction */
#ifdef LAG
byte kept_status;		/* of row 0: what a crash leaves */
#endif

/* --- the server's shared memory --- */

/* The database's record. */
byte place;
byte announced;			/* ranges of ids, as a mask */
bit look_at_all;
bit need;				/* a worker is to look, whatever is announced */
bit due;				/* the worker that left told a due time */
byte wanted;			/* statements that want the database */
bit worker_latch;

bit launcher_latch;
bit gid_noted;			/* the prepared transaction's ranges */

byte slot[ROWS];
byte slot_call[ROWS];	/* whose it is: which call of the row */
byte slot_outcome[ROWS];
bit sent[ROWS];			/* marked before the call leaves */

/* --- sessions: all that a crash takes from them --- */

#define ASKER 0			/* sessions 0 and 1 */
#define FINISHER 2
#define CANCELLER 3
#define RETRIER 4
#define ADOPTER 5
bit unannounced[6];		/* committed, its callback is still to run */
bit cancelling;			/* holds the lock of row 0 */
bit note_is_all;		/* the finisher's: it met an unknown gid */
byte holding;			/* statements that have the database */
#if STATEMENTS
byte statement[STATEMENTS];
#define STATEMENT_AWAY 0
#define STATEMENT_WAITS 1
#define STATEMENT_HOLDS 2
#define STATEMENT_OVER 3
#endif

/* --- the launcher --- */

bit launcher_up;
bit registering;		/* place taken, worker not yet registered */
byte handle;			/* 1 + the worker that it watches */
bit notice;				/* the watched one stopped */
bit alarm;				/* the due time that it knows */

/* --- workers --- */

#define STAGE_AWAY 0
#define STAGE_BORN 1			/* registered; its code has not run */
#define STAGE_ENTERING 2		/* has its place, waits for the lock of the database */
#define STAGE_INSIDE 3		/* has the lock */
#define STAGE_GOING 4			/* gave its place up, still has the lock */
byte stage[WORKERS];
byte inside;			/* workers that have the lock */

/* The memory of the one that is inside. */
bit at_work;
bit looking;			/* took what was announced, gets its snapshot */
bit whole;
byte taken;
byte entry[ROWS];
bit late_poll[ROWS];	/* the poll began after the deadline */
bit tried[ROWS];		/* polled once before anything was due */
#ifdef M_HIGH_WATER
byte seen;
#endif
#ifdef M_FORGET_EARLY
byte outcome[ROWS];
hidden byte saved;
#endif
#ifdef M_EXIT_NO_RECHECK
bit leaving;
#endif

/* --- the network and the provider --- */

#ifdef BILLED_POLL
#define CALLS 4
#elif defined(RETRY)
#define CALLS 2
#else
#define CALLS 1
#endif
#define WHICH(i) (request_id[i] + 2 * answers[i])
#define CALL(i, which) ((i) + ROWS * (which))
#define ITS_CALL(i) CALL(i, WHICH(i))

bit wire[ROWS];			/* the slot's call, on a connection that stands */
bit on_the_way[ROWS * CALLS];	/* or in the provider's queue */
byte created[ROWS * CALLS];
bit ready[ROWS];		/* the result is there; BILLED_POLL: it is time */
bit mishap;				/* NOT_NOW, NO_ROOM, a poll that failed: once in a run */

/* --- what only the properties know --- */

bit left[ROWS * CALLS];		/* it may have left: marked, or asked in a server that crashed */
bit polled_late[ROWS];		/* "not yet" to a poll begun after the deadline */
bit forgotten;				/* a failover forgot a claim */
#ifdef EXACTLY_FORGOTTEN
#define EXCUSED forgotten
#else
#define EXCUSED false
#endif

hidden byte n;			/* counts within one step */

#define OPEN(i) (status[i] == ROW_QUEUED || status[i] == ROW_ASKING || status[i] == ROW_PENDING)
#define ENDED(i) (status[i] > ROW_PENDING)
#define LOCKED(i) ((i) == 0 && cancelling)
#define AT_HOME(i) (!foreign)	/* of all rows: a foreign row of credscore.home is enough */

/* --- announcing --- */

#define LOOK_AT_ALL 255

/* In one critical section. */
inline announce(range)
{
	if
	:: range == LOOK_AT_ALL -> look_at_all = 1
	:: else -> announced = announced | range
	fi;
	worker_latch = 1; launcher_latch = 1
}

/* The callback of a transaction that has committed, or of the command that
 * finishes a prepared one, which announces at ABORT, too. */
proctype callback(byte session; byte range)
{
end:
	do
	:: atomic { unannounced[session] ->
		unannounced[session] = 0;
		if
		:: session == FINISHER && note_is_all -> announce(LOOK_AT_ALL)
		:: else -> announce(range)
		fi;
		note_is_all = 0 }
	od
}

/* --- sessions --- */

/* Session 0 has row 0, and of three rows 2 as well; session 1 has row 1.  A
 * range is from the smallest id to the largest. */
#if ROWS == 3
#define RANGE0 7
#else
#define RANGE0 1
#endif
#define RANGE1 2

inline insert(s)
{
	status[s] = ROW_QUEUED;
#if ROWS == 3
	if :: s == 0 -> status[2] = ROW_QUEUED :: else fi
#endif
}

/* credscore_request_*() */
proctype request(byte s)
{
	if
#ifdef M_ANNOUNCE_EARLY
	:: atomic { true -> announce(RANGE0) };
	   atomic { true -> insert(s) }
#else
	:: atomic { true -> insert(s); unannounced[ASKER + s] = 1 }
#endif
	/* All of it was rolled back to a savepoint: announced for nothing. */
	:: atomic { s == 1 -> unannounced[ASKER + s] = 1 }
#ifdef PREPARED
	:: atomic { s == 1 -> prepared = 1; gid_noted = 1 }
#endif
	:: true		/* rolled back */
	fi
}

#ifdef PREPARED
/* COMMIT PREPARED and ROLLBACK PREPARED, of any session, at any time later. */
proctype finish_prepared()
{
end:
	if
	:: atomic { prepared -> prepared = 0; gid_noted = 0 }
	:: atomic { prepared ->
#ifndef M_PREPARED_UNKNOWN
		note_is_all = !gid_noted;	/* noted before it is executed */
#endif
#ifdef M_PREPARED_UNKNOWN
		unannounced[FINISHER] = gid_noted;
#elif !defined(M_PREPARED_QUIET)
		unannounced[FINISHER] = 1;
#endif
		prepared = 0; gid_noted = 0;
		insert(1) }
	fi
}
#endif

#ifdef CANCEL
proctype cancel()
{
#ifdef M_CANCEL_BLIND
	if
	:: status[0] == ROW_QUEUED -> atomic { true ->
		status[0] = ROW_CANCELLED;
		PROVE(cancelled_never_sent, !left[ITS_CALL(0)]) }
	:: true
	fi
#else
	if
	:: atomic { status[0] == ROW_QUEUED || status[0] == ROW_PENDING -> cancelling = 1 };
#ifndef STAY_OPEN
		if
		:: atomic { cancelling ->
			if
			:: status[0] == ROW_QUEUED ->
				/* "nothing was spent" */
				PROVE(cancelled_never_sent, !left[CALL(0, request_id[0])] || EXCUSED);
				status[0] = ROW_CANCELLED
			:: status[0] == ROW_PENDING -> status[0] = ROW_EXPIRED
			fi;
			unannounced[CANCELLER] = 1;
			cancelling = 0 }
		:: atomic { cancelling -> cancelling = 0 }	/* rolled back */
		:: !cancelling			/* the server crashed */
		fi
#else
end:	!cancelling
#endif
	:: true
	fi
#endif
}
#endif

#ifdef RETRY
proctype retry()
{
	if
	:: atomic { (status[0] == ROW_UNKNOWN || status[0] == ROW_EXPIRED) && !cancelling ->
		status[0] = ROW_QUEUED;
		request_id[0] = 1; answers[0] = 0; ready[0] = 0; passed[0] = 0;
#ifndef M_RETRY_QUIET
		unannounced[RETRIER] = 1
#endif
	   }
	:: true
	fi
}
#endif

#ifdef ADOPT
/* credscore_adopt(): the database is at home here now. */
proctype adopt()
{
	if
	:: atomic { foreign ->
		foreign = 0;
#ifdef TAKE_OVER
#ifdef M_ADOPT_ASKED_HERE
		asked_here[0] = 1;
#endif
#else
		if
		:: status[0] == ROW_QUEUED -> status[0] = ROW_CANCELLED
		:: status[0] == ROW_ASKING -> status[0] = ROW_UNKNOWN
		:: status[0] == ROW_PENDING -> status[0] = ROW_EXPIRED
		:: else
		fi;
#endif
#ifndef M_ADOPT_QUIET
		unannounced[ADOPTER] = 1
#endif
	   }
	:: true
	fi
}
#endif

#if STATEMENTS
/* DROP DATABASE and its kind: the hook asks the worker to leave, and waits. */
proctype wants_database(byte s)
{
end:
	do
	:: atomic { statement[s] == STATEMENT_AWAY -> statement[s] = STATEMENT_WAITS;
#ifdef M_WANTED_IS_A_BIT
		wanted = 1;
#else
		wanted++;
#endif
		worker_latch = 1 }
	:: statement[s] == STATEMENT_AWAY -> statement[s] = STATEMENT_OVER
	/* One that is starting sees that it is not wanted before it connects. */
	:: atomic { statement[s] == STATEMENT_WAITS && place != PLACE_RUNNING && inside == 0 ->
		statement[s] = STATEMENT_HOLDS; holding++ }
	/* It ends, is cancelled, or its session ends: one callback for all. */
	:: atomic { statement[s] == STATEMENT_WAITS || statement[s] == STATEMENT_HOLDS ->
		if :: statement[s] == STATEMENT_HOLDS -> holding-- :: else fi;
		statement[s] = STATEMENT_OVER;
#ifdef M_WANTED_IS_A_BIT
		wanted = 0;
#else
		wanted--;
#endif
#ifndef M_STATEMENT_QUIET
		if :: wanted == 0 -> need = 1; launcher_latch = 1 :: else fi
#endif
		}
	od
}
#endif

/* --- the launcher --- */

/* What a due time stands for. */
#define RIPE(i) (status[i] == ROW_PENDING && (ready[i] || passed[i]))
#define WORTH (need || announced || look_at_all || (due && ANY(RIPE)))

proctype launcher()
{
end:
	do
	/* It looks at every database once: a place that is being taken may have
	 * been lost with the last launcher. */
	:: atomic { !launcher_up -> launcher_up = 1;
#ifndef M_START_NO_LOOK
		need = 1;
		if :: place == PLACE_STARTING -> place = PLACE_FREE :: else fi;
#endif
		launcher_latch = 1 }

	:: atomic { launcher_up && !registering && (launcher_latch || (alarm && ANY(RIPE))) ->
		launcher_latch = 0; alarm = due;
		if
		:: place == PLACE_FREE && WORTH && !wanted ->
			place = PLACE_STARTING; registering = 1; alarm = 0;
#ifndef M_NEED_LATE
			need = 0; due = 0
#endif
		:: place == PLACE_FREE && !WORTH && due -> true
		:: else -> alarm = 0
		fi }

#define REGISTER(w) \
	:: atomic { registering && stage[w] == STAGE_AWAY -> \
		registering = 0; stage[w] = STAGE_BORN; handle = w + 1; notice = 0; LATE_NEED }
#ifdef M_NEED_LATE
#define LATE_NEED need = 0; due = 0
#else
#define LATE_NEED skip
#endif
	REGISTER(0)
#if WORKERS > 1
	REGISTER(1)
#endif
#ifdef NO_ROOM
	/* No process is free: it tries again later. */
	:: atomic { registering && !mishap -> mishap = 1; registering = 0;
		place = PLACE_FREE; need = 1; launcher_latch = 1 }
#endif

	/* The postmaster says that the one it watches has stopped. */
	:: atomic { launcher_up && notice -> notice = 0; handle = 0;
		if
#ifndef M_START_UNTOLD
		:: place == PLACE_STARTING && !registering -> place = PLACE_FREE; need = 1; launcher_latch = 1
#endif
		:: else
		fi }
	od
}

/* --- the worker --- */

inline forget_all()
{
	at_work = 0; looking = 0; whole = 0; taken = 0;
#ifdef M_HIGH_WATER
	seen = 0;
#endif
#ifdef M_EXIT_NO_RECHECK
	leaving = 0;
#endif
	for (n : 0 .. ROWS - 1) {
		entry[n] = ENTRY_NONE; late_poll[n] = 0; tried[n] = 0;
#ifdef M_FORGET_EARLY
		outcome[n] = ENTRY_NONE;
#endif
	}
}

inline stopped(w)
{
	stage[w] = STAGE_AWAY;
	if :: handle == w + 1 -> notice = 1 :: else fi
}

/* A row that a former worker had claimed.  Slots outlive workers and are freed
 * after the outcome was committed: without a slot it was never handed over,
 * unless it was claimed by another server, or by this one before it crashed. */
#ifdef M_SLOT_OF_THE_ROW
#define SLOT_IS_ITS(i) (slot[i] != SLOT_FREE && (slot_call[i] & 1) == request_id[i])
#else
#define SLOT_IS_ITS(i) (slot[i] != SLOT_FREE && slot_call[i] == WHICH(i))
#endif

inline take_up(i)
{
	if
	:: SLOT_IS_ITS(i) -> entry[i] = ENTRY_ASKED
#ifdef M_RESEND_ASKING
	:: !SLOT_IS_ITS(i) -> entry[i] = ENTRY_BACK
#elif defined(M_ASKING_IS_LOST)
	:: !SLOT_IS_ITS(i) -> entry[i] = ENTRY_READ
#else
	:: !SLOT_IS_ITS(i) && asked_here[i] -> entry[i] = ENTRY_BACK
	:: !SLOT_IS_ITS(i) && !asked_here[i] -> entry[i] = ENTRY_READ
#endif
	fi
}

#ifdef M_NO_HOME
#define MINE(i) true
#else
#define MINE(i) AT_HOME(i)
#endif
#ifdef M_HIGH_WATER
/* "Below what was read there is nothing new." */
#define TOLD(i) (whole || ((taken & (1 << (i))) && (i) >= seen))
#else
#define TOLD(i) (whole || (taken & (1 << (i))))
#endif

/* An entry whose row users may write is made anew: the row may have been cancelled
 * meanwhile, and even put back by credscore_retry.  The answer to a free poll that
 * is on its way is dropped.  What is to be written expects a state, and looks
 * again when it finds another; and nobody but the worker writes a row that is
 * `asking`. */
#ifdef M_KNOWN_IS_KNOWN
#define AT_REST(i) (entry[i] == ENTRY_NONE)
#elif defined(M_POLL_GOES_ON)
#define AT_REST(i) (entry[i] == ENTRY_NONE || entry[i] == ENTRY_CLAIM || entry[i] == ENTRY_POLL)
#else
#define AT_REST(i) (entry[i] == ENTRY_NONE || entry[i] == ENTRY_CLAIM || entry[i] == ENTRY_POLL || entry[i] == ENTRY_POLLING)
#endif
#define LOOKED_AT(i) (TOLD(i) && AT_REST(i))

inline look()
{
	for (n : 0 .. ROWS - 1) {
		if
		:: LOOKED_AT(n) && OPEN(n) && MINE(n) ->
			late_poll[n] = 0;
			if
			:: status[n] == ROW_QUEUED -> entry[n] = ENTRY_CLAIM
#ifdef M_EXPIRE_UNPOLLED
			:: status[n] == ROW_PENDING && passed[n] -> entry[n] = ENTRY_EXPIRED
			:: status[n] == ROW_PENDING && !passed[n] -> entry[n] = ENTRY_POLL
#else
			:: status[n] == ROW_PENDING -> entry[n] = ENTRY_POLL
#endif
			:: status[n] == ROW_ASKING -> take_up(n)
			fi
		:: LOOKED_AT(n) && !OPEN(n) -> late_poll[n] = 0; entry[n] = ENTRY_NONE
		:: else
		fi
#ifdef M_HIGH_WATER
		;
		if :: (taken & (1 << n)) && n >= seen -> seen = n + 1 :: else fi
#endif
	}
}

#ifdef M_FORGET_EARLY
#define WRITTEN(i) (outcome[i] == ENTRY_NONE)
#else
#define WRITTEN(i) true
#endif
#define SLEEPS(i) (entry[i] == ENTRY_POLL && !RIPE(i))
#define QUIET(i) (WRITTEN(i) && (entry[i] == ENTRY_NONE || SLEEPS(i)))
#define HAS_DUE(i) (entry[i] == ENTRY_POLL)

inline give_place_up(w)
{
#ifdef M_DUE_FORGOTTEN
	due = 0;
#else
	due = ANY(HAS_DUE);
#endif
	place = PLACE_FREE;
#ifndef M_EXIT_UNTOLD
	launcher_latch = 1;
#endif
	forget_all();
	stage[w] = STAGE_GOING
}

proctype worker(byte w)
{
end:
	do
	/* It takes its place by compare-and-set, before it connects. */
	:: atomic { stage[w] == STAGE_BORN ->
		if
#ifdef M_NO_COMPARE
		:: true ->
#elif defined(M_WANTED_UNSEEN)
		:: place == PLACE_STARTING ->
#else
		:: place == PLACE_STARTING && !wanted ->
#endif
			PROVE(none_while_held, holding == 0);
			PROVE(one_worker, place != PLACE_RUNNING);
			place = PLACE_RUNNING; stage[w] = STAGE_ENTERING
#if !defined(M_NO_COMPARE) && !defined(M_WANTED_UNSEEN)
		:: place == PLACE_STARTING && wanted -> place = PLACE_FREE; need = 1; stopped(w)
#endif
#ifndef M_NO_COMPARE
		:: else -> stopped(w)
#endif
		fi }
	:: atomic { stage[w] == STAGE_ENTERING && wanted ->
		place = PLACE_FREE; need = 1; launcher_latch = 1; stopped(w) }
#ifdef M_NO_LOCK
	:: atomic { stage[w] == STAGE_ENTERING ->
#else
	:: atomic { stage[w] == STAGE_ENTERING && inside == 0 ->
#endif
		PROVE(one_worker, inside == 0);
		inside++; stage[w] = STAGE_INSIDE; at_work = 1;
#ifndef M_NO_FULL_LOOK
		whole = 1;
#endif
		worker_latch = 1 }

	/* First takes and clears what was announced, then gets its snapshot. */
#ifdef M_CLEAR_LATE
	:: atomic { stage[w] == STAGE_INSIDE && at_work && worker_latch && !looking ->
		worker_latch = 0; looking = 1;
		taken = announced; whole = (whole || look_at_all);
		look(); taken = 0; whole = 0 }
	:: atomic { stage[w] == STAGE_INSIDE && looking ->
		announced = 0; look_at_all = 0; looking = 0 }
#else
	:: atomic { stage[w] == STAGE_INSIDE && at_work && worker_latch && !looking ->
		worker_latch = 0; looking = 1;
		taken = announced; announced = 0;
		whole = (whole || look_at_all); look_at_all = 0 }
	:: atomic { stage[w] == STAGE_INSIDE && looking ->
		look(); looking = 0; taken = 0; whole = 0 }
#endif

	/* Nothing is due, and it has looked at what woke it. */
#ifdef M_EXIT_NO_RECHECK
	:: atomic { stage[w] == STAGE_INSIDE && !looking && !worker_latch && ALL(QUIET) && !announced && !look_at_all && !leaving ->
		leaving = 1; at_work = 0 }
	:: atomic { stage[w] == STAGE_INSIDE && leaving ->
		due = ANY(HAS_DUE); place = PLACE_FREE; forget_all(); stage[w] = STAGE_GOING }
#else
	:: atomic { stage[w] == STAGE_INSIDE && !looking && !worker_latch && ALL(QUIET) && !announced && !look_at_all ->
		give_place_up(w) }
#endif
#if STATEMENTS
	/* It is asked to leave.  At any moment: who waits for what is on the wire
	 * waits for ten seconds at most. */
	:: atomic { stage[w] == STAGE_INSIDE && !looking && wanted -> give_place_up(w) }
#endif

	:: atomic { stage[w] == STAGE_GOING -> inside--; stopped(w) }
	od
}

/* It ends by FATAL or by an error; the callbacks of its exit run. */
inline worker_dies(w)
{
	if
	:: stage[w] == STAGE_BORN -> stopped(w)
	:: stage[w] == STAGE_ENTERING || stage[w] == STAGE_INSIDE ->
		place = PLACE_FREE;
#ifndef M_CRASH_UNTOLD
		need = 1;
#endif
		launcher_latch = 1;
		if
		:: stage[w] == STAGE_INSIDE -> forget_all(); stage[w] = STAGE_GOING
		:: else -> stopped(w)
		fi
	:: else
	fi
}

/* --- the worker's steps for one row --- */

#ifdef M_WAIT_FOR_LOCK
#define WAITS_FOR_LOCK(i) ((entry[i] == ENTRY_CLAIM || entry[i] >= ENTRY_ACCEPTED) && LOCKED(i))
#define FREE_HANDS (at_work && !looking && !ANY(WAITS_FOR_LOCK))
#else
#define FREE_HANDS (at_work && !looking)
#endif

#ifdef BILLED_POLL
#define CLAIMABLE(i) (status[i] == (answers[i] -> ROW_PENDING : ROW_QUEUED))
#else
#define CLAIMABLE(i) (status[i] == ROW_QUEUED)
#endif
/* Its earlier call was billed: the row is not `queued` again. */
#if defined(BILLED_POLL) && !defined(M_BACK_TO_QUEUED)
#define BACK_TO(i) (answers[i] -> ROW_PENDING : ROW_QUEUED)
#else
#define BACK_TO(i) ROW_QUEUED
#endif

/* Another state than the expected one: somebody else wrote the row. */
inline look_again(i)
{
	entry[i] = ENTRY_NONE;
#ifndef M_MISMATCH_DROPS
	announced = announced | (1 << i); worker_latch = 1
#endif
}

inline claim(i)
{
#ifdef M_CLAIM_AFTER_SEND
	entry[i] = ENTRY_ASKED;
	slot[i] = SLOT_FILLED; slot_call[i] = WHICH(i)
#else
	if
#ifdef M_CLAIM_BLIND
	:: true ->
#else
	:: CLAIMABLE(i) ->
#endif
		PROVE(end_is_final, !ENDED(i));
		status[i] = ROW_ASKING; asked_here[i] = 1; entry[i] = ENTRY_HAND
	:: else -> look_again(i)
	fi
#endif
}

#ifdef CLAIM_WAITS
#define SURVIVES(i) (kept_status == ROW_ASKING)
#else
#define SURVIVES(i) true
#endif

/* Every write names the row's request id and the state that it expects. */
#ifdef M_WRITE_BLIND
#define EXPECTED(i, expected) true
#elif defined(M_CLAIM_AFTER_SEND)
#define EXPECTED(i, expected) (status[i] == (expected) || status[i] == ROW_QUEUED)
#else
#define EXPECTED(i, expected) (status[i] == (expected))
#endif

inline end_row(i, end)
{
	PROVE(end_is_final, !ENDED(i));
	status[i] = end; entry[i] = ENTRY_NONE
}

inline write(i, what)
{
	if
	:: what == ENTRY_ACCEPTED && EXPECTED(i, ROW_ASKING) ->
#ifdef BILLED_POLL
		if
		:: answers[i] -> end_row(i, ROW_DONE)
		:: else -> answers[i] = 1; status[i] = ROW_PENDING; entry[i] = ENTRY_POLL
		fi
#else
		status[i] = ROW_PENDING; entry[i] = ENTRY_POLL
#endif
	:: what == ENTRY_RESULT && EXPECTED(i, ROW_PENDING) -> end_row(i, ROW_DONE)
	:: what == ENTRY_BACK && EXPECTED(i, ROW_ASKING) ->
		status[i] = BACK_TO(i);
		entry[i] = (status[i] == ROW_PENDING -> ENTRY_POLL : ENTRY_CLAIM)
	:: what == ENTRY_UNKNOWN && EXPECTED(i, ROW_ASKING) ->
		PROVE(unknown_only_if_sent, left[ITS_CALL(i)]);
		end_row(i, ROW_UNKNOWN)
#ifdef M_QUEUED_EXPIRES
	:: what == ENTRY_EXPIRED && (status[i] == ROW_PENDING || status[i] == ROW_QUEUED) ->
#else
	:: what == ENTRY_EXPIRED && EXPECTED(i, ROW_PENDING) ->
#endif
		PROVE(polled_before_expiry, polled_late[i]);
		end_row(i, ROW_EXPIRED)
	:: else -> look_again(i)
	fi
}

#ifdef M_FREE_EARLY
#define COLLECTED(i) slot[i] = SLOT_FREE; slot_outcome[i] = OUTCOME_NONE
#else
#define COLLECTED(i) skip
#endif

proctype schedule(byte i)
{
end:
	do
#ifdef M_QUEUED_EXPIRES
	:: atomic { FREE_HANDS && entry[i] == ENTRY_CLAIM && passed[i] -> entry[i] = ENTRY_EXPIRED }
#endif
	:: atomic { FREE_HANDS && entry[i] == ENTRY_CLAIM && !LOCKED(i) && !wanted -> claim(i) }
#ifdef M_SKIPPED_IS_DROPPED
	:: atomic { FREE_HANDS && entry[i] == ENTRY_CLAIM && LOCKED(i) -> entry[i] = ENTRY_NONE }
#endif

	/* The claim is committed: now it may leave. */
	:: atomic { FREE_HANDS && entry[i] == ENTRY_HAND && slot[i] == SLOT_FREE && SURVIVES(i) ->
		slot[i] = SLOT_FILLED; slot_call[i] = WHICH(i); entry[i] = ENTRY_ASKED }

	:: atomic { FREE_HANDS && entry[i] == ENTRY_ASKED && slot[i] == SLOT_SETTLED ->
		if
		:: slot_outcome[i] == OUTCOME_ANSWERED ->
			PROVE(right_answer, slot_call[i] == WHICH(i));
			entry[i] = ENTRY_ACCEPTED
		:: slot_outcome[i] == OUTCOME_LOST -> entry[i] = ENTRY_READ
		:: slot_outcome[i] == OUTCOME_NOT_NOW -> entry[i] = ENTRY_BACK
		fi;
		COLLECTED(i)
#ifdef M_FORGET_EARLY
		;
		if
		:: entry[i] != ENTRY_READ -> outcome[i] = entry[i]; entry[i] = ENTRY_NONE
		:: else
		fi
#endif
		}

	/* A slot whose outcome is committed. */
	:: atomic { FREE_HANDS && slot[i] == SLOT_SETTLED && entry[i] != ENTRY_ASKED && (entry[i] == ENTRY_HAND || !(status[i] == ROW_ASKING && SLOT_IS_ITS(i))) ->
		slot[i] = SLOT_FREE; slot_call[i] = 0; slot_outcome[i] = OUTCOME_NONE }

	/* It asks the provider what it has, until the row's deadline. */
#ifdef READ_BACK
	:: atomic { FREE_HANDS && entry[i] == ENTRY_READ && created[ITS_CALL(i)] -> entry[i] = ENTRY_ACCEPTED }
	:: atomic { FREE_HANDS && entry[i] == ENTRY_READ && !created[ITS_CALL(i)] ->
#ifdef IDEMPOTENT
		entry[i] = ENTRY_BACK	/* created anew; a second one is answered 409 */
#elif defined(M_TRUST_404)
		entry[i] = ENTRY_BACK
#else
		entry[i] = ENTRY_UNKNOWN
#endif
	   }
#else
	:: atomic { FREE_HANDS && entry[i] == ENTRY_READ -> entry[i] = ENTRY_UNKNOWN }
#endif

	/* Polls. */
#ifdef BILLED_POLL
	:: atomic { FREE_HANDS && entry[i] == ENTRY_POLL && ready[i] -> entry[i] = ENTRY_CLAIM }
#elif !defined(DEADLINE)
	:: atomic { FREE_HANDS && entry[i] == ENTRY_POLL && ready[i] -> entry[i] = ENTRY_RESULT }
#else
	:: atomic { FREE_HANDS && entry[i] == ENTRY_POLL && (ready[i] || passed[i] || !tried[i]) ->
		entry[i] = ENTRY_POLLING; tried[i] = 1; late_poll[i] = passed[i] }
	:: atomic { FREE_HANDS && entry[i] == ENTRY_POLLING ->
		if
		:: ready[i] -> entry[i] = ENTRY_RESULT
		:: !ready[i] && late_poll[i] -> polled_late[i] = 1; entry[i] = ENTRY_EXPIRED
#ifdef M_EARLY_POLL_COUNTS
		:: !ready[i] && !late_poll[i] && passed[i] -> entry[i] = ENTRY_EXPIRED
		:: !ready[i] && !late_poll[i] && !passed[i] -> entry[i] = ENTRY_POLL
#else
		:: !ready[i] && !late_poll[i] -> entry[i] = ENTRY_POLL
#endif
		/* No answer is not "not yet". */
#ifdef M_FAILED_POLL_COUNTS
		:: !mishap -> mishap = 1; entry[i] = (passed[i] -> ENTRY_EXPIRED : ENTRY_POLL)
#else
		:: !mishap -> mishap = 1; entry[i] = ENTRY_POLL
#endif
		fi;
		late_poll[i] = 0 }
#endif

	:: atomic { FREE_HANDS && entry[i] >= ENTRY_ACCEPTED && !LOCKED(i) -> write(i, entry[i]) }
#ifdef M_FORGET_EARLY
	:: atomic { FREE_HANDS && outcome[i] != ENTRY_NONE && !LOCKED(i) ->
		saved = entry[i];
		write(i, outcome[i]); outcome[i] = ENTRY_NONE;
		if :: saved != ENTRY_NONE -> entry[i] = saved :: else fi }
#endif
	od
}

/* --- the courier, for one slot --- */

inline settle(i, how)
{
	slot[i] = SLOT_SETTLED; slot_outcome[i] = how; sent[i] = 0; wire[i] = 0
}

inline leave(i)
{
	PROVE(cancelled_never_sent, status[i] != ROW_CANCELLED || slot_call[i] != WHICH(i) || EXCUSED);
	PROVE(foreign_never_asked, AT_HOME(i));
	on_the_way[CALL(i, slot_call[i])] = 1;
	wire[i] = 1
}

proctype courier(byte i)
{
end:
	do
	:: atomic { slot[i] == SLOT_FILLED -> slot[i] = SLOT_TAKEN }
#ifdef M_MARK_LATE
	:: atomic { slot[i] == SLOT_TAKEN && !wire[i] -> leave(i) }
	:: atomic { slot[i] == SLOT_TAKEN && wire[i] && !sent[i] ->
		sent[i] = 1; left[CALL(i, slot_call[i])] = 1 }
#else
	:: atomic { slot[i] == SLOT_TAKEN && !sent[i] ->
		sent[i] = 1; left[CALL(i, slot_call[i])] = 1 }
	:: atomic { slot[i] == SLOT_TAKEN && sent[i] && !wire[i] -> leave(i) }
#endif
#ifdef NOT_NOW
	/* Breaker, pause, budget, switched off. */
	:: atomic { slot[i] == SLOT_TAKEN && !sent[i] && !mishap -> mishap = 1; settle(i, OUTCOME_NOT_NOW) }
#endif
#ifdef LOSS
	:: atomic { slot[i] == SLOT_TAKEN && wire[i] -> settle(i, OUTCOME_LOST) }
#endif
	od
}

/* Another courier looks at what the last one left. */
inline courier_dies()
{
	for (n : 0 .. ROWS - 1) {
		if
#ifdef M_COURIER_LOSES
		:: slot[n] == SLOT_TAKEN && !sent[n] -> settle(n, OUTCOME_LOST)
#else
		:: slot[n] == SLOT_TAKEN && !sent[n] -> slot[n] = SLOT_FILLED
#endif
#ifdef M_COURIER_RESENDS
		:: slot[n] == SLOT_TAKEN && sent[n] -> slot[n] = SLOT_FILLED
#else
		:: slot[n] == SLOT_TAKEN && sent[n] -> settle(n, OUTCOME_LOST)
#endif
		:: else
		fi;
		sent[n] = 0; wire[n] = 0
	}
}

/* --- the provider, for one row --- */

#ifdef IDEMPOTENT
#define ONE_MORE(c) created[c] = 1
#else
#define ONE_MORE(c) created[c]++
#endif

inline serve(i, which)
{
	on_the_way[CALL(i, which)] = 0;
	ONE_MORE(CALL(i, which));
#ifdef EXACTLY_FORGOTTEN
	PROVE(bought_once_unless_forgotten, created[CALL(i, which)] <= 1 + forgotten);
#else
	PROVE(bought_once, created[CALL(i, which)] <= 1);
#endif
	if
	:: slot[i] == SLOT_TAKEN && wire[i] && slot_call[i] == which -> settle(i, OUTCOME_ANSWERED)
	:: else
	fi
}

#ifdef M_QUEUED_EXPIRES
#define HAS_DEADLINE(i) (status[i] == ROW_PENDING || status[i] == ROW_QUEUED)
#else
#define HAS_DEADLINE(i) (status[i] == ROW_PENDING)
#endif

proctype provider(byte i)
{
end:
	do
	:: atomic { on_the_way[CALL(i, 0)] -> serve(i, 0) }
#if CALLS > 1
	:: atomic { on_the_way[CALL(i, 1)] -> serve(i, 1) }
#endif
#if CALLS > 2
	:: atomic { on_the_way[CALL(i, 2)] -> serve(i, 2) }
	:: atomic { on_the_way[CALL(i, 3)] -> serve(i, 3) }
#endif
#ifdef DEADLINE
	/* A deadline counts from the acceptance.  A result may come or not. */
	:: atomic { !passed[i] && HAS_DEADLINE(i) -> passed[i] = 1 }
#endif
	:: atomic { created[CALL(i, request_id[i])] && !ready[i] -> ready[i] = 1 }
	od
}

/* --- the standby, or the disk --- */

#ifdef LAG
proctype survive()
{
end:
	do
	:: atomic { kept_status != status[0] -> kept_status = status[0] }
	od
}
#endif

/* --- crashes --- */

/* By a signal, of any process: the postmaster begins anew. */
inline server_crashes()
{
	place = PLACE_FREE; announced = 0; look_at_all = 0; need = 0; due = 0; wanted = 0;
	worker_latch = 0; launcher_latch = 0; gid_noted = 0;
	for (n : 0 .. 5) { unannounced[n] = 0 }
	cancelling = 0; note_is_all = 0; holding = 0;
	launcher_up = 0; registering = 0; handle = 0; notice = 0; alarm = 0;
	for (n : 0 .. WORKERS - 1) { stage[n] = STAGE_AWAY }
	inside = 0;
	forget_all();
#ifdef LAG
	if
	:: kept_status <= ROW_QUEUED && status[0] > ROW_QUEUED && status[0] != ROW_CANCELLED -> forgotten = 1
	:: else
	fi;
	status[0] = kept_status;
#endif
	for (n : 0 .. ROWS - 1) {
		/* What was asked may have been on its way, for all that is known. */
		if :: status[n] == ROW_ASKING -> left[ITS_CALL(n)] = 1 :: else fi;
		slot[n] = SLOT_FREE; slot_call[n] = 0; slot_outcome[n] = OUTCOME_NONE;
		sent[n] = 0; wire[n] = 0; asked_here[n] = 0
	}
#if STATEMENTS
	;
	for (n : 0 .. STATEMENTS - 1) {
		if :: statement[n] != STATEMENT_AWAY -> statement[n] = STATEMENT_OVER :: else fi
	}
#endif
}

byte server_crashed, worker_died, courier_died, launcher_died;

/* It may stop at any time: what is lost must not be found by a crash only. */
proctype chaos()
{
end:
	do
#if SERVER_CRASHES
	:: atomic { server_crashed < SERVER_CRASHES -> server_crashed++; server_crashes() }
#endif
#if WORKER_CRASHES
	:: atomic { worker_died < WORKER_CRASHES && stage[0] != STAGE_AWAY && stage[0] != STAGE_GOING -> worker_died++; worker_dies(0) }
#if WORKERS > 1
	:: atomic { worker_died < WORKER_CRASHES && stage[1] != STAGE_AWAY && stage[1] != STAGE_GOING -> worker_died++; worker_dies(1) }
#endif
#endif
#if COURIER_CRASHES
	:: atomic { courier_died < COURIER_CRASHES -> courier_died++; courier_dies() }
#endif
#if LAUNCHER_CRASHES
	:: atomic { launcher_died < LAUNCHER_CRASHES ->
		launcher_died++;
		launcher_up = 0; registering = 0; handle = 0; notice = 0; alarm = 0 }
#endif
	:: break
	od
}

/* Nothing moves any more: every row that was committed has its end. */
#define RIGHT(i) (status[i] == ROW_NONE || ENDED(i) || LOCKED(i) || !AT_HOME(i))

proctype last_look()
{
	timeout ->
#ifndef STAY_OPEN
	PROVE(place_is_left, place == PLACE_FREE && inside == 0);
#endif
#ifdef NO_UNKNOWN
	PROVE(unknown_only_if_sent, status[0] != ROW_UNKNOWN);
#endif
	PROVE(request_not_lost, ALL(RIGHT))
}

#ifdef ORIGIN
/* The server that the copy was made of runs on, and asks what it has queued. */
proctype origin()
{
	if
	:: on_the_way[CALL(0, 0)] = 1
	:: true
	fi
}
#endif

/* Row 0 as the copy has it, and what the provider had of it by then. */
inline copy()
{
	foreign = 1;
	if
	:: true -> status[0] = ROW_QUEUED;
#ifdef ORIGIN
		run origin()
#endif
	:: true -> status[0] = ROW_ASKING; left[0] = 1
	:: true -> status[0] = ROW_ASKING; left[0] = 1; on_the_way[0] = 1
	:: true -> status[0] = ROW_ASKING; left[0] = 1; created[0] = 1
	:: true -> status[0] = ROW_PENDING; left[0] = 1; created[0] = 1
	fi
}

init
{
	atomic {
		run launcher();
		run worker(0);
#if WORKERS > 1
		run worker(1);
#endif
#ifdef FOREIGN
		copy();
#else
		run request(0); run callback(ASKER, RANGE0);
#endif
		run schedule(0); run courier(0); run provider(0);
#if ROWS > 1
		run request(1); run callback(ASKER + 1, RANGE1);
		run schedule(1); run courier(1); run provider(1);
#endif
#if ROWS > 2
		run schedule(2); run courier(2); run provider(2);
#endif
#ifdef PREPARED
		run finish_prepared(); run callback(FINISHER, RANGE1);
#endif
#ifdef CANCEL
		run cancel(); run callback(CANCELLER, 1);
#endif
#ifdef RETRY
		run retry(); run callback(RETRIER, 1);
#endif
#ifdef ADOPT
		run adopt(); run callback(ADOPTER, LOOK_AT_ALL);
#endif
#if STATEMENTS > 0
		run wants_database(0);
#endif
#if STATEMENTS > 1
		run wants_database(1);
#endif
#ifdef LAG
		run survive();
#endif
		run chaos(); run last_look()
	}
}
