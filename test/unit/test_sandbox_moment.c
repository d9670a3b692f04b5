/*-------------------------------------------------------------------------
 * test_sandbox_moment.c
 *	  The sandbox's reading and writing of moments and days.
 *------------------------------------------------------------------------- */
#include "core/moment.h"

#include "tap.h"

static void
test_read(void)
{
	static const struct
	{
		const char *text;
		int64_t		ms;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2019-05-12T12:00:00+03:00", INT64_C(1557651600000)},
		{"2019-05-12T09:00:00.000Z", INT64_C(1557651600000)},
		{"2019-05-12T05:30:00-03:30", INT64_C(1557651600000)},
		{"2019-05-12T09:00:00.5Z", INT64_C(1557651600500)},
		{"2019-05-12T09:00:00.123456789Z", INT64_C(1557651600123)},
		{"2020-02-29T23:59:59.999Z", INT64_C(1583020799999)},
		{"1969-12-31T23:59:59.999Z", -1},
	};
	static const char *const bad[] = {
		"",
		"2019-05-12",
		"2019-05-12T12:00:00",
		"2019-05-12 12:00:00Z",
		"2019-05-12T12:00Z",
		"2019-05-12T12:00:00z",
		"2019-05-12T12:00:00+0300",
		"2019-05-12T12:00:00+03:00 ",
		"2019-05-12T12:00:00+24:00",
		"2019-05-12T12:00:00+03:60",
		"2019-05-12T12:00:00.Z",
		"2019-05-12T24:00:00Z",
		"2019-05-12T12:60:00Z",
		"2019-05-12T12:00:60Z",
		"2019-02-29T12:00:00Z",
		"2019-13-01T12:00:00Z",
		"2019-00-01T12:00:00Z",
		"2019-5-12T12:00:00Z",
		"1557651600000",
	};
	int64_t ms;
	size_t	i;

	for (i = 0; i < lengthof(good); i++)
	{
		ms = 99;
		ok(sb_moment_read(good[i].text, &ms), "%s", good[i].text);
		is_int((long long) ms, (long long) good[i].ms, "when it is");
	}
	for (i = 0; i < lengthof(bad); i++)
		ok(!sb_moment_read(bad[i], &ms), "no moment: \"%s\"", bad[i]);
}

static void
test_day(void)
{
	ok(sb_moment_day("1980-01-01"), "a day");
	ok(sb_moment_day("2000-02-29"), "one of a leap year");
	ok(!sb_moment_day("1900-02-29"), "one that was not");
	ok(!sb_moment_day("1980-04-31"), "nor this");
	ok(!sb_moment_day("1980-01-00"), "nor this");
	ok(!sb_moment_day("1980-01-01T"), "more than a day");
	ok(!sb_moment_day("1980-01"), "less than a day");
}

static void
put(int64_t ms, const char *expected)
{
	SbText text = {0};

	sb_moment_put(&text, ms);
	is_text(sb_text_end(&text), expected, "%s is written so", expected);
	sb_text_free(&text);
}

int
main(void)
{
	test_read();
	test_day();
	put(0, "1970-01-01T00:00:00.000Z");
	put(INT64_C(1557651600050), "2019-05-12T09:00:00.050Z");
	put(-1, "1969-12-31T23:59:59.999Z");
	put(INT64_C(253402300799999), "9999-12-31T23:59:59.999Z");
	return done_testing();
}
