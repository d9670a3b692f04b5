/*-------------------------------------------------------------------------
 * moment.h
 *	  Moments and days as bodies write them, after RFC 3339.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_MOMENT_H
#define SANDBOX_MOMENT_H

#include "core/text.h"

/* Is this a day of the calendar, "2019-05-12"? */
extern bool sb_moment_day(const char *text);

/*
 * Reads "2019-05-12T12:00:00+03:00", perhaps with a fraction, or "Z" for the
 * zone, as Unix time in milliseconds.  False when it is no such moment.
 */
extern bool sb_moment_read(const char *text, int64_t *ms);

/* In UTC with milliseconds: 2019-05-12T09:00:00.000Z, without quotes. */
extern void sb_moment_put(SbText *text, int64_t ms);

#endif /* SANDBOX_MOMENT_H */
