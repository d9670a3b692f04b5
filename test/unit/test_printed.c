/*
 * test_printed.c
 *	  Times and amounts as statements print them.
 */
#include "reading/printed.h"

#include "tap.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

typedef struct Case
{
	const char	  *text;
	const char	  *expected; /* NULL: it is none */
	CsPrintedForms forms;
} Case;

#define NOTHING \
	{ \
		false, false, false \
	}
#define DAYS \
	{ \
		true, false, false \
	}
#define MONTHS \
	{ \
		false, true, false \
	}
#define BOTH \
	{ \
		true, true, false \
	}
#define COMMAS \
	{ \
		false, false, true \
	}
#define AMBIGUOUS "ambiguous"

static const Case times[] = {
	/* the year first */
	{"2026-01-06", "2026-1-6 0:0:0.0", NOTHING},
	{"2026-01-06T12:51:00", "2026-1-6 12:51:0.0", NOTHING},
	{" 2026-01-06 12:51\r\n", "2026-1-6 12:51:0.0", NOTHING},
	{"2026-01-06\r12:51:07", "2026-1-6 12:51:7.0", NOTHING},
	{"2026/01/06 12:51:07.12", "2026-1-6 12:51:7.120000", NOTHING},
	{"2026-01-06T12:51:07.1234567", "2026-1-6 12:51:7.123456", NOTHING},
	{"2026-01-06T12:51Z", "2026-1-6 12:51:0.0 +0", NOTHING},
	{"2026-01-06 12:51-02:30", "2026-1-6 12:51:0.0 -9000", NOTHING},
	{"2026-01-06 12:51+03", "2026-1-6 12:51:0.0 +10800", NOTHING},
	{"2024-02-29", "2024-2-29 0:0:0.0", NOTHING},
	{"2023-02-29", NULL, NOTHING},
	{"2100-02-29", NULL, NOTHING},
	{"2026-13-01", NULL, NOTHING},
	{"1899-12-31", NULL, NOTHING},
	{"2026-01-06T24:00:00", NULL, NOTHING},
	{"2026-01-06T12:60:00", NULL, NOTHING},
	{"2026-01-06T12:51:", NULL, NOTHING},
	{"2026-01-06T12:51:00+99", NULL, NOTHING},
	{"2026-01-06T12:51:00.", NULL, NOTHING},
	{"2026-01-06x12:51", NULL, NOTHING},
	{"2026-01/06", NULL, NOTHING},
	{"2026-01", NULL, NOTHING},
	{"", NULL, NOTHING},
	{"infinity", NULL, NOTHING},
	/* twelve hours */
	{"2026-01-06 12:05 AM", "2026-1-6 0:5:0.0", NOTHING},
	{"2026-01-06 12:05:01 PM", "2026-1-6 12:5:1.0", NOTHING},
	{"2026-01-06 1:05pm", "2026-1-6 13:5:0.0", NOTHING},
	{"2026-01-06 11:05 a.m.", "2026-1-6 11:5:0.0", NOTHING},
	{"2026-01-06 13:05 PM", NULL, NOTHING},
	{"2026-01-06 0:05 AM", NULL, NOTHING},
	{"2026-01-06 1:05 PMX", NULL, NOTHING},
	{"2026-01-06 1:05 P", NULL, NOTHING},
	{"2026-01-06 1:05 PM Z", NULL, NOTHING},
	/* the day or the month first */
	{"25/12/2026 9:05:00", "2026-12-25 9:5:0.0", NOTHING},
	{"25-12-2026", "2026-12-25 0:0:0.0", NOTHING},
	{"25.12.26", "2026-12-25 0:0:0.0", NOTHING},
	{"12/25/2026", "2026-12-25 0:0:0.0", NOTHING},
	{"3/4/26 1:05 PM", AMBIGUOUS, NOTHING},
	{"3/4/26 1:05 PM", "2026-4-3 13:5:0.0", DAYS},
	{"3/4/26 1:05 PM", "2026-3-4 13:5:0.0", MONTHS},
	{"3/4/26 1:05 PM", AMBIGUOUS, BOTH},
	{"4/4/2026", "2026-4-4 0:0:0.0", NOTHING},
	{"25/12/2026", "2026-12-25 0:0:0.0", MONTHS},
	{"12/25/2026", "2026-12-25 0:0:0.0", DAYS},
	{"25/13/2026", NULL, NOTHING},
	{"30/02/2026", NULL, NOTHING},
	{"3/4/126", NULL, NOTHING},
	{"3/4", NULL, NOTHING},
	{"3/4/2026 25:00", NULL, DAYS},
};

