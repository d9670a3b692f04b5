/*-------------------------------------------------------------------------
 * day.c
 *	  Days of a time zone: from a midnight to the next.
 *
 * A day begins with the first second of its date.  That is found by looking
 * at dates, and not by counting hours: a day may have 23 or 25 of them, and
 * where the clocks are put forward at midnight it begins at one o'clock.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/day.h"

#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/* Longer than any day that ever was, and a date that was left out. */
#define LONGEST_DAYS_S (50 * 60 * 60)

static const pg_tz *
zone_of(const char *name)
{
	const pg_tz *zone = pg_tzset(name);

	return zone != NULL ? zone : pg_tzset("GMT");
}

static int
date_at(pg_time_t at, const pg_tz *zone)
{
	const struct pg_tm *tm = pg_localtime(&at, zone);

	return date2j(tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
}

/* The first second behind `before`, at most `until`, of that date or later. */
static pg_time_t
first_of(int date, pg_time_t before, pg_time_t until, const pg_tz *zone)
{
	while (until - before > 1)
	{
		pg_time_t middle = before + (until - before) / 2;

		if (date_at(middle, zone) >= date)
			until = middle;
		else
			before = middle;
	}
	return until;
}

void
cs_day_at(CsBudgetDay *day, const char *zone_name, CsInstant now)
{
	const pg_tz *zone = zone_of(zone_name);
	pg_time_t	 second = timestamptz_to_time_t(now);
	int			 date;

	day->now = now;
	if (day->zone == zone && day->begin <= now && now < day->end)
		return;
	date = date_at(second, zone);
	day->zone = zone;
	day->begin = time_t_to_timestamptz(
		first_of(date, second - LONGEST_DAYS_S, second, zone));
	day->end = time_t_to_timestamptz(
		first_of(date + 1, second, second + LONGEST_DAYS_S, zone));
}

void
cs_day_show(CsInstant at, const char *zone_name, char *out, size_t size)
{
	pg_time_t second = timestamptz_to_time_t(at);

	pg_strftime(out, size, "%Y-%m-%d %H:%M %Z",
				pg_localtime(&second, zone_of(zone_name)));
}
