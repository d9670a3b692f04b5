/*-------------------------------------------------------------------------
 * weza_id.c
 *	  Weza's names for events and assessments: what they are made of.
 *
 * Pure functions.  The guide's sample event of 2018-01-01T09:00:00Z has the id
 * that is base64 of "borrower:10023;personal_data.captured;1514797200000"; an
 * assessment in it likewise.  Newer samples have UUIDs.
 *------------------------------------------------------------------------- */
#include "provider/weza_id.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define MINUTES_PER_DAY 1440

/* Reads so many digits of a number within bounds. */
static bool
read_number(const char **at, int digits, int min, int max, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++)
	{
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (*(*at)++ - '0');
	}
	return *value >= min && *value <= max;
}

static bool
skip(const char **at, const char *characters)
{
	if (**at == '\0' || strchr(characters, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

/* Milliseconds of ".5" or ".123456"; what is finer is cut off. */
static bool
read_fraction(const char **at, int *ms)
{
	int weight = 100;

	*ms = 0;
	if (!skip(at, "."))
		return true;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++)
	{
		*ms += (**at - '0') * weight;
		weight /= 10;
	}
	return true;
}

/* Z, or +hh:mm, in minutes east of Greenwich. */
static bool
read_offset(const char **at, int *minutes)
{
	bool west = **at == '-';
	int	 hour;
	int	 minute;

	*minutes = 0;
	if (skip(at, "zZ"))
		return true;
	if (!skip(at, "+-") || !read_number(at, 2, 0, 23, &hour) ||
		!skip(at, ":") || !read_number(at, 2, 0, 59, &minute))
		return false;
	*minutes = (hour * 60 + minute) * (west ? -1 : 1);
	return true;
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01, in the Gregorian calendar. */
static int64_t
days_since_1970(int year, int month, int day)
{
	int64_t before = year - 1;
	int64_t days =
		before * 365 + before / 4 - before / 100 + before / 400 - 719162;

	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days + day - 1;
}

bool
cs_weza_id_time(const char *text, int64_t *ms)
{
	int year;
	int month;
	int day;
	int hour;
	int minute;
	int second;
	int fraction;
	int offset;

	if (!read_number(&text, 4, 1, 9999, &year) || !skip(&text, "-") ||
		!read_number(&text, 2, 1, 12, &month) || !skip(&text, "-") ||
		!read_number(&text, 2, 1, days_in(year, month), &day) ||
		!skip(&text, "Tt ") || !read_number(&text, 2, 0, 23, &hour) ||
		!skip(&text, ":") || !read_number(&text, 2, 0, 59, &minute) ||
		!skip(&text, ":") || !read_number(&text, 2, 0, 60, &second) ||
		!read_fraction(&text, &fraction) || !read_offset(&text, &offset) ||
		*text != '\0')
		return false;
	*ms = ((days_since_1970(year, month, day) * MINUTES_PER_DAY + hour * 60 +
			minute - offset) *
			   60 +
		   second) *
			  1000 +
		  fraction;
	return true;
}

bool
cs_weza_id(const char *account, const char *type, int64_t ms, char *out,
		   size_t size)
{
	CsBuf triple = {0};
	CsBuf id = {0};
	bool  fits;

	cs_buf_printf(&triple, "%s;%s;%lld", account, type, (long long) ms);
	if (!triple.failed)
		cs_buf_put_base64(&id, triple.data, triple.len);
	fits = !triple.failed && !id.failed && id.len < size;
	if (fits)
		memcpy(out, id.data, id.len + 1);
	cs_buf_free(&triple);
	cs_buf_free(&id);
	return fits;
}
