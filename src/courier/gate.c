/*-------------------------------------------------------------------------
 * gate.c
 *	  The gate of a server: how many calls at once, how fast, and whose turn
 *	  it is.
 *
 * Gates live as long as the process: one per server, name and address.
 * Memory is malloc'd, so that running out of it fails one question and not
 * the courier.
 *------------------------------------------------------------------------- */
#include "courier/gate.h"

#include <stdlib.h>

/* One who asks, while tickets of his wait at a gate. */
typedef struct CsAsker
{
	CsListNode node; /* in the gate's turn list */
	int		   process;
	CsList	   tickets;
} CsAsker;

struct CsGate
{
	CsListNode	   node; /* in the list of all gates */
	CsKey		   server;
	CsGateSettings settings;
	CsPace		   pace;
	int			   running;
	int			   queued;
	CsInstant	   due;	 /* when to ask the pace again */
	CsList		   turn; /* askers; the first one is next */
};

static CsList gates = CS_LIST_INIT(gates);

CsGate *
cs_gate_get(const CsKey *server)
{
	CsGate *gate;

	cs_list_foreach(node, &gates)
	{
		gate = cs_list_of(CsGate, node, node);
		if (cs_key_equal(&gate->server, server))
			return gate;
	}
	gate = calloc(1, sizeof(CsGate));
	if (gate == NULL)
		return NULL;
	gate->server = *server;
	gate->due = CS_NEVER;
	cs_list_init(&gate->turn);
	cs_list_push_tail(&gates, &gate->node);
	return gate;
}

static CsAsker *
find_asker(CsGate *gate, int process)
{
	CsAsker *asker;

	cs_list_foreach(node, &gate->turn)
	{
		asker = cs_list_of(CsAsker, node, node);
		if (asker->process == process)
			return asker;
	}
	asker = calloc(1, sizeof(CsAsker));
	if (asker == NULL)
		return NULL;
	asker->process = process;
	cs_list_init(&asker->tickets);
	cs_list_push_tail(&gate->turn, &asker->node);
	return asker;
}

bool
cs_gate_enter(CsGate *gate, int asker, const CsGateSettings *settings,
			  CsTicket *ticket)
{
	ticket->gate = gate;
	ticket->asker = find_asker(gate, asker);
	if (ticket->asker == NULL)
		return false;
	if (settings != NULL)
		gate->settings = *settings;
	gate->queued++;
	cs_list_push_tail(&ticket->asker->tickets, &ticket->node);
	return true;
}

void
cs_gate_withdraw(CsTicket *ticket)
{
	CsAsker *asker = ticket->asker;

	ticket->asker = NULL;
	ticket->gate->queued--;
	cs_list_delete(&ticket->node);
	if (cs_list_is_empty(&asker->tickets))
	{
		cs_list_delete(&asker->node);
		free(asker);
	}
}

/* The first ticket of the asker whose turn it is; the turn passes on. */
static CsTicket *
take_next(CsGate *gate)
{
	CsAsker	 *asker = cs_list_of(CsAsker, node, cs_list_first(&gate->turn));
	CsTicket *ticket =
		cs_list_of(CsTicket, node, cs_list_first(&asker->tickets));

	cs_list_delete(&asker->node);
	cs_list_push_tail(&gate->turn, &asker->node);
	cs_gate_withdraw(ticket);
	return ticket;
}

static CsTicket *
admit_one(CsGate *gate, CsInstant now, CsAdmission *admission)
{
	CsPaceAnswer answer;
	CsTicket	*ticket;

	gate->due = CS_NEVER;
	if (cs_list_is_empty(&gate->turn))
		return NULL;

	/* An open breaker refuses also while calls from before are running. */
	answer = cs_pace_may_call(&gate->pace, &gate->settings.pace, now);
	*admission = CS_REFUSED;
	if (answer.go == CS_PACE_REFUSE)
		return take_next(gate);
	if (gate->running >= gate->settings.max_concurrency)
		return NULL;
	if (answer.go == CS_PACE_WAIT)
	{
		gate->due = answer.until;
		return NULL;
	}
	*admission = CS_ADMITTED;
	ticket = take_next(gate);
	ticket->epoch = cs_pace_note_sent(&gate->pace);
	gate->running++;
	return ticket;
}

CsTicket *
cs_gate_admit(CsInstant now, CsAdmission *admission)
{

	cs_list_foreach(node, &gates)
	{
		CsTicket *ticket =
			admit_one(cs_list_of(CsGate, node, node), now, admission);

		if (ticket != NULL)
			return ticket;
	}
	return NULL;
}

CsInstant
cs_gate_due(void)
{
	CsInstant due = CS_NEVER;

	cs_list_foreach(node, &gates)
		due = CS_MIN(due, cs_list_of(CsGate, node, node)->due);
	return due;
}

void
cs_gate_leave(CsTicket *ticket, CsPaceOutcome outcome, int retry_after_ms,
			  CsInstant now)
{
	ticket->gate->running--;
	cs_pace_note_outcome(&ticket->gate->pace, ticket->epoch, outcome,
						 retry_after_ms, now);
}

void
cs_gate_back_out(CsTicket *ticket)
{
	ticket->gate->running--;
	cs_pace_take_back(&ticket->gate->pace, ticket->epoch);
}

CsGateView
cs_gate_view(const CsGate *gate, CsInstant now)
{
	CsGateView view = {gate->running, gate->queued,
					   cs_pace_view(&gate->pace, now)};

	return view;
}
