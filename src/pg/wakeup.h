/*-------------------------------------------------------------------------
 * wakeup.h
 *	  Latches: waking another process, and sleeping until one is woken.
 *
 * A process can sleep on one condition variable only, and here it waits for
 * many things at once; hence latches.  Whoever waits leaves its process
 * number, whoever has news sets that process' latch.
 *------------------------------------------------------------------------- */
#ifndef CS_WAKEUP_H
#define CS_WAKEUP_H

#include "postgres.h"

/* Wakes a process by its number; nobody when that is negative. */
extern void cs_wakeup_process(int process);

/*
 * Sleeps until this process is woken, or so long; true: nobody woke it.
 * Answers interrupts, and so may raise.  `event` is what pg_stat_activity
 * shows, see CS_WAIT_EVENT.
 */
extern bool cs_wakeup_sleep(long ms, uint32 event);

/* The same for a loop that also waits for a descriptor to be readable. */
extern void cs_wakeup_loop_init(int descriptor);
extern void cs_wakeup_loop_sleep(long ms, uint32 event);

#endif /* CS_WAKEUP_H */
