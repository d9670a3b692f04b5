/*-------------------------------------------------------------------------
 * printed.c
 *	  Times and amounts as statements print them; see printed.h.
 *------------------------------------------------------------------------- */
#include "reading/printed.h"

#include <string.h>

#define FIRST_YEAR	 1900
#define LAST_YEAR	 2999
#define THIS_CENTURY 2000
#define MONTHS		 12
#define NOON		 12

/* What is left of a text. */
typedef struct Cell
{
	const char *at;
	const char *end;
} Cell;

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
skip_blanks(Cell *cell)
{
	while (cell->at < cell->end && is_blank(*cell->at))
		cell->at++;
}

static Cell
trimmed(const char *text, size_t len)
{
	Cell cell = {text, text + len};

	skip_blanks(&cell);
	while (cell.end > cell.at && is_blank(cell.end[-1]))
		cell.end--;
	return cell;
}

/* Takes the next character if it is this one, in upper case or lower. */
static bool
take(Cell *cell, char wanted)
{
	if (cell->at >= cell->end || (*cell->at | 0x20) != (wanted | 0x20))
		return false;
	cell->at++;
	return true;
}

/* Takes up to `most` digits; how many there were. */
static int
take_digits(Cell *cell, int most, int *number)
{
	int n = 0;

	*number = 0;
	for (; n < most && cell->at < cell->end && is_digit(*cell->at); n++)
		*number = *number * 10 + (*cell->at++ - '0');
	return n;
}

/* --- dates --- */

/* The three numbers of a date, as they stand. */
typedef struct Date
{
	int	 first;
	int	 second;
	int	 third;
	bool year_first;
} Date;

static bool
take_separator(Cell *cell, char *separator)
{
	if (cell->at >= cell->end || strchr("-/.", *cell->at) == NULL ||
		*cell->at == '\0' || (*separator != '\0' && *cell->at != *separator))
		return false;
	*separator = *cell->at++;
	return true;
}

static bool
take_date(Cell *cell, Date *date)
{
	char separator = '\0';
	int	 digits = take_digits(cell, 4, &date->first);
	int	 last;

	date->year_first = digits == 4;
	if ((digits != 1 && digits != 2 && digits != 4) ||
		!take_separator(cell, &separator) ||
		take_digits(cell, 2, &date->second) == 0 ||
		!take_separator(cell, &separator))
		return false;
	last = take_digits(cell, date->year_first ? 2 : 4, &date->third);
	if (!date->year_first && last == 2)
		date->third += THIS_CENTURY;
	return date->year_first ? last > 0 : last == 2 || last == 4;
}

static bool
is_date(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool			 leap;

	if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > MONTHS)
		return false;
	leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day >= 1 && day <= days[month - 1] + (leap ? 1 : 0);
}

static void
set_date(CsPrintedTime *time, int year, int month, int day)
{
	time->year = year;
	time->month = month;
	time->day = day;
}

/* Puts a date whose year is last, in the one order or the other. */
static CsPrinted
choose_order(const Date *date, const CsPrintedForms *forms,
			 CsPrintedTime *time)
{
	bool day_first = is_date(date->third, date->second, date->first);
	bool month_first = is_date(date->third, date->first, date->second);
	bool two = day_first && month_first && date->first != date->second;

	if (!day_first && !month_first)
		return CS_PRINTED_NOT;
	if (two && forms->day_first == forms->month_first)
		return CS_PRINTED_AMBIGUOUS;
	if (two ? forms->day_first : day_first)
		set_date(time, date->third, date->second, date->first);
	else
		set_date(time, date->third, date->first, date->second);
	return two ? CS_PRINTED_BY_FORMS : CS_PRINTED_READ;
}

static CsPrinted
read_date(Cell *cell, const CsPrintedForms *forms, CsPrintedTime *time)
{
	Date date;

	if (!take_date(cell, &date))
		return CS_PRINTED_NOT;
	if (!date.year_first)
		return choose_order(&date, forms, time);
	set_date(time, date.first, date.second, date.third);
	return is_date(date.first, date.second, date.third) ? CS_PRINTED_READ
														: CS_PRINTED_NOT;
}

/* --- times of the day --- */

static bool
take_fraction(Cell *cell, int *microsecond)
{
	const char *start = cell->at;

	for (int unit = 100000; cell->at < cell->end && is_digit(*cell->at);
		 unit /= 10)
		*microsecond += (*cell->at++ - '0') * unit;
	return cell->at > start;
}

/* "AM" or "PM" behind a time of 12 hours; false: the hour is none of these. */
static bool
take_half(Cell *cell, CsPrintedTime *time, bool *is_half)
{
	Cell half = *cell;
	bool pm;

	*is_half = false;
	skip_blanks(&half);
	pm = take(&half, 'p');
	if (!pm && !take(&half, 'a'))
		return true;
	(void) take(&half, '.');
	if (!take(&half, 'm'))
		return false;
	(void) take(&half, '.');
	if (time->hour < 1 || time->hour > NOON)
		return false;
	time->hour = time->hour % NOON + (pm ? NOON : 0);
	*cell = half;
	*is_half = true;
	return true;
}

