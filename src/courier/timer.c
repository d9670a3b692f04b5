/*-------------------------------------------------------------------------
 * timer.c
 *	  Timers of the courier's loop.
 *
 * Belongs to the courier process; timers are embedded in what they are for.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/timer.h"

#include "pg/clock.h"

#define timer_of(n) pairingheap_container(CsTimer, node, n)

static int
earlier_first(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	CsInstant x = pairingheap_const_container(CsTimer, node, a)->due;
	CsInstant y = pairingheap_const_container(CsTimer, node, b)->due;

	return x < y ? 1 : x > y ? -1 : 0;
}

static pairingheap timers = {earlier_first, NULL, NULL};

void
cs_timer_set(CsTimer *timer, CsInstant due)
{
	cs_timer_clear(timer);
	if (due == CS_NEVER)
		return;
	timer->due = due;
	timer->until = 0;
	timer->set = true;
	pairingheap_add(&timers, &timer->node);
}

void
cs_timer_set_after(CsTimer *timer, int ms)
{
	cs_timer_set(timer, cs_clock_ticks() + ms * CS_US_PER_MS);
}

void
cs_timer_set_patient(CsTimer *timer, CsInstant patience)
{
	CsInstant until = cs_clock_awake() + patience;

	cs_timer_set(timer, cs_clock_ticks() + patience);
	timer->until = until;
}

void
cs_timer_clear(CsTimer *timer)
{
	if (!timer->set)
		return;
	pairingheap_remove(&timers, &timer->node);
	timer->set = false;
}

void
cs_timer_run(CsInstant now)
{
	while (cs_timer_due() <= now)
	{
		CsTimer *timer = timer_of(pairingheap_first(&timers));

		CsInstant left = timer->until - cs_clock_awake();

		cs_timer_clear(timer);
		if (left > 0)
			cs_timer_set_patient(timer, left);
		else
			timer->fire(timer);
	}
}

CsInstant
cs_timer_due(void)
{
	return pairingheap_is_empty(&timers)
			   ? CS_NEVER
			   : timer_of(pairingheap_first(&timers))->due;
}
