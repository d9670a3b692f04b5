/*-------------------------------------------------------------------------
 * clock.h
 *	  What time it is: the one place where the engine asks.
 *
 * Durations (pauses, time-outs, ages) are measured in ticks, which no step of
 * the calendar's clock changes.  Where a day or the expiry of a token is
 * meant, or a view shows a time, it is the calendar's.
 *------------------------------------------------------------------------- */
#ifndef CS_CLOCK_H
#define CS_CLOCK_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "base/instant.h"

/* Microseconds since some moment before the server started; the same for all
 * its processes, and never less than before. */
extern CsInstant cs_clock_ticks(void);

/* The ticks in which this process was awake (base/awake.h): for the courier. */
extern CsInstant cs_clock_awake(void);

extern TimestampTz cs_clock_now(void);

/* The calendar's time of an instant in ticks, as things are now; 0 stays 0. */
extern TimestampTz cs_clock_calendar(CsInstant ticks);

#endif /* CS_CLOCK_H */
