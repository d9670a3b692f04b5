/*-------------------------------------------------------------------------
 * admit.c
 *	  The gate of a server: how many calls at once, how fast, and whose turn
 *	  it is.
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
	CsGateSettings settings;
	CsPace		pace;
	int			running;
	int			queued;
	TimestampTz due;			/* when to ask the pace again */
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
	gate->due = DT_NOEND;
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
	dlist_push_tail(&ticket->asker->tickets, &ticket->node);
	return true;
}

void
cs_gate_withdraw(CsTicket *ticket)
{
	CsAsker    *asker = ticket->asker;

	ticket->asker = NULL;
	ticket->gate->queued--;
	dlist_delete(&ticket->node);
	if (dlist_is_empty(&asker->tickets))
	{
		dlist_delete(&asker->node);
		free(asker);
	}
}

/* The first ticket of the asker whose turn it is; the turn passes on. */
static CsTicket *
take_next(CsGate *gate)
{
	CsAsker    *asker = dlist_head_element(CsAsker, node, &gate->turn);
	CsTicket   *ticket = dlist_head_element(CsTicket, node, &asker->tickets);

	dlist_delete(&asker->node);
	dlist_push_tail(&gate->turn, &asker->node);
	cs_gate_withdraw(ticket);
	return ticket;
}

static CsTicket *
admit_one(CsGate *gate, TimestampTz now, CsAdmission *admission)
{
	CsPaceAnswer answer;
	CsTicket   *ticket;

	gate->due = DT_NOEND;
	if (dlist_is_empty(&gate->turn))
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
cs_gate_admit(TimestampTz now, CsAdmission *admission)
{
	dlist_iter	iter;

	dlist_foreach(iter, &gates)
	{
		CsTicket   *ticket = admit_one(dlist_container(CsGate, node, iter.cur),
									   now, admission);

		if (ticket != NULL)
			return ticket;
	}
	return NULL;
}

TimestampTz
cs_gate_due(void)
{
	TimestampTz due = DT_NOEND;
	dlist_iter	iter;

	dlist_foreach(iter, &gates)
		due = Min(due, dlist_container(CsGate, node, iter.cur)->due);
	return due;
}

void
cs_gate_leave(CsTicket *ticket, CsPaceOutcome outcome, int retry_after_ms,
			  TimestampTz now)
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
cs_gate_view(const CsGate *gate, TimestampTz now)
{
	CsGateView	view = {gate->running, gate->queued, cs_pace_view(&gate->pace, now)};

	return view;
}