static bool
take_offset(Cell *cell, CsPrintedTime *time)
{
	int sign;
	int hours;
	int minutes = 0;

	time->has_offset = true;
	if (take(cell, 'z'))
		return true;
	sign = *cell->at == '-' ? -1 : 1;
	if (*cell->at != '+' && *cell->at != '-')
		return false;
	cell->at++;
	if (take_digits(cell, 2, &hours) != 2)
		return false;
	if (cell->at < cell->end)
	{
		if (*cell->at == ':')
			cell->at++;
		if (take_digits(cell, 2, &minutes) != 2)
			return false;
	}
	time->offset = sign * (hours * 3600 + minutes * 60);
	return hours <= 15 && minutes < 60;
}

static bool
take_clock(Cell *cell, CsPrintedTime *time)
{
	if (take_digits(cell, 2, &time->hour) == 0 || cell->at >= cell->end ||
		*cell->at++ != ':' || take_digits(cell, 2, &time->minute) != 2)
		return false;
	if (cell->at < cell->end && *cell->at == ':')
	{
		cell->at++;
		if (take_digits(cell, 2, &time->second) != 2)
			return false;
		if (cell->at < cell->end && *cell->at == '.')
		{
			cell->at++;
			if (!take_fraction(cell, &time->microsecond))
				return false;
		}
	}
	return time->hour < 24 && time->minute < 60 && time->second < 60;
}

static bool
take_day_time(Cell *cell, CsPrintedTime *time)
{
	bool is_half;

	if (!take(cell, 't'))
	{
		if (!is_blank(*cell->at))
			return false;
		skip_blanks(cell);
	}
	return take_clock(cell, time) && take_half(cell, time, &is_half) &&
		   (cell->at == cell->end || (!is_half && take_offset(cell, time))) &&
		   cell->at == cell->end;
}

CsPrinted
cs_printed_time(const char *text, size_t len, const CsPrintedForms *forms,
				CsPrintedTime *time)
{
	Cell	  cell = trimmed(text, len);
	CsPrinted date;

	memset(time, 0, sizeof(*time));
	date = read_date(&cell, forms, time);
	if (date == CS_PRINTED_NOT ||
		(cell.at < cell.end && !take_day_time(&cell, time)))
		return CS_PRINTED_NOT;
	return date;
}

void
cs_printed_survey_time(const char *text, size_t len, CsPrintedForms *forms)
{
	static const CsPrintedForms none = {false, false, false};
	CsPrintedTime				time;
	Cell						cell = trimmed(text, len);
	Date						date;

	if (cs_printed_time(text, len, &none, &time) != CS_PRINTED_READ ||
		!take_date(&cell, &date) || date.year_first ||
		date.first == date.second)
		return;
	if (time.day == date.first)
		forms->day_first = true;
	else
		forms->month_first = true;
}

/* --- amounts --- */

/* Digits with a comma before each group of three; how many, 0: it is none. */
static int
take_thousands(Cell *cell, char **plain)
{
	const char *start = cell->at;
	int			groups = 0;
	int			number;
	int			n = take_digits(cell, 3, &number);

	if (n == 0 || *start == '0')
		return 0;
	memcpy(*plain, start, n);
	*plain += n;
	for (; cell->at < cell->end && *cell->at == ','; groups++)
	{
		start = ++cell->at;
		if (take_digits(cell, 3, &number) != 3)
			return 0;
		memcpy(*plain, start, 3);
		*plain += 3;
	}
	return groups;
}

static bool
take_decimals(Cell *cell, char **plain)
{
	const char *start = cell->at;

	*(*plain)++ = '.';
	for (; cell->at < cell->end && is_digit(*cell->at); cell->at++)
		*(*plain)++ = *cell->at;
	return cell->at > start;
}

CsPrinted
cs_printed_amount(const char *text, size_t len, const CsPrintedForms *forms,
				  char *plain)
{
	Cell cell = trimmed(text, len);
	int	 commas;

	/* what is put into `plain` is never longer than what it is taken from */
	if (cell.end - cell.at >= CS_PRINTED_AMOUNT)
		return CS_PRINTED_NOT;
	if (cell.at < cell.end && *cell.at == '-')
		*plain++ = *cell.at++;
	commas = take_thousands(&cell, &plain);
	if (commas == 0)
		return CS_PRINTED_NOT;
	if (cell.at < cell.end && *cell.at == '.')
	{
		cell.at++;
		if (!take_decimals(&cell, &plain))
			return CS_PRINTED_NOT;
		commas = 2; /* the point tells what the comma is */
	}
	*plain = '\0';
	if (cell.at < cell.end)
		return CS_PRINTED_NOT;
	if (commas > 1)
		return CS_PRINTED_READ;
	return forms->decimal_comma ? CS_PRINTED_AMBIGUOUS : CS_PRINTED_BY_FORMS;
}

/* A last comma before other than three digits is no comma of thousands. */
void
cs_printed_survey_amount(const char *text, size_t len, CsPrintedForms *forms)
{
	Cell cell = trimmed(text, len);
	int	 digits = 0;

	while (cell.end > cell.at && is_digit(cell.end[-1]))
	{
		cell.end--;
		digits++;
	}
	if (digits > 0 && digits != 3 && cell.end - cell.at >= 2 &&
		cell.end[-1] == ',' && is_digit(cell.end[-2]))
		forms->decimal_comma = true;
}
