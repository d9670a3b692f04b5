/*-------------------------------------------------------------------------
 * admit.h
 *	  The gate of a server: how many calls at once, and whose turn it is.
 *
 * Arithmetic and lists, no I/O; used by the courier alone, so there are no
 * locks.  Askers take turns: a session with 10,000 questions delays another
 * one's single question by one call, not by 10,000.
 *------------------------------------------------------------------------- */
#ifndef CS_ADMIT_H
#define CS_ADMIT_H

#include "postgres.h"

#include "lib/ilist.h"

#include "spec.h"

typedef struct CsGate CsGate;

/* A place in a gate's queue; embed it. */
typedef struct CsTicket
{
	dlist_node	node;
	CsGate	   *gate;
	struct CsAsker *asker;		/* NULL: not in the queue */
} CsTicket;

/* The gate of a server; made when it is new.  NULL: no memory. */
extern CsGate *cs_gate_get(const CsKey *server);

/*
 * Queues a ticket for an asker.  max_concurrency is the server's setting as
 * this asker knows it: the latest one holds; 0 when he knew it a while ago.
 * False: no memory.
 */
extern bool cs_gate_enter(CsGate *gate, int asker, int max_concurrency,
						  CsTicket *ticket);

/* Takes a ticket out of the queue. */
extern void cs_gate_withdraw(CsTicket *ticket);

/* The next ticket that may go, of any gate; NULL: none now. */
extern CsTicket *cs_gate_admit(void);

/* A call that was admitted is over. */
extern void cs_gate_leave(CsGate *gate);

#endif							/* CS_ADMIT_H */
