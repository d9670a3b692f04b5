/*-------------------------------------------------------------------------
 * instant.h
 *	  Times as 64-bit numbers of microseconds.
 *
 * An instant of the calendar counts from 2000-01-01 UTC, as PostgreSQL's
 * TimestampTz does, and may be mixed with it.
 *------------------------------------------------------------------------- */
#ifndef CS_INSTANT_H
#define CS_INSTANT_H

#include <stdint.h>

typedef int64_t CsInstant;

#define CS_US_PER_MS  INT64_C(1000)
#define CS_US_PER_S	  INT64_C(1000000)
#define CS_US_PER_DAY (86400 * CS_US_PER_S)

/* Later than any; as DT_NOEND. */
#define CS_NEVER INT64_MAX

#endif /* CS_INSTANT_H */
