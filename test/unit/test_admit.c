/*-------------------------------------------------------------------------
 * test_admit.c
 *	  The gate of a server: concurrency, and turns between askers.
 *------------------------------------------------------------------------- */
/* Before postgres.h, which puts functions of the server in printf's place. */
#include "tap.h"

#include "postgres.h"

#include "admit.h"

#define MANY	100

static CsKey
key(int n)
{
	CsKey		k;

	memset(&k, 0, sizeof(k));
	k.bytes[0] = (uint8) n;
	return k;
}

static void
test_concurrency(void)
{
	CsKey		server = key(1);
	CsGate	   *gate = cs_gate_get(&server);
	CsTicket	tickets[MANY];
	int			admitted = 0;

	ok(gate == cs_gate_get(&server), "a server has one gate");
	for (int i = 0; i < MANY; i++)
		cs_gate_enter(gate, 7, 8, &tickets[i]);
	while (cs_gate_admit() != NULL)
		admitted++;
	is_int(admitted, 8, "as many go as the server allows");

	cs_gate_leave(gate);
	ok(cs_gate_admit() == &tickets[8], "then in the order they came");
	ok(cs_gate_admit() == NULL, "and no more");

	cs_gate_withdraw(&tickets[9]);
	cs_gate_leave(gate);
	ok(cs_gate_admit() == &tickets[10], "who went away is passed over");

	for (int i = 11; i < MANY; i++)
		cs_gate_withdraw(&tickets[i]);
	for (int i = 0; i < 8; i++)
		cs_gate_leave(gate);
	ok(cs_gate_admit() == NULL, "the queue is empty");
}

static void
test_turns(void)
{
	CsKey		server = key(2);
	CsGate	   *gate = cs_gate_get(&server);
	CsTicket	batch[MANY];
	CsTicket	single;
	int			before = 0;
	CsTicket   *ticket;

	for (int i = 0; i < MANY; i++)
		cs_gate_enter(gate, 1, MANY * 2, &batch[i]);
	cs_gate_enter(gate, 2, MANY * 2, &single);
	while ((ticket = cs_gate_admit()) != &single)
	{
		before++;
		if (ticket == NULL)
			break;
	}
	is_int(before, 1, "a single question waits for one of a batch, not for all");
	while (cs_gate_admit() != NULL)
		before++;
	is_int(before, MANY, "the batch goes on");
	for (int i = 0; i < MANY + 1; i++)
		cs_gate_leave(gate);
}

static void
test_setting_changes(void)
{
	CsKey		server = key(3);
	CsGate	   *gate = cs_gate_get(&server);
	CsTicket	tickets[6];
	int			admitted = 0;

	for (int i = 0; i < 3; i++)
		cs_gate_enter(gate, 1, 1, &tickets[i]);
	while (cs_gate_admit() != NULL)
		admitted++;
	is_int(admitted, 1, "one at a time");
	for (int i = 3; i < 6; i++)
		cs_gate_enter(gate, 1, 4, &tickets[i]);
	while (cs_gate_admit() != NULL)
		admitted++;
	is_int(admitted, 4, "the latest setting holds at once");
}

int
main(void)
{
	test_concurrency();
	test_turns();
	test_setting_changes();
	return done_testing();
}
