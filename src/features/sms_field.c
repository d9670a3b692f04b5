/*-------------------------------------------------------------------------
 * sms_field.c
 *	  Fields in messages about money; see sms_field.h.
 *------------------------------------------------------------------------- */
#include "features/sms_field.h"

#include <string.h>

#include "features/words.h"

/* Digits of an amount before the point; more than money has. */
#define AMOUNT_DIGITS 12

#define RECEIPT_MIN 8
#define RECEIPT_MAX 14
#define PHONE_MIN	9
#define PHONE_MAX	13

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	char folded = cs_words_fold(c);

	return folded >= 'a' && folded <= 'z';
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

void
cs_sms_field_skip_blank(CsSmsRest *rest)
{
	if (rest->at < rest->end && *rest->at == ' ')
		rest->at++;
}

bool
cs_sms_field_take_char(CsSmsRest *rest, char c)
{
	if (rest->at >= rest->end || cs_words_fold(*rest->at) != c)
		return false;
	rest->at++;
	return true;
}

/* --- words and numbers --- */

/* A word of letters that is written in the text; it ends there, too. */
static bool
take_word(CsSmsRest *rest, const char *word)
{
	CsSmsRest try = *rest;

	for (; *word != '\0'; word++)
		if (!cs_sms_field_take_char(&try, *word))
			return false;
	if (try.at < try.end && is_letter(*try.at))
		return false;
	*rest = try;
	return true;
}

/* Between `min` and `max` digits, and no further one behind. */
static bool
take_digits(CsSmsRest *rest, int min, int max, int *number)
{
	int n = 0;

	for (*number = 0; n < max && rest->at < rest->end && is_digit(*rest->at);
		 n++)
		*number = *number * 10 + (*rest->at++ - '0');
	return n >= min && (rest->at >= rest->end || !is_digit(*rest->at));
}

/* "Ksh", "Ksh.", "Ksh Ksh", "KES. ", "NGN", "N", and the sign of the naira. */
static void
skip_currency(CsSmsRest *rest)
{
	static const char *const marks[] = {"kshs", "ksh", "kes",
										"ngn",	"n",   "\xE2\x82\xA6"};
	bool					 found = true;

	while (found)
	{
		found = false;
		cs_sms_field_skip_blank(rest);
		for (int i = 0; i < (int) (sizeof(marks) / sizeof(marks[0])); i++)
			if (!found && take_word(rest, marks[i]))
				found = true;
		if (found)
			(void) cs_sms_field_take_char(rest, '.');
	}
	cs_sms_field_skip_blank(rest);
}

/* Whole units, with or without commas between them, as hundredths. */
static bool
take_units(CsSmsRest *rest, int64_t *hundredths)
{
	int digits = 0;

	*hundredths = 0;
	for (; rest->at < rest->end; rest->at++)
	{
		if (is_digit(*rest->at))
		{
			*hundredths = *hundredths * 10 + (*rest->at - '0') * 100;
			if (++digits > AMOUNT_DIGITS)
				return false;
		}
		else if (*rest->at != ',' || digits == 0 || rest->end - rest->at < 2 ||
				 !is_digit(rest->at[1]))
			break;
	}
	return digits > 0;
}

/* A full stop behind an amount is none of it. */
static bool
take_decimals(CsSmsRest *rest, CsSmsAmount *amount)
{
	static const int units[] = {10, 1};

	if (rest->end - rest->at < 2 || rest->at[0] != '.' ||
		!is_digit(rest->at[1]))
		return true;
	for (rest->at++; rest->at < rest->end && is_digit(*rest->at); rest->at++)
	{
		if (amount->decimals == 2)
			return false;
		amount->hundredths += (*rest->at - '0') * units[amount->decimals++];
	}
	return true;
}

