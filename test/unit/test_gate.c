/*-------------------------------------------------------------------------
 * test_gate.c
 *	  The gate of a server: concurrency, and turns between askers.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include "courier/gate.h"
#include "shared/key.h"

#define MANY 100

/* Some time in 2025, in microseconds since 2000. */
#define START (INT64_C(800000000) * CS_US_PER_S)

static CsGate *
fresh(CsGate *gate)
{
	cs_gate_init(gate);
	return gate;
}

static void
enter(CsGate *gate, int asker, int max_concurrency, CsTicket *ticket)
{
	CsGateSettings settings = {.max_concurrency = max_concurrency};

	cs_gate_configure(gate, &settings);
	cs_gate_enter(gate, asker, ticket);
}

/* Who may go at a time, and when to ask again. */
static CsTicket *
admit_at(CsGate *gate, CsInstant now, CsInstant *due)
{
	CsAdmission admission;
	CsTicket   *ticket = cs_gate_admit(gate, now, &admission, due);

	return ticket != NULL && admission == CS_ADMITTED ? ticket : NULL;
}

static CsTicket *
admit(CsGate *gate)
{
	CsInstant due;

	return admit_at(gate, START, &due);
}

static void
leave(CsTicket *ticket)
{
	cs_gate_leave(ticket, CS_SIGN_LIFE, 0, START);
}

/* Whom a gate turns away, one after the other: nobody is admitted by it. */
static void
test_turning_away(void)
{
	CsGate	 room;
	CsGate	*gate = fresh(&room);
	CsTicket tickets[4];

	ok(cs_gate_turn_away(gate) == NULL, "nobody waits: nobody is turned away");
	enter(gate, 1, 1, &tickets[0]);
	enter(gate, 1, 1, &tickets[1]);
	enter(gate, 1, 1, &tickets[2]);
	enter(gate, 2, 1, &tickets[3]);
	ok(admit(gate) == &tickets[0], "one calls");
	ok(cs_gate_turn_away(gate) == &tickets[3] &&
		   cs_gate_turn_away(gate) == &tickets[1] &&
		   cs_gate_turn_away(gate) == &tickets[2],
	   "with no room all others are turned away, in their turns");
	ok(cs_gate_turn_away(gate) == NULL, "and then nobody waits");
	is_int(cs_gate_view(gate, START).running, 1, "who calls stays");
	is_int(cs_gate_view(gate, START).queued, 0, "the queue is empty");
	leave(&tickets[0]);
	is_int(cs_gate_view(gate, START).running, 0, "and leaves");
}

static void
test_concurrency(void)
{
	CsGate	 room;
	CsGate	*gate = fresh(&room);
	CsTicket tickets[MANY];
	int		 admitted = 0;

	is_int(cs_gate_view(gate, START).queued, 0, "a new gate is empty");
	for (int i = 0; i < MANY; i++)
		enter(gate, 7, 8, &tickets[i]);
	while (admit(gate) != NULL)
		admitted++;
	is_int(admitted, 8, "as many go as the server allows");

	leave(&tickets[0]);
	ok(admit(gate) == &tickets[8], "then in the order they came");
	ok(admit(gate) == NULL, "and no more");

	cs_gate_withdraw(&tickets[9]);
	leave(&tickets[1]);
	ok(admit(gate) == &tickets[10], "who went away is passed over");

	for (int i = 11; i < MANY; i++)
		cs_gate_withdraw(&tickets[i]);
	for (int i = 2; i < 8; i++)
		leave(&tickets[i]);
	leave(&tickets[8]);
	leave(&tickets[10]);
	ok(admit(gate) == NULL, "the queue is empty");
}

static void
test_turns(void)
{
	CsGate	  room;
	CsGate	 *gate = fresh(&room);
	CsTicket  batch[MANY];
	CsTicket  single;
	int		  before = 0;
	CsTicket *ticket;

	for (int i = 0; i < MANY; i++)
		enter(gate, 1, MANY * 2, &batch[i]);
	enter(gate, 2, MANY * 2, &single);
	while ((ticket = admit(gate)) != &single)
	{
		before++;
		if (ticket == NULL)
			break;
	}
	is_int(before, 1,
		   "a single question waits for one of a batch, not for all");
	while (admit(gate) != NULL)
		before++;
	is_int(before, MANY, "the batch goes on");
	for (int i = 0; i < MANY; i++)
		leave(&batch[i]);
	leave(&single);
}

