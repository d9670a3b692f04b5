/*-------------------------------------------------------------------------
 * clock.c
 *	  What time it is.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/clock.h"

#include <time.h>

#include "utils/timestamp.h"

#include "base/awake.h"

CsInstant
cs_clock_ticks(void)
{
	struct timespec ts;

	(void) clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * CS_US_PER_S + ts.tv_nsec / 1000;
}

CsInstant
cs_clock_awake(void)
{
	return cs_awake_at(cs_clock_ticks());
}

TimestampTz
cs_clock_now(void)
{
	return GetCurrentTimestamp();
}

TimestampTz
cs_clock_calendar(CsInstant ticks)
{
	return ticks == 0 ? 0 : cs_clock_now() + (ticks - cs_clock_ticks());
}
