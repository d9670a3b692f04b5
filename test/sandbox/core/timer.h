/*-------------------------------------------------------------------------
 * timer.h
 *	  What happens later.
 *
 * A timer is embedded in its owner, who stops it before going away.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_TIMER_H
#define SANDBOX_TIMER_H

#include "core/types.h"

typedef struct SbTimer
{
	uint64_t due_us;
	size_t	 slot; /* place in the heap + 1; 0 while not armed */
	void (*fire)(void *arg);
	void *arg;
} SbTimer;

extern void sb_timer_start(SbTimer *timer, uint64_t due_us);
extern void sb_timer_stop(SbTimer *timer);

/* Fires what is due. */
extern void sb_timer_run(void);

/* Returns the descriptor for the event loop to look at. */
extern int sb_timer_open(void);

/* Before the loop sleeps: sets the descriptor to the next due time. */
extern void sb_timer_arm(void);

#endif /* SANDBOX_TIMER_H */
