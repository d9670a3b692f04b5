/*-------------------------------------------------------------------------
 * timer.h
 *	  Timers of the courier's loop.
 *------------------------------------------------------------------------- */
#ifndef CS_TIMER_H
#define CS_TIMER_H

#include "postgres.h"

#include "lib/pairingheap.h"
#include "utils/timestamp.h"

/* Embed it; all zero is one that is not set. */
typedef struct CsTimer
{
	pairingheap_node node;
	bool			 set;
	TimestampTz		 due;
} CsTimer;

/* The timer must not be set. */
extern void cs_timer_set(CsTimer *timer, int ms);
extern void cs_timer_clear(CsTimer *timer);

/* The next timer that is due, no longer set; NULL: none is. */
extern CsTimer *cs_timer_next(TimestampTz now);

/* When the next one is due; DT_NOEND: none is set. */
extern TimestampTz cs_timer_due(void);

#endif /* CS_TIMER_H */