static bool
take_amount(CsSmsRest *rest, CsSmsAmount *amount)
{
	bool negative;

	memset(amount, 0, sizeof(*amount));
	skip_currency(rest);
	negative = cs_sms_field_take_char(rest, '-');
	if (!take_units(rest, &amount->hundredths) || !take_decimals(rest, amount))
		return false;
	if (negative)
		amount->hundredths = -amount->hundredths;
	amount->there = true;
	return true;
}

/* --- dates and times --- */

static bool
take_month_name(CsSmsRest *rest, int *month)
{
	static const char *const names[] = {"jan", "feb", "mar", "apr",
										"may", "jun", "jul", "aug",
										"sep", "oct", "nov", "dec"};

	for (int i = 0; i < 12; i++)
		if (take_word(rest, names[i]))
		{
			*month = i + 1;
			return true;
		}
	return false;
}

static bool
take_separator(CsSmsRest *rest, char *separator)
{
	if (rest->at >= rest->end || strchr("/-. ", *rest->at) == NULL)
		return false;
	if (*separator != '\0' && *rest->at != *separator)
		return false;
	*separator = *rest->at++;
	return true;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Of four digits, or of two, which are of this century. */
static bool
take_year(CsSmsRest *rest, int *year)
{
	const char *start = rest->at;

	if (!take_digits(rest, 2, 4, year) || rest->at - start == 3)
		return false;
	if (rest->at - start == 2)
		*year += 2000;
	return true;
}

static bool
take_month(CsSmsRest *rest, int *month)
{
	return take_month_name(rest, month) || take_digits(rest, 1, 2, month);
}

/* Does a number of four digits begin here? */
static bool
is_long_year(CsSmsRest rest)
{
	int year;

	return take_digits(&rest, 4, 4, &year);
}

/*
 * Day first, or the year first where it has four digits.  Neither day nor
 * month need have two, so that only the first number tells which it is.
 */
static bool
take_date(CsSmsRest *rest, CsSmsRead *read)
{
	char separator = '\0';
	bool year_first;

	cs_sms_field_skip_blank(rest);
	year_first = is_long_year(*rest);
	if (!(year_first ? take_year(rest, &read->year)
					 : take_digits(rest, 1, 2, &read->day)) ||
		!take_separator(rest, &separator) || !take_month(rest, &read->month) ||
		!take_separator(rest, &separator) ||
		!(year_first ? take_digits(rest, 1, 2, &read->day)
					 : take_year(rest, &read->year)))
		return false;
	read->has_date = read->year >= 2000 && read->year < 2100 &&
					 read->month >= 1 && read->month <= 12 && read->day >= 1 &&
					 read->day <= days_of_month(read->year, read->month);
	return read->has_date;
}

/* Of 24 hours, or of 12 with AM or PM, which may touch the next word. */
static bool
take_half(CsSmsRest *rest, CsSmsRead *read)
{
	CsSmsRest try = *rest;
	bool	  after;

	cs_sms_field_skip_blank(&try);
	after = cs_sms_field_take_char(&try, 'p');
	if ((!after && !cs_sms_field_take_char(&try, 'a')) ||
		!cs_sms_field_take_char(&try, 'm'))
		return true;
	if (read->hour < 1 || read->hour > 12)
		return false;
	read->hour = read->hour % 12 + (after ? 12 : 0);
	*rest = try;
	return true;
}

static bool
take_clock_mark(CsSmsRest *rest)
{
	return cs_sms_field_take_char(rest, ':') ||
		   cs_sms_field_take_char(rest, '.');
}

static bool
take_time(CsSmsRest *rest, CsSmsRead *read)
{
	CsSmsRest seconds;

	cs_sms_field_skip_blank(rest);
	if (!take_digits(rest, 1, 2, &read->hour) || !take_clock_mark(rest) ||
		!take_digits(rest, 1, 2, &read->minute))
		return false;
	seconds = *rest;
	read->second = 0;
	if (cs_sms_field_take_char(&seconds, ':') &&
		take_digits(&seconds, 2, 2, &read->second))
		*rest = seconds;
	if (!take_half(rest, read))
		return false;
	read->has_clock =
		read->hour <= 23 && read->minute <= 59 && read->second <= 59;
	return read->has_clock;
}

int64_t
cs_sms_field_day(const CsSmsRead *read)
{
	int64_t days = 0;

	for (int year = 2000; year < read->year; year++)
		days += 365 + (days_of_month(year, 2) == 29);
	for (int month = 1; month < read->month; month++)
		days += days_of_month(read->year, month);
	return days + read->day - 1;
}

/* 1 to 9, and then letters. */
static int
digit_of(char c)
{
	return is_digit(c) ? c - '0' : is_capital(c) ? c - 'A' + 10 : 0;
}

/* A year of 26 is a letter, that which began in 2006 the A. */
bool
cs_sms_field_receipt_day(const CsSmsRead *read, int64_t *day)
{
	const char *code = read->receipt.text;
	CsSmsRead	date = {.year = 2006};

	if (read->receipt.len != CS_MPESA_RECEIPT || !is_capital(code[0]) ||
		!is_capital(code[1]))
		return false;
	date.year += code[0] - 'A' + (read->year >= 2032 ? 26 : 0);
	date.month = code[1] - 'A' + 1;
	date.day = digit_of(code[2]);
	if (date.month > 12 || date.day < 1 ||
		date.day > days_of_month(date.year, date.month))
		return false;
	*day = cs_sms_field_day(&date);
	return true;
}

/* --- other fields --- */

/* Capitals and digits, a digit among them. */
static bool
take_receipt(CsSmsRest *rest, CsSmsSpan *span)
{
	int digits = 0;

	cs_sms_field_skip_blank(rest);
	span->text = rest->at;
	for (; rest->at < rest->end &&
		   (is_digit(*rest->at) || is_capital(*rest->at));
		 rest->at++)
		digits += is_digit(*rest->at);
	span->len = (size_t) (rest->at - span->text);
	return span->len >= RECEIPT_MIN && span->len <= RECEIPT_MAX && digits > 0;
}

/* Digits, some of them masked by stars: more than a paybill or a till has. */
static bool
take_phone(CsSmsRest *rest, CsSmsSpan *span)
{
	const char *start;

	cs_sms_field_skip_blank(rest);
	span->text = rest->at;
	(void) cs_sms_field_take_char(rest, '+');
	for (start = rest->at;
		 rest->at < rest->end && (is_digit(*rest->at) || *rest->at == '*');)
		rest->at++;
	span->len = (size_t) (rest->at - span->text);
	return rest->at - start >= PHONE_MIN && rest->at - start <= PHONE_MAX;
}

bool
cs_sms_field_is_phone(const CsSmsRest *rest)
{
	return rest->at < rest->end &&
		   (is_digit(*rest->at) || *rest->at == '+' || *rest->at == '*');
}

static bool
take_way(CsSmsRest *rest, CsSmsRead *read)
{
	cs_sms_field_skip_blank(rest);
	read->is_debit = take_word(rest, "debit") || take_word(rest, "dr");
	return read->is_debit || take_word(rest, "credit") ||
		   take_word(rest, "cr");
}

bool
cs_sms_field_take(char field, CsSmsRest *rest, CsSmsRead *read)
{
	CsSmsAmount ignored;

	switch (field)
	{
		case 'A':
			return take_amount(rest, &read->amount);
		case 'B':
			return take_amount(rest, &read->balance);
		case 'C':
			return take_receipt(rest, &read->receipt);
		case 'D':
			return take_date(rest, read);
		case 'E':
			return take_way(rest, read);
		case 'F':
			return take_amount(rest, &read->fee);
		case 'L':
			return take_amount(rest, &read->debt);
		case 'N':
			return take_phone(rest, &read->number);
		case 'O':
			return take_amount(rest, &ignored);
		case 'R':
			return take_receipt(rest, &read->reverses);
		case 'T':
			return take_time(rest, read);
	}
	return false;
}
