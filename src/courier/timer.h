/*-------------------------------------------------------------------------
 * timer.h
 *	  Timers of the courier's loop: all that is due at some time, in one
 *	  heap.
 *------------------------------------------------------------------------- */
#ifndef CS_TIMER_H
#define CS_TIMER_H

#include "postgres.h"

#include "lib/pairingheap.h"

#include "base/instant.h"

/* Embed it; all zero but `fire` is one that is not set. */
typedef struct CsTimer
{
	pairingheap_node node;
	bool			 set;
	CsInstant		 due;	/* in ticks */
	CsInstant		 until; /* patience ends: in cs_clock_awake's; 0: none */

	/* It is due, and no longer set. */
	void (*fire)(struct CsTimer *timer);
} CsTimer;

/* A time in the past fires with the next cs_timer_run; CS_NEVER clears. */
extern void cs_timer_set(CsTimer *timer, CsInstant due);
extern void cs_timer_set_after(CsTimer *timer, int ms);

/*
 * After so many ticks in which the courier was awake: for patience with others,
 * who are not to blame for the time in which it stood still.
 */
extern void cs_timer_set_patient(CsTimer *timer, CsInstant patience);
extern void cs_timer_clear(CsTimer *timer);

/* Fires all that are due, also those that become so by that. */
extern void cs_timer_run(CsInstant now);

/* When the next one is due; CS_NEVER: none is set. */
extern CsInstant cs_timer_due(void);

#endif /* CS_TIMER_H */
