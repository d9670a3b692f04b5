/*-------------------------------------------------------------------------
 * admit.c
 *	  The gate of a server: how many calls at once, and whose turn it is.
 *
 * Gates live as long as the process: one per server, name and address.
 * Memory is malloc'd, so that running out of it fails one question and not
 * the courier.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "admit.h"

/* One who asks, while tickets of his wait at a gate. */
typedef struct CsAsker
{
	dlist_node	node;			/* in the gate's turn list */
	int			process;
	dlist_head	tickets;
} CsAsker;

struct CsGate
{
	dlist_node	node;			/* in the list of all gates */
	CsKey		server;
	int			max_concurrency;
	int			running;
	dlist_head	turn;			/* askers; the first one is next */
};

static dlist_head gates = DLIST_STATIC_INIT(gates);

CsGate *
cs_gate_get(const CsKey *server)
{
	dlist_iter	iter;
	CsGate	   *gate;

	dlist_foreach(iter, &gates)
	{
		gate = dlist_container(CsGate, node, iter.cur);
		if (cs_key_equal(&gate->server, server))
			return gate;
	}
	gate = calloc(1, sizeof(CsGate));
	if (gate == NULL)
		return NULL;
	gate->server = *server;
	dlist_init(&gate->turn);
	dlist_push_tail(&gates, &gate->node);
	return gate;
}

static CsAsker *
find_asker(CsGate *gate, int process)
{
	dlist_iter	iter;
	CsAsker    *asker;

	dlist_foreach(iter, &gate->turn)
	{
		asker = dlist_container(CsAsker, node, iter.cur);
		if (asker->process == process)
			return asker;
	}
	asker = calloc(1, sizeof(CsAsker));
	if (asker == NULL)
		return NULL;
	asker->process = process;
	dlist_init(&asker->tickets);
	dlist_push_tail(&gate->turn, &asker->node);
	return asker;
}

bool
cs_gate_enter(CsGate *gate, int asker, int max_concurrency, CsTicket *ticket)
{
	ticket->gate = gate;
	ticket->asker = find_asker(gate, asker);
	if (ticket->asker == NULL)
		return false;
	if (max_concurrency > 0)
		gate->max_concurrency = max_concurrency;
	dlist_push_tail(&ticket->asker->tickets, &ticket->node);
	return true;
}

void
cs_gate_withdraw(CsTicket *ticket)
{
	CsAsker    *asker = ticket->asker;

	ticket->asker = NULL;
	dlist_delete(&ticket->node);
	if (dlist_is_empty(&asker->tickets))
	{
		dlist_delete(&asker->node);
		free(asker);
	}
}

static CsTicket *
admit_one(CsGate *gate)
{
	CsAsker    *asker;
	CsTicket   *ticket;

	if (dlist_is_empty(&gate->turn) || gate->running >= gate->max_concurrency)
		return NULL;
	asker = dlist_head_element(CsAsker, node, &gate->turn);
	ticket = dlist_head_element(CsTicket, node, &asker->tickets);
	dlist_delete(&asker->node);
	dlist_push_tail(&gate->turn, &asker->node);
	cs_gate_withdraw(ticket);
	gate->running++;
	return ticket;
}

CsTicket *
cs_gate_admit(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &gates)
	{
		CsTicket   *ticket = admit_one(dlist_container(CsGate, node, iter.cur));

		if (ticket != NULL)
			return ticket;
	}
	return NULL;
}

void
cs_gate_leave(CsGate *gate)
{
	gate->running--;
}
