/*
 * handover.pml
 *	  A slot outlives the worker that filled it: the next worker takes it over,
 *	  and is woken when it is settled.
 *
 * The courier settles a slot and reads who asked under the lock of the slots, and
 * wakes that process later, at the end of its turn.  So the next worker first
 * writes itself into the slot, under the same lock, and looks at the slot after.
 *
 * M_LOOK_FIRST     it looks at the slot, then writes itself into it
 * M_ABANDON        a worker that ends gives its slots up, as a session does
 */
#include "names.pml"

byte slot = SLOT_TAKEN;
bit abandoned;
bit asker;				/* worker 0, then worker 1 */
bit latch[2];
bit first_ended;
bit answered;			/* its outcome is written */
bit left;

active proctype courier()
{
	bit who;

	atomic { true -> left = 1 };
	atomic { true ->
		if
		:: abandoned -> slot = SLOT_FREE
		:: else -> slot = SLOT_SETTLED; who = asker
		fi };
	latch[who] = 1
}

#define COLLECT atomic { slot == SLOT_SETTLED -> answered = 1; slot = SLOT_FREE }

active proctype first_worker()
{
end:
	do
	:: atomic { latch[0] -> latch[0] = 0 };
		if :: COLLECT :: slot != SLOT_SETTLED fi
	:: atomic { true -> first_ended = 1;
#ifdef M_ABANDON
		if :: slot == SLOT_TAKEN -> abandoned = 1 :: else -> slot = SLOT_FREE fi;
#endif
		break }
	od
}

active proctype next_worker()
{
	first_ended == 1;
#ifndef M_LOOK_FIRST
	atomic { true -> asker = 1 };
#endif
	if :: COLLECT :: slot != SLOT_SETTLED fi;
#ifdef M_LOOK_FIRST
	atomic { true -> asker = 1 };
#endif
end:
	do
	:: atomic { latch[1] -> latch[1] = 0 };
		if :: COLLECT :: slot != SLOT_SETTLED fi
	od
}

active proctype last_look()
{
	timeout ->
	PROVE(request_not_lost, answered || !left)
}
