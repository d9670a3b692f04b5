/*-------------------------------------------------------------------------
 * clock.h
 *	  The sandbox's time.
 *
 * It is read once per turn of the event loop.  The time of day can be put
 * forward, so that tokens and entities age without anybody sleeping; how long
 * a request waits is a matter of the other clock, which nobody moves.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_CLOCK_H
#define SANDBOX_CLOCK_H

#include <stdint.h>

extern uint64_t sb_clock_us;	   /* monotonic: waits and arrivals */
extern uint64_t sb_clock_epoch_ms; /* time of day, as Unix counts it */

extern void sb_clock_read(void);

/* Puts the time of day forward; returns by how much it is off in all. */
extern int64_t sb_clock_advance(int64_t ms);

/* Back to the machine's time of day. */
extern void sb_clock_reset(void);

#endif /* SANDBOX_CLOCK_H */
