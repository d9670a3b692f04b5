/*-------------------------------------------------------------------------
 * test_deadline.c
 *	  Deadlines come off in order, however they came and went.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include <stdlib.h>

#include "http/deadline.h"

#define MANY 1000

static CsDeadlines heap;
static CsDeadline  deadlines[MANY];
static bool		   is_in[MANY];

static CsInstant
earliest(void)
{
	CsInstant due = CS_NEVER;

	for (int i = 0; i < MANY; i++)
	{
		if (is_in[i] && deadlines[i].due < due)
			due = deadlines[i].due;
	}
	return due;
}

/* One more or one less, any of them; returns whether the first is right. */
static bool
change(int i)
{
	if (is_in[i])
		cs_deadline_remove(&heap, &deadlines[i]);
	else
		cs_deadline_add(&heap, &deadlines[i], rand() % 100);
	is_in[i] = !is_in[i];
	return (heap.first != NULL ? heap.first->due : CS_NEVER) == earliest();
}

static void
test_order(void)
{
	CsInstant last = 0;
	int		  n = 0;
	bool	  in_order = true;

	for (int i = 0; i < MANY; i++)
		cs_deadline_add(&heap, &deadlines[i], rand() % 500);
	while (heap.first != NULL)
	{
		CsDeadline *first = heap.first;

		in_order = in_order && first->due >= last;
		last = first->due;
		cs_deadline_remove(&heap, first);
		n++;
	}
	ok(in_order, "deadlines come off in order");
	is_int(n, MANY, "all of them");
}

static void
test_changes(void)
{
	int wrong = 0;

	for (int n = 0; n < 20 * MANY; n++)
		wrong += !change(rand() % MANY);
	is_int(wrong, 0, "the first is the earliest, whichever comes and goes");
	for (int i = 0; i < MANY; i++)
	{
		if (is_in[i])
			wrong += !change(i);
	}
	is_int(wrong, 0, "and when they go one by one");
	ok(heap.first == NULL, "none is left then");
}

int
main(void)
{
	srand(1);
	test_order();
	test_changes();
	return done_testing();
}
