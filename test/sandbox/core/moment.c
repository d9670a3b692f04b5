/*-------------------------------------------------------------------------
 * moment.c
 *	  Moments and days as bodies write them, after RFC 3339.
 *------------------------------------------------------------------------- */
#include "core/moment.h"

#include <stdio.h>
#include <time.h>

/* Does the text begin with a form, in which "d" stands for a digit? */
static bool
begins(const char *text, const char *form)
{
	for (; *form != '\0'; form++, text++)
	{
		if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	}
	return true;
}

/* The number of two digits. */
static int
pair(const char *digits)
{
	return (digits[0] - '0') * 10 + digits[1] - '0';
}

/* A day that the calendar has: what it has not, timegm makes another of. */
static bool
read_day(const char *text, struct tm *day)
{
	struct tm same;

	memset(day, 0, sizeof(*day));
	if (!begins(text, "dddd-dd-dd"))
		return false;
	day->tm_year = pair(text) * 100 + pair(text + 2) - 1900;
	day->tm_mon = pair(text + 5) - 1;
	day->tm_mday = pair(text + 8);
	same = *day;
	(void) timegm(&same);
	return same.tm_mon == day->tm_mon && same.tm_mday == day->tm_mday;
}

bool
sb_moment_day(const char *text)
{
	struct tm day;

	return read_day(text, &day) && strlen(text) == strlen("dddd-dd-dd");
}

static bool
read_clock(const char *text, struct tm *moment)
{
	if (!begins(text, "Tdd:dd:dd"))
		return false;
	moment->tm_hour = pair(text + 1);
	moment->tm_min = pair(text + 4);
	moment->tm_sec = pair(text + 7);
	return moment->tm_hour < 24 && moment->tm_min < 60 && moment->tm_sec < 60;
}

/* ".5" and the like in milliseconds; returns what comes behind it. */
static const char *
read_fraction(const char *text, int *ms)
{
	int scale = 100;

	*ms = 0;
	if (!begins(text, ".d"))
		return text;
	for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
		*ms += (*text - '0') * scale;
	return text;
}

/* "Z" or "+03:00", and nothing behind it. */
static bool
read_zone(const char *text, int *minutes)
{
	*minutes = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (!(begins(text, "+dd:dd") || begins(text, "-dd:dd")) ||
		text[6] != '\0' || pair(text + 1) > 23 || pair(text + 4) > 59)
		return false;
	*minutes = pair(text + 1) * 60 + pair(text + 4);
	if (*text == '-')
		*minutes = -*minutes;
	return true;
}

bool
sb_moment_read(const char *text, int64_t *ms)
{
	struct tm moment;
	int		  fraction;
	int		  minutes;

	if (!read_day(text, &moment) || !read_clock(text + 10, &moment) ||
		!read_zone(read_fraction(text + 19, &fraction), &minutes))
		return false;
	*ms =
		((int64_t) timegm(&moment) - (int64_t) minutes * 60) * 1000 + fraction;
	return true;
}

void
sb_moment_put(SbText *text, int64_t ms)
{
	time_t	  seconds = (time_t) (ms / 1000);
	int		  fraction = (int) (ms % 1000);
	struct tm moment;
	char	  written[64];

	if (fraction < 0)
	{
		fraction += 1000;
		seconds--;
	}
	gmtime_r(&seconds, &moment);
	snprintf(written, sizeof(written), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
			 moment.tm_year + 1900, moment.tm_mon + 1, moment.tm_mday,
			 moment.tm_hour, moment.tm_min, moment.tm_sec, fraction);
	sb_text_str(text, written);
}
