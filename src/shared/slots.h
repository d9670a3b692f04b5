/*-------------------------------------------------------------------------
 * slots.h
 *	  The hand-over of questions from sessions to the courier, and of
 *	  outcomes back.
 *
 * A slot is FREE, FILLED (a session asks), TAKEN (the courier has it) or
 * SETTLED (the outcome lies in it), and FREE again.  A session that goes away
 * abandons its slot, and with it frees one that the courier has not taken; the
 * courier frees the others, at once when the question was not sent, else when
 * its outcome is there.
 *------------------------------------------------------------------------- */
#ifndef CS_SLOTS_H
#define CS_SLOTS_H

#include "postgres.h"

#include "utils/dsa.h"
#include "utils/timestamp.h"

#include "base/instant.h"
#include "shared/reply.h"
#include "shared/spec.h"

extern void cs_slots_init(void);

/* --- the session's side --- */

/*
 * Hands a question over and returns its slot, which owns `spec` from then on;
 * -1 when none is free for it: this process' latch is set when one is.
 * `looked_at` is when the cache had no answer to it.  What is urgent goes before
 * this session's other questions that wait at the courier, and may take the last
 * slots.  `away`: no call may leave for it, since its database is not at home
 * here; another's that is on its way may answer it.
 */
extern int cs_slots_submit(const CsKey *key, dsa_pointer spec,
						   CsInstant looked_at, bool urgent, bool away);

/*
 * The same for a row of this database's queue, which is not urgent.  The slot is
 * the row's: it outlives this process, until who works on the queue then adopts
 * it, collects it, or gives it up.  `tag` says which of the row's calls it is.
 */
extern int cs_slots_submit_row(const CsKey *key, dsa_pointer spec,
							   CsInstant looked_at, int64 row, uint64 tag);

/* The next slot after one (-1: the first) that is a row's of this database; its
 * outcome comes to this process from now on.  -1: there is none. */
extern int cs_slots_adopt(int after, int64 *row, uint64 *tag);

extern bool cs_slots_settled(int slot);

/* Changes whenever a slot of this process was settled. */
extern uint32 cs_slots_settled_count(void);

/* Is a billed call for it on the wire, as far as one knows? */
extern bool cs_slots_sent(int slot);

/* Copies the outcome out, and leaves it there; the body stays the slot's. */
extern void cs_slots_peek(int slot, CsOutcome *outcome, dsa_pointer *body);

/* Copies the outcome out, passes the body's reference on, frees the slot. */
extern void cs_slots_collect(int slot, CsOutcome *outcome, dsa_pointer *body);

/* Gives the question up.  Never raises. */
extern void cs_slots_abandon(int slot);

/*
 * Gives several up, none of which leaves any more: between begin and end, under
 * the lock, those first that were not sent.  False: the slot is the courier's,
 * and was marked; else it is to be freed after the end.  None of these raises.
 */
extern void cs_slots_leave_begin(void);
extern bool cs_slots_leave(int slot);
extern void cs_slots_leave_end(void);
extern void cs_slots_free(int slot);

/* Gives up all questions of the rows of a database that has no queue any more.
 * Never raises. */
extern void cs_slots_forget(Oid database);

/* What a waiting session knows of the courier. */
typedef struct CsCourierState
{
	int			pid; /* 0: not running */
	TimestampTz started_at;
	CsInstant	heartbeat;	/* in ticks: when its loop turned last; 0: never */
	uint64		rounds;		/* how often it said so */
	TimestampTz stopped_at; /* when it last went away */
	bool		off;		/* it lets no call leave, see credscore.enabled */
	int			calls;		/* while it is off: those still on their way */
} CsCourierState;

extern void cs_slots_courier(CsCourierState *state);

/* Slots that are not free. */
extern int cs_slots_in_use(void);

/* --- the courier's side --- */

/* Announces this process as the courier, after recovering what a former one
 * left: questions on the wire become unknown, others are asked anew. */
extern void cs_slots_courier_start(void);
extern void cs_slots_courier_stop(void);
extern void cs_slots_heartbeat(void);

/* Tells sessions whether it lets calls leave, and how many it still waits for. */
extern void cs_slots_courier_off(bool off, int calls);

/* The next filled slot, now taken; -1 when there is none. */
extern int cs_slots_take(void);

extern const CsKey	*cs_slots_key(int slot);
extern const CsSpec *cs_slots_spec(int slot);
extern int			 cs_slots_asker(int slot);
extern bool			 cs_slots_urgent(int slot);
extern bool			 cs_slots_away(int slot);
extern CsInstant	 cs_slots_looked_at(int slot);
extern bool			 cs_slots_abandoned(int slot);

/* Notes that the question joined a flight. */
extern void cs_slots_mark_shared(int slot);

/* Notes that a billed call has left; plain store, fit for any callback. */
extern void cs_slots_mark_sent(int slot, bool sent);

/* Changes whenever slots were abandoned, after all of them are marked. */
extern uint32 cs_slots_abandon_count(void);

/*
 * Ends a taken slot.  An abandoned one is freed; then false is returned and
 * the caller keeps the reference to `body`.
 */
extern bool
cs_slots_settle(int slot, const CsOutcome *outcome, dsa_pointer body);

/* Wakes those whose slots were settled since the last time. */
extern void cs_slots_wake(void);

#endif /* CS_SLOTS_H */
