/*
 * test_sms_date.c
 *	  Dates and times in messages about money: every day, in every form that
 *	  is printed.
 */
#include "features/sms_text.h"

#include "tap.h"

/* Reads a text of M-PESA as it comes. */
static bool
read_text(const char *text, CsSmsRead *read)
{
	static char collapsed[CS_SMS_TEXT_MAX];
	size_t		n = cs_sms_text_collapse(text, strlen(text), collapsed);

	return cs_sms_text_read(CS_SMS_MPESA, collapsed, n, read);
}

/* How a date is printed: a day, a month and a year, in this order or turned. */
typedef struct Printed
{
	const char *format;
	bool		year_first;
	bool		named;		/* the month is a name */
	bool		short_year; /* of two digits */
} Printed;

static const Printed prints[] = {
	{"%d/%d/%02d", false, false, true},
	{"%02d/%02d/%02d", false, false, true},
	{"%d/%d/%d", false, false, false},
	{"%02d/%02d/%d", false, false, false},
	{"%d-%d-%d", false, false, false},
	{"%02d-%02d-%d", false, false, false},
	{"%d.%d.%d", false, false, false},
	{"%d-%d-%02d", false, false, true},
	{"%d-%02d-%02d", true, false, false},
	{"%d-%d-%d", true, false, false},
	{"%d/%02d/%02d", true, false, false},
	{"%d-%s-%d", false, true, false},
	{"%02d-%s-%d", false, true, false},
	{"%02d/%s/%02d", false, true, true},
	{"%d %s %d", false, true, false},
};

static const char *const months[][2] = {
	{"JAN", "Jan"}, {"FEB", "Feb"}, {"MAR", "Mar"}, {"APR", "Apr"},
	{"MAY", "May"}, {"JUN", "Jun"}, {"JUL", "Jul"}, {"AUG", "Aug"},
	{"SEP", "Sep"}, {"OCT", "Oct"}, {"NOV", "Nov"}, {"DEC", "Dec"}};

static void
print_date(const Printed *print, int year, int month, int day, char *out)
{
	int shown = print->short_year ? year % 100 : year;

	if (print->named)
		sprintf(out, print->format, day, months[month - 1][day % 2], shown);
	else if (print->year_first)
		sprintf(out, print->format, shown, month, day);
	else
		sprintf(out, print->format, day, month, shown);
}

/* Is a date of a message that is written so the one that it is? */
static bool
reads_date(const char *date, int minute, int year, int month, int day)
{
	char	  text[256];
	CsSmsRead read;
	int		  hour = minute / 60;

	sprintf(text,
			"UKM3AB2CD3 Confirmed. Ksh300.00 sent to JUMA MFANO 0700000002 on "
			"%s at %d:%02d %s. New M-PESA balance is Ksh5,003.50.",
			date, hour % 12 == 0 ? 12 : hour % 12, minute % 60,
			hour < 12 ? "AM" : "PM");
	return read_text(text, &read) && read.has_date && read.has_clock &&
		   read.year == year && read.month == month && read.day == day &&
		   read.hour == hour && read.minute == minute % 60;
}

static int
length_of_month(int year, int month)
{
	if (month == 2)
		return year % 4 == 0 ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/*
 * Every day of some years, leap years among them, in every form of a date, and
 * every minute of a day.
 */
static void
test_dates(void)
{
	static const int years[] = {2001, 2010, 2011, 2019, 2024, 2026, 2031};

	for (size_t p = 0; p < lengthof(prints); p++)
	{
		char date[32] = "";
		char wrong[32] = "";
		int	 minute = 0;

		for (size_t y = 0; y < lengthof(years); y++)
			for (int month = 1; month <= 12; month++)
				for (int day = 1; day <= length_of_month(years[y], month) + 1;
					 day++)
				{
					bool is_day = day <= length_of_month(years[y], month);

					print_date(&prints[p], years[y], month, day, date);
					minute = (minute + 7) % 1440;
					if (reads_date(date, minute, years[y], month, day) !=
						is_day)
						strcpy(wrong, date);
				}
		is_text(wrong, "",
				"each day as %s is that day, and the one after "
				"its month is none",
				date);
	}
}

/* What is written like a date, and is none. */
static void
test_no_dates(void)
{
	static const char *const none[] = {
		"5/11/026", "5/11/6",  "5/11/20261", "0/11/26",	  "5/0/26",
		"5/13/26",	"32/1/26", "5/11-26",	 "5//11/26",  "5/Nev/26",
		"026/11/5", "26/11",   "20261/1/5",	 "5/11/1999", "5/11/2100"};

	for (size_t i = 0; i < lengthof(none); i++)
	{
		char	  text[256];
		CsSmsRead read;

		sprintf(text,
				"UKM3AB2CD3 Confirmed. Ksh300.00 sent to JUMA 0700000002 on "
				"%s at 9:05 AM. New M-PESA balance is Ksh5,003.50.",
				none[i]);
		ok(!read_text(text, &read), "no date: %s", none[i]);
	}
}

int
main(void)
{
	test_dates();
	test_no_dates();
	return done_testing();
}
