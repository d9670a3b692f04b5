/*-------------------------------------------------------------------------
 * tap.h
 *	  A test harness of a few functions: prints the Test Anything Protocol.
 *
 * A test program calls ok, is_int and is_text as often as it likes, and ends
 * with "return done_testing();", which is 1 when a test failed.
 *------------------------------------------------------------------------- */
#ifndef CS_TEST_TAP_H
#define CS_TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

static int tap_count;
static int tap_failed;

static inline bool __attribute__((format(printf, 2, 0)))
tap_print(bool passed, const char *format, va_list args)
{
	tap_count++;
	tap_failed += !passed;
	printf("%sok %d - ", passed ? "" : "not ", tap_count);
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	return passed;
}

static inline bool __attribute__((format(printf, 2, 3)))
ok(bool passed, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_print(passed, format, args);
	va_end(args);
	return passed;
}

static inline bool __attribute__((format(printf, 3, 4)))
is_int(long long got, long long expected, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_print(got == expected, format, args);
	va_end(args);
	if (got != expected)
		printf("#      got: %lld\n# expected: %lld\n", got, expected);
	return got == expected;
}

/* Two NULLs are the same text. */
static inline bool __attribute__((format(printf, 3, 4)))
is_text(const char *got, const char *expected, const char *format, ...)
{
	bool	same = got == expected || (got != NULL && expected != NULL &&
									   strcmp(got, expected) == 0);
	va_list args;

	va_start(args, format);
	tap_print(same, format, args);
	va_end(args);
	if (!same)
		printf("#      got: %s\n# expected: %s\n", got ? got : "(null)",
			   expected ? expected : "(null)");
	return same;
}

static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed > 0 ? 1 : 0;
}

#endif /* CS_TEST_TAP_H */
