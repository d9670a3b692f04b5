/*-------------------------------------------------------------------------
 * wakeup.c
 *	  Latches.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/wakeup.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"

#include "pg/compat.h"

/* The loop's: latch, death of the postmaster, descriptor. */
#define LOOP_EVENTS 3

static WaitEventSet *loop_events;

void
cs_wakeup_process(int process)
{
	if (process >= 0)
		SetLatch(&GetPGProcByNumber(process)->procLatch);
}

bool
cs_wakeup_sleep(long ms, uint32 event)
{
	int events = WaitLatch(
		MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, event);

	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return (events & WL_TIMEOUT) != 0;
}

void
cs_wakeup_loop_init(int descriptor)
{
	loop_events = cs_compat_create_wait_event_set(LOOP_EVENTS);
	AddWaitEventToSet(loop_events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch,
					  NULL);
	AddWaitEventToSet(loop_events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL,
					  NULL);
	AddWaitEventToSet(loop_events, WL_SOCKET_READABLE, descriptor, NULL, NULL);
}

void
cs_wakeup_loop_sleep(long ms, uint32 event)
{
	WaitEvent events[LOOP_EVENTS];

	(void) WaitEventSetWait(loop_events, ms, events, lengthof(events), event);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}