static void
test_first(void)
{
	CsGate	 room;
	CsGate	*gate = fresh(&room);
	CsTicket batch[4];
	CsTicket first[2];

	for (int i = 0; i < 4; i++)
		enter(gate, 1 + i / 2, 1, &batch[i]);
	ok(admit(gate) == &batch[0], "one runs, and the next is another's");
	cs_gate_enter_first(gate, 1, &first[0]);
	leave(&batch[0]);
	ok(admit(gate) == &first[0],
	   "who is first goes before others of the same asker, and before all others");
	cs_gate_enter_first(gate, 3, &first[1]);
	leave(&first[0]);
	ok(admit(gate) == &first[1], "also if that asker had nothing queued");
	leave(&first[1]);
	ok(admit(gate) == &batch[2], "then those go on who waited");
	leave(&batch[2]);
	ok(admit(gate) == &batch[1], "in turns");
	leave(&batch[1]);
	ok(admit(gate) == &batch[3], "to the last");
	leave(&batch[3]);
}

static void
test_setting_changes(void)
{
	CsGate	 room;
	CsGate	*gate = fresh(&room);
	CsTicket tickets[6];
	int		 admitted = 0;

	for (int i = 0; i < 3; i++)
		enter(gate, 1, 1, &tickets[i]);
	while (admit(gate) != NULL)
		admitted++;
	is_int(admitted, 1, "one at a time");
	for (int i = 3; i < 6; i++)
		enter(gate, 1, 4, &tickets[i]);
	while (admit(gate) != NULL)
		admitted++;
	is_int(admitted, 4, "the latest setting holds at once");
}

static CsGateSettings
settings_with(CsPaceSettings pace)
{
	CsGateSettings settings = {.max_concurrency = MANY, .pace = pace};

	return settings;
}

static void
test_rate(void)
{
	CsGate		   room;
	CsGate		  *gate = fresh(&room);
	CsGateSettings settings =
		settings_with((CsPaceSettings){.rate_limit = 20});
	CsTicket  tickets[6];
	CsInstant due;
	CsInstant then;

	cs_gate_configure(gate, &settings);
	for (int i = 0; i < 6; i++)
		cs_gate_enter(gate, 1, &tickets[i]);
	is_int(cs_gate_view(gate, START).queued, 6, "views show the queue");
	ok(admit(gate) == &tickets[0] && admit(gate) == &tickets[1],
	   "a burst goes");
	ok(admit_at(gate, START, &due) == NULL, "the others wait");
	is_int(due - START, 50000, "the gate says until when");
	then = due;
	ok(admit_at(gate, then, &due) == &tickets[2],
	   "and then the next one goes");
	is_int(cs_gate_view(gate, START).running, 3, "views show what runs");
	cs_gate_back_out(&tickets[2]);
	ok(admit_at(gate, then, &due) == &tickets[3],
	   "who backs out leaves the turn to the next");
	for (int i = 4; i < 6; i++)
		cs_gate_withdraw(&tickets[i]);
	ok(admit_at(gate, then, &due) == NULL, "the queue is empty");
	is_int(due == CS_NEVER, 1, "and nothing is due");
	for (int i = 0; i < 4; i++)
		if (i != 2)
			leave(&tickets[i]);
}

static void
test_breaker(void)
{
	CsGate		   room;
	CsGate		  *gate = fresh(&room);
	CsGateSettings settings =
		settings_with((CsPaceSettings){.breaker_failures = 2,
									   .breaker_cooldown_ms = 1000,
									   .max_pause_ms = 1000});
	CsInstant	later = START + 1000000;
	CsTicket	tickets[10];
	CsAdmission admission;
	CsInstant	due;
	int			refused = 0;

	cs_gate_configure(gate, &settings);
	for (int i = 0; i < 10; i++)
		cs_gate_enter(gate, 1, &tickets[i]);
	ok(admit(gate) == &tickets[0] && admit(gate) == &tickets[1] &&
		   admit(gate) == NULL,
	   "of a server nobody knows no more calls are out than may fail");
	cs_gate_leave(&tickets[0], CS_SIGN_FAILURE, 0, START);
	ok(admit(gate) == NULL, "a failure makes no room");
	cs_gate_leave(&tickets[1], CS_SIGN_FAILURE, 0, START);
	while (cs_gate_admit(gate, START, &admission, &due) != NULL)
		refused += admission == CS_REFUSED;
	is_int(refused, 8, "an open breaker refuses the whole queue");
	is_int(cs_gate_view(gate, START).running, 0, "without running anything");

	for (int i = 0; i < 3; i++)
		cs_gate_enter(gate, 1, &tickets[i]);
	ok(cs_gate_admit(gate, later, &admission, &due) == &tickets[0] &&
		   admission == CS_ADMITTED,
	   "after the cool-down one goes");
	ok(cs_gate_admit(gate, later, &admission, &due) == &tickets[1] &&
		   admission == CS_REFUSED,
	   "the next is refused");
	cs_gate_leave(&tickets[0], CS_SIGN_LIFE, 0, later);
	ok(cs_gate_admit(gate, later, &admission, &due) == &tickets[2] &&
		   admission == CS_ADMITTED,
	   "an answer closes it");
	leave(&tickets[2]);
}

int
main(void)
{
	test_turning_away();
	test_concurrency();
	test_turns();
	test_first();
	test_setting_changes();
	test_rate();
	test_breaker();
	return done_testing();
}
