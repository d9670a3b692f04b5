/*-------------------------------------------------------------------------
 * clock.c
 *	  The sandbox's time.
 *------------------------------------------------------------------------- */
#include "core/clock.h"

#include <time.h>

uint64_t sb_clock_us;
uint64_t sb_clock_epoch_ms;

static int64_t advanced_ms;

void
sb_clock_read(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sb_clock_us =
		(uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
	clock_gettime(CLOCK_REALTIME, &now);
	sb_clock_epoch_ms = (uint64_t) now.tv_sec * 1000 +
						(uint64_t) now.tv_nsec / 1000000 +
						(uint64_t) advanced_ms;
}

int64_t
sb_clock_advance(int64_t ms)
{
	advanced_ms += ms;
	sb_clock_epoch_ms += (uint64_t) ms;
	return advanced_ms;
}

void
sb_clock_reset(void)
{
	sb_clock_advance(-advanced_ms);
}