static void
test_times(void)
{
	for (int i = 0; i < COUNT(times); i++)
	{
		CsPrintedTime t;
		char		  got[80] = "";
		int			  n;
		CsPrinted	  printed = cs_printed_time(
				times[i].text, strlen(times[i].text), &times[i].forms, &t);

		n = snprintf(got, sizeof(got), "%d-%d-%d %d:%d:%d.%d", t.year, t.month,
					 t.day, t.hour, t.minute, t.second, t.microsecond);
		if (t.has_offset)
			snprintf(got + n, sizeof(got) - n, " %+d", t.offset);
		if (printed == CS_PRINTED_AMBIGUOUS)
			snprintf(got, sizeof(got), AMBIGUOUS);
		is_text(printed == CS_PRINTED_NOT ? NULL : got, times[i].expected,
				"\"%s\"", times[i].text);
	}
}

static const Case amounts[] = {
	{"1,234.50", "1234.50", NOTHING},
	{"-1,234.50\r", "-1234.50", NOTHING},
	{"1,234,567.5", "1234567.5", NOTHING},
	{"1,234,567", "1234567", COMMAS},
	{"1,234", "1234", NOTHING},
	{"1,234", AMBIGUOUS, COMMAS},
	{"1,234.50", "1234.50", COMMAS},
	{"12,34.50", NULL, NOTHING},
	{"1234,567.00", NULL, NOTHING},
	{"0,234.50", NULL, NOTHING},
	{"1,234.", NULL, NOTHING},
	{"1,234.5x", NULL, NOTHING},
	{"1,2345", NULL, NOTHING},
	{"20,50", NULL, NOTHING},
	{",234", NULL, NOTHING},
	{"1234.50", NULL, NOTHING}, /* has no commas */
	{"", NULL, NOTHING},
	{"-", NULL, NOTHING},
	{"1,111,111,111,111,111,111,111,111,111,111,111,111,111,111,111,111,111",
	 NULL, NOTHING},
};

static void
test_amounts(void)
{
	for (int i = 0; i < COUNT(amounts); i++)
	{
		char	  plain[CS_PRINTED_AMOUNT];
		CsPrinted printed =
			cs_printed_amount(amounts[i].text, strlen(amounts[i].text),
							  &amounts[i].forms, plain);

		if (printed == CS_PRINTED_AMBIGUOUS)
			snprintf(plain, sizeof(plain), AMBIGUOUS);
		is_text(printed == CS_PRINTED_NOT ? NULL : plain, amounts[i].expected,
				"\"%s\"", amounts[i].text);
	}
}

static void
test_surveys(void)
{
	CsPrintedForms forms = NOTHING;

	cs_printed_survey_time("2026-12-25", 10, &forms);
	cs_printed_survey_time("03/04/2026", 10, &forms);
	cs_printed_survey_time("04/04/2026", 10, &forms);
	cs_printed_survey_time("25/13/2026", 10, &forms);
	ok(!forms.day_first && !forms.month_first, "these dates do not tell");
	cs_printed_survey_time("25/12/2026 10:00", 16, &forms);
	ok(forms.day_first && !forms.month_first, "a day first tells");
	cs_printed_survey_time("12/25/2026", 10, &forms);
	ok(forms.month_first, "a month first tells");
	cs_printed_survey_amount("1,234", 5, &forms);
	cs_printed_survey_amount("1,234.50", 8, &forms);
	cs_printed_survey_amount("12.50", 5, &forms);
	cs_printed_survey_amount(",50", 3, &forms);
	ok(!forms.decimal_comma, "commas of thousands are none of decimals");
	cs_printed_survey_amount("20,50 ", 6, &forms);
	ok(forms.decimal_comma, "others are");
}

/* Whatever text is cut anywhere, nothing beyond its end is read. */
static void
test_cut(void)
{
	static const char			text[] = "25/12/2026 11:05:07.123 PM";
	static const CsPrintedForms none = NOTHING;
	int							read = 0;

	for (size_t len = 0; len < sizeof(text); len++)
	{
		char		  exact[sizeof(text)];
		CsPrintedTime time;

		memset(exact, '1', sizeof(exact));
		memcpy(exact, text, len);
		read += cs_printed_time(exact, len, &none, &time) == CS_PRINTED_READ;
	}
	is_int(read, 10, "beginnings of a time that are one");
}

int
main(void)
{
	test_times();
	test_amounts();
	test_surveys();
	test_cut();
	return done_testing();
}
