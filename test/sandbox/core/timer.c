/*-------------------------------------------------------------------------
 * timer.c
 *	  Timers: a binary heap, and the timerfd that wakes the event loop.
 *
 * Due times are rounded to SB_TIMER_GRAIN_US, so that requests of one moment
 * are resumed in one turn of the loop; to the nearest, and by as much earlier
 * as the kernel wakes the loop late, so that latencies are right on average.
 *------------------------------------------------------------------------- */
#include "core/timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/clock.h"

/* A quarter of a millisecond: unnoticeable, and bundles many wake-ups. */
#define SB_TIMER_GRAIN_US 250

/* A loop that is later than this is not late, but stopped. */
#define SB_TIMER_MOST_LATE_US 1000

static SbTimer **heap;
static size_t	 heap_len;
static size_t	 heap_cap;
static int		 timer_fd = -1;
static uint64_t	 armed_us; /* what timer_fd is set to; 0: nothing */
static int64_t	 late_us;  /* how late the loop wakes, on average */

static void
place(SbTimer *timer, size_t slot)
{
	heap[slot] = timer;
	timer->slot = slot + 1;
}

static void
sift_up(SbTimer *timer, size_t slot)
{
	while (slot > 0)
	{
		size_t parent = (slot - 1) / 2;

		if (heap[parent]->due_us <= timer->due_us)
			break;
		place(heap[parent], slot);
		slot = parent;
	}
	place(timer, slot);
}

static void
sift_down(SbTimer *timer, size_t slot)
{
	for (;;)
	{
		size_t child = 2 * slot + 1;

		if (child >= heap_len)
			break;
		if (child + 1 < heap_len &&
			heap[child + 1]->due_us < heap[child]->due_us)
			child++;
		if (timer->due_us <= heap[child]->due_us)
			break;
		place(heap[child], slot);
		slot = child;
	}
	place(timer, slot);
}

void
sb_timer_start(SbTimer *timer, uint64_t due_us)
{
	sb_timer_stop(timer);
	if (heap_len == heap_cap)
	{
		heap_cap = heap_cap ? heap_cap * 2 : 1024;
		heap = sb_alloc_again(heap, heap_cap * sizeof(*heap));
	}
	if (due_us > sb_clock_us + (uint64_t) late_us)
		due_us -= (uint64_t) late_us;
	timer->due_us = (due_us + SB_TIMER_GRAIN_US / 2) / SB_TIMER_GRAIN_US *
					SB_TIMER_GRAIN_US;
	heap_len++;
	sift_up(timer, heap_len - 1);
}

void
sb_timer_stop(SbTimer *timer)
{
	size_t	 slot = timer->slot;
	SbTimer *last;

	if (slot == 0)
		return;
	timer->slot = 0;
	slot--;
	last = heap[--heap_len];
	if (last == timer)
		return;
	if (slot > 0 && heap[(slot - 1) / 2]->due_us > last->due_us)
		sift_up(last, slot);
	else
		sift_down(last, slot);
}

/*
 * Learns from the first timer of a turn: the others of it are as late as the
 * loop is busy, which is a server's own affair.
 */
static void
note_lateness(void)
{
	int64_t late;

	if (heap_len == 0 || heap[0]->due_us > sb_clock_us)
		return;
	late = (int64_t) (sb_clock_us - heap[0]->due_us);
	if (late > SB_TIMER_MOST_LATE_US)
		late = SB_TIMER_MOST_LATE_US;
	late_us += (late - late_us) / 16;
}

void
sb_timer_run(void)
{
	note_lateness();
	while (heap_len > 0 && heap[0]->due_us <= sb_clock_us)
	{
		SbTimer *timer = heap[0];

		sb_timer_stop(timer);
		timer->fire(timer->arg);
	}
}

int
sb_timer_open(void)
{
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return timer_fd;
}

void
sb_timer_arm(void)
{
	struct itimerspec when = {0};
	uint64_t		  expirations;

	if (armed_us != 0 && armed_us <= sb_clock_us)
	{
		armed_us = 0;
		if (read(timer_fd, &expirations, sizeof(expirations)) < 0)
			armed_us = 0; /* not expired yet by the kernel's clock: set anew */
	}
	if (heap_len == 0 || (armed_us != 0 && armed_us <= heap[0]->due_us))
		return;
	armed_us = heap[0]->due_us;
	when.it_value.tv_sec = (time_t) (armed_us / 1000000);
	when.it_value.tv_nsec = (long) (armed_us % 1000000) * 1000;
	timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}
