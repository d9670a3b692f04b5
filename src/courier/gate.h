/*-------------------------------------------------------------------------
 * gate.h
 *	  The gate of a server: how many calls at once, how fast, and whose turn
 *	  it is.
 *
 * Arithmetic and lists, no I/O; used by the courier alone, so there are no
 * locks.  Askers take turns: a session with 10,000 questions delays another
 * one's single question by one call, not by 10,000.
 *------------------------------------------------------------------------- */
#ifndef CS_GATE_H
#define CS_GATE_H

#include "base/list.h"
#include "courier/pace.h"

/* A server's settings as the question at hand knows them. */
typedef struct CsGateSettings
{
	int			   max_concurrency;
	CsPaceSettings pace;
} CsGateSettings;

/* A gate; initialise it with cs_gate_init.  The fields are gate.c's. */
typedef struct CsGate
{
	CsGateSettings settings;
	CsPace		   pace;
	int			   running;
	int			   queued;
	CsList		   askers; /* whose turn is next comes first */
} CsGate;

/* A place in a gate's queue; embed it. */
typedef struct CsTicket
{
	CsListNode		node;
	CsGate		   *gate;
	struct CsAsker *asker; /* NULL: not in the queue */
	uint32_t		epoch; /* of the breaker, when it was admitted */
} CsTicket;

typedef enum CsAdmission
{
	CS_ADMITTED, /* it may go, and has to leave */
	CS_REFUSED	 /* the breaker is open; it is out already */
} CsAdmission;

/* What views show. */
typedef struct CsGateView
{
	int			  running;
	int			  queued;
	CsBreakerView pace;
} CsGateView;

extern void cs_gate_init(CsGate *gate);

/* The settings hold from now on, also for those who wait already. */
extern void cs_gate_configure(CsGate *gate, const CsGateSettings *settings);

/* Queues a ticket for an asker, a number.  False: no memory. */
extern bool cs_gate_enter(CsGate *gate, int asker, CsTicket *ticket);

/* Queues it before all others of this gate, whosever they are. */
extern bool cs_gate_enter_first(CsGate *gate, int asker, CsTicket *ticket);

/* Takes a ticket out of the queue. */
extern void cs_gate_withdraw(CsTicket *ticket);

/*
 * The next ticket whose wait is over; NULL: none now.  It is out of the queue;
 * *admission says whether it may go.  When there is none, *due is when to ask
 * again though no call ends; CS_NEVER: not before that.
 */
extern CsTicket *cs_gate_admit(CsGate *gate, CsInstant now,
							   CsAdmission *admission, CsInstant *due);

/* The next one, out of the queue without a turn; NULL: nobody waits. */
extern CsTicket *cs_gate_turn_away(CsGate *gate);

/* A call that was admitted is over; see cs_pace_note_outcome. */
extern void cs_gate_leave(CsTicket *ticket, CsSign sign, int retry_after_ms,
						  CsInstant now);

/* What was admitted makes no call after all. */
extern void cs_gate_back_out(CsTicket *ticket);

extern CsGateView cs_gate_view(const CsGate *gate, CsInstant now);

#endif /* CS_GATE_H */
