/*-------------------------------------------------------------------------
 * flight.h
 *	  A question on its way through the courier, with all who asked it.
 *
 * Questions with the same key share one flight.  It ends by settling all
 * slots that are attached to it.
 *------------------------------------------------------------------------- */
#ifndef CS_FLIGHT_H
#define CS_FLIGHT_H

#include "postgres.h"

#include "utils/hsearch.h"

#include "base/instant.h"
#include "courier/flushing.h"
#include "courier/login.h"
#include "courier/recording.h"
#include "courier/server.h"
#include "courier/timer.h"
#include "courier/window.h"
#include "http/http.h"
#include "shared/slots.h"

typedef enum CsFlightState
{
	CS_FLIGHT_WAITING,	 /* for room in its asker's window */
	CS_FLIGHT_LOGIN,	 /* waiting for a token */
	CS_FLIGHT_QUEUED,	 /* waiting for its turn at the server */
	CS_FLIGHT_RECORDING, /* it has its turn; that it calls is being flushed */
	CS_FLIGHT_CALLING,	 /* its call is connecting or on the wire */
	CS_FLIGHT_PAUSED,	 /* waiting for its next try */
	CS_FLIGHT_CLOSING	 /* it has its outcome; its end is being flushed */
} CsFlightState;

typedef struct CsFlight
{
	CsKey		  key; /* must be first: the table's key */
	CsFlightState state;
	int			  first_slot; /* all who ask the same are chained to it */
	const CsSpec *spec;		  /* the first slot's */
	const CsSharedAccount *account;
	const CsEndpoint	  *endpoint;
	const CsNote		  *note; /* for the ledger; NULL: it is told nothing */
	CsRecording			   recording;
	CsInstant	  began; /* when it was asked: nothing before counts */
	CsServer	 *server;
	CsPlace		  place; /* in the window of who asked it */
	CsTurn		  turn;
	CsLoginWaiter waiter;
	CsHttpOwner	  owner;
	CsTimer		  timer; /* set while QUEUED, RECORDING, PAUSED and CLOSING */
	CsFlushWait	  flush; /* while RECORDING and CLOSING */
	int64		  patience;	 /* that is left for queueing */
	CsInstant	  queued_at; /* in cs_clock_awake's */
	int			  retries;
	int			  attempts; /* calls that left */
	CsCallEnd	  end;		/* of the last call that left */
	int			  standing; /* the status that its reply stood for */
	bool		  on_wire;
	bool		  withheld;	   /* the call was kept from leaving */
	bool		  ambiguous;   /* an earlier call may have been billed */
	bool		  renewed;	   /* the one new token was used */
	TimestampTz	  received_at; /* when its last call ended */
	bool		  kept;		   /* its reply was written down to be kept */
	uint64		  generation;  /* of the token used; 0: none */
	dsa_pointer	  reserve;	   /* for the answer of its call, */
	size_t		  promised;	   /* and in the journal */
	CsInstant	  short_since; /* there was no room for one; 0: there was */
	CsOutcome	  outcome;	   /* while CLOSING; */
	dsa_pointer	  body;		   /* likewise, with a reference; */
	bool		  caches;	   /* likewise: it goes into the cache */
} CsFlight;

#define cs_flight_of(member, pointer) \
	((CsFlight *) ((char *) (pointer) -offsetof(CsFlight, member)))

extern void cs_flight_init(void);

/*
 * The flight for a slot's question, to which the slot is attached.  When it is
 * new (*found is false) all is zero but key, slot and what the slot says.
 */
extern CsFlight *cs_flight_board(int slot, bool *found);

/*
 * Makes sure of room for the answer, before a call leaves; false: there is none
 * now.  It is the flight's until it is settled or lets go of it.
 */
extern bool cs_flight_reserve(CsFlight *flight);
extern void cs_flight_unreserve(CsFlight *flight);

/* Bytes that the journal has to have room for, when there is room for the answer. */
extern size_t cs_flight_journal_room(const CsFlight *flight);

/* The journal has it: they are promised to this flight until the same. */
extern void cs_flight_promise(CsFlight *flight, size_t bytes);

/* Its call begins; false: there is no memory. */
extern bool cs_flight_start_call(CsFlight *flight, const char *token);

/* Does nothing of it count before it is safe on disk?  So it is when one of those
 * who ask wants that. */
extern bool cs_flight_is_sync(const CsFlight *flight);

/* Writes down that its call leaves; false: it must not.  Fit for any callback. */
extern bool cs_flight_record(CsFlight *flight);

/*
 * Its call's reply is an answer: it is written down where it is to be kept, once
 * for each database whose sessions asked; false: nowhere.
 */
extern bool cs_flight_keep(CsFlight *flight, const CsReply *reply);

/* The courier ends: tells outcomes that are there, and lets go of what all flights
 * have reserved.  What was recorded and has not left will not. */
extern void cs_flight_stop(void);

/* Starts a scan over all flights, with hash_seq_search. */
extern void cs_flight_scan(HASH_SEQ_STATUS *scan);

/*
 * How many still wait for the outcome; of them, those for whom a call may leave:
 * one of a database that is not at home takes only what another's call brings.
 */
extern int cs_flight_waiting(const CsFlight *flight);
extern int cs_flight_wanting(const CsFlight *flight);

/* A slot that wants it: one of this process if there is one; -1: none. */
extern int cs_flight_wanting_slot(const CsFlight *flight, int process);

/* Notes that its call has left, or that it is over: plain stores. */
extern void cs_flight_mark_sent(CsFlight *flight, bool sent);

/*
 * Gives every attached slot the outcome, and forgets the flight: at once, or, with
 * a ledger that is flushed, when that says how the call ended; who asks the same
 * meanwhile gets it, too.  `keep`: the reply may be an answer, and goes into the
 * cache though nobody waits for it.  CS_ERR_MEMORY is what becomes of the outcome
 * when there is no room for the reply.
 */
extern void cs_flight_settle(CsFlight *flight, CsOutcome *outcome,
							 const char *bytes, size_t len, bool keep);

/* It is CLOSING, and nobody waits for the flush any longer: its end is safe, or
 * that will not be known. */
extern void cs_flight_tell(CsFlight *flight, bool safe);

/* Counts and settles a failure. */
extern void cs_flight_fail(CsFlight *flight, CsOutcome *outcome);
extern void
cs_flight_fail_with(CsFlight *flight, CsErrorCode code, const char *detail);

#endif /* CS_FLIGHT_H */
