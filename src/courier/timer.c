/*-------------------------------------------------------------------------
 * timer.c
 *	  Timers of the courier's loop.
 *
 * Memory is the owners'; the heap only links it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/timer.h"

static int
compare_due(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	TimestampTz left = pairingheap_const_container(CsTimer, node, a)->due;
	TimestampTz right = pairingheap_const_container(CsTimer, node, b)->due;

	return left < right ? 1 : left > right ? -1 : 0;
}

static pairingheap timers = {compare_due, NULL, NULL};

void
cs_timer_set(CsTimer *timer, int ms)
{
	timer->due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
	timer->set = true;
	pairingheap_add(&timers, &timer->node);
}

void
cs_timer_clear(CsTimer *timer)
{
	if (timer->set)
		pairingheap_remove(&timers, &timer->node);
	timer->set = false;
}

CsTimer *
cs_timer_next(TimestampTz now)
{
	CsTimer *timer;

	if (cs_timer_due() > now)
		return NULL;
	timer = pairingheap_container(CsTimer, node, pairingheap_first(&timers));
	cs_timer_clear(timer);
	return timer;
}

TimestampTz
cs_timer_due(void)
{
	if (pairingheap_is_empty(&timers))
		return DT_NOEND;
	return pairingheap_container(CsTimer, node, pairingheap_first(&timers))
		->due;
}
