/*-------------------------------------------------------------------------
 * http_clock.h
 *	  The clock of this room: it measures durations, and nobody sets it.
 *
 * It counts from some moment of the machine's own, and is not to be mixed with
 * an instant of the calendar.
 *------------------------------------------------------------------------- */
#ifndef CS_HTTP_CLOCK_H
#define CS_HTTP_CLOCK_H

#include <time.h>

#include "base/instant.h"

static inline CsInstant
cs_http_clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * CS_US_PER_S + now.tv_nsec / 1000;
}

#endif /* CS_HTTP_CLOCK_H */
