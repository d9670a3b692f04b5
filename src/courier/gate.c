/*-------------------------------------------------------------------------
 * gate.c
 *	  The gate of a server: how many calls at once, how fast, and whose turn
 *	  it is.
 *
 * Askers are malloc'd, so that running out of memory fails one question and
 * not the courier.
 *------------------------------------------------------------------------- */
#include "courier/gate.h"

#include <stdlib.h>
#include <string.h>

/* One who asks, while tickets of his wait at a gate. */
typedef struct CsAsker
{
	CsListNode node; /* in the gate's list */
	int		   process;
	CsList	   tickets;
} CsAsker;

void
cs_gate_init(CsGate *gate)
{
	memset(gate, 0, sizeof(*gate));
	cs_list_init(&gate->askers);
}

void
cs_gate_configure(CsGate *gate, const CsGateSettings *settings)
{
	gate->settings = *settings;
}

static CsAsker *
find_asker(CsGate *gate, int process)
{
	CsAsker *asker;

	cs_list_foreach(node, &gate->askers)
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
	cs_list_push_tail(&gate->askers, &asker->node);
	return asker;
}

static bool
find_place(CsGate *gate, int asker, CsTicket *ticket)
{
	ticket->gate = gate;
	ticket->asker = find_asker(gate, asker);
	if (ticket->asker == NULL)
		return false;
	gate->queued++;
	return true;
}

bool
cs_gate_enter(CsGate *gate, int asker, CsTicket *ticket)
{
	if (!find_place(gate, asker, ticket))
		return false;
	cs_list_push_tail(&ticket->asker->tickets, &ticket->node);
	return true;
}

bool
cs_gate_enter_first(CsGate *gate, int asker, CsTicket *ticket)
{
	if (!find_place(gate, asker, ticket))
		return false;
	cs_list_push_head(&ticket->asker->tickets, &ticket->node);
	cs_list_delete(&ticket->asker->node);
	cs_list_push_head(&gate->askers, &ticket->asker->node);
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
	CsAsker	 *asker = cs_list_of(CsAsker, node, cs_list_first(&gate->askers));
	CsTicket *ticket =
		cs_list_of(CsTicket, node, cs_list_first(&asker->tickets));

	cs_list_delete(&asker->node);
	cs_list_push_tail(&gate->askers, &asker->node);
	cs_gate_withdraw(ticket);
	return ticket;
}

CsTicket *
cs_gate_turn_away(CsGate *gate)
{
	return cs_list_is_empty(&gate->askers) ? NULL : take_next(gate);
}

CsTicket *
cs_gate_admit(CsGate *gate, CsInstant now, CsAdmission *admission,
			  CsInstant *due)
{
	CsPaceAnswer answer;
	CsTicket	*ticket;

	*due = CS_NEVER;
	if (cs_list_is_empty(&gate->askers))
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
		*due = answer.until;
		return NULL;
	}
	*admission = CS_ADMITTED;
	ticket = take_next(gate);
	ticket->epoch = cs_pace_note_sent(&gate->pace);
	gate->running++;
	return ticket;
}

void
cs_gate_leave(CsTicket *ticket, CsSign sign, int retry_after_ms, CsInstant now)
{
	ticket->gate->running--;
	cs_pace_note_outcome(&ticket->gate->pace, ticket->epoch, sign,
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
