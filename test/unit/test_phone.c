/*
 * test_phone.c
 *	  Phone numbers: every spelling of a number is one question, and what
 *	  cannot be a number of the country is refused.
 */
#include "provider/phone.h"

#include <stdlib.h>

#include "payload.h"

#define SIZE 64

typedef struct Country
{
	const char *name;
	const char *code;
	int			digits;
	const char *first;
} Country;

static const Country countries[] = {{"kenya", "254", 9, "71"},
									{"nigeria", "234", 10, "789"},
									{"philippines", "63", 10, "9"}};

static bool
normalise(const char *country, const char *given, char out[SIZE])
{
	CsError err = {0};
	bool fits = cs_phone_normalise(country, given, out, SIZE, &err) == CS_OK;

	/* Whoever is refused is told why, and what to do. */
	if (!fits && (err.code != CS_ERR_ARGUMENT || err.detail[0] == '\0' ||
				  err.hint == NULL))
		ok(false, "\"%s\" is refused without a reason", given);
	return fits;
}

/* A number of the country: the n-th, its digits scattered. */
static void
make_number(const Country *c, int n, char national[SIZE])
{
	national[0] = c->first[n % (int) strlen(c->first)];
	for (int i = 1; i < c->digits; i++)
		national[i] = (char) ('0' + (n * (7 + i * i) + i * 3 + n / 10) % 10);
	national[c->digits] = '\0';
}

/* --- spellings --- */

/* The digits of `bare` with separators between them, the k-th way. */
static void
separate(const char *bare, int k, char out[SIZE])
{
	static const char separators[] = " -.";
	size_t			  used = 0;

	for (size_t i = 0; bare[i] != '\0'; i++)
	{
		/* no lone digit behind a dot: that is a fraction */
		if (i > 0 && bare[i + 1] != '\0' && (i + (size_t) k) % 3 == 0)
			out[used++] = separators[(i + (size_t) k) % 4 % 3];
		out[used++] = bare[i];
	}
	out[used] = '\0';
}

/* A form with C for the country code and N for what comes behind it. */
static void
fill(const char *form, const char *code, const char *national, char out[SIZE])
{
	size_t used = 0;

	for (; *form != '\0'; form++)
	{
		const char one[] = {*form, '\0'};

		used += (size_t) snprintf(out + used, SIZE - used, "%s",
								  *form == 'C'	 ? code
								  : *form == 'N' ? national
												 : one);
	}
}

/* The k-th way to write a number; false: there are no more. */
static bool
spell(const Country *c, const char *national, int k, char out[SIZE])
{
	static const char *const forms[] = {
		"CN",	   "+CN",	  "00CN", "0N",		 "N",	  "+C N",  "(+C) N",
		"+ (C)-N", " 00 C.N", "(0N)", "  0-N  ", "C - N", "+C(N)", "(C)N"};
	char separated[SIZE];

	if (k >= 4 * COUNT(forms))
		return false;
	separate(national, k, separated);
	fill(forms[k / 4], c->code, k % 4 ? separated : national, out);
	return true;
}

static void
test_spellings(const Country *c)
{
	int right = 0;
	int tried = 0;

	for (int n = 0; n < 200; n++)
	{
		char national[SIZE];
		char expected[SIZE * 2];
		char given[SIZE];
		char out[SIZE];

		make_number(c, n, national);
		snprintf(expected, sizeof(expected), "%s%s", c->code, national);
		for (int k = 0; spell(c, national, k, given); k++)
		{
			bool fits =
				normalise(c->name, given, out) && strcmp(out, expected) == 0;

			tried++;
			right += fits;
			if (!fits)
				ok(false, "\"%s\" is %s", given, expected);
		}
	}
	ok(tried > 10000, "%s: spellings were tried", c->name);
	is_int(right, tried, "%s: all spellings of a number are one", c->name);
}

/* --- mutations --- */

/* Is what was made of a text a number of the country? */
static bool
is_valid(const Country *c, const char *digits)
{
	size_t code = strlen(c->code);

	return strncmp(digits, c->code, code) == 0 &&
		   strlen(digits) == code + (size_t) c->digits &&
		   strchr(c->first, digits[code]) != NULL;
}

/* The k-th thing that goes wrong in writing; false: no more. */
static bool
mutate(const Country *c, const char *bare, int k, char out[SIZE])
{
	int len = (int) strlen(bare);

	if (k < len) /* a digit dropped */
		snprintf(out, SIZE, "%.*s%s", k, bare, bare + k + 1);
	else if (k < 2 * len) /* a digit doubled */
		snprintf(out, SIZE, "%.*s%s", k - len + 1, bare, bare + k - len);
	else if (k == 2 * len) /* the country code again */
		snprintf(out, SIZE, "%s%s", c->code, bare);
	else if (k == 2 * len + 1) /* a zero before it */
		snprintf(out, SIZE, "0%s", bare);
	else if (k < 2 * len + 12) /* a digit too many */
		snprintf(out, SIZE, "%s%d", bare, k - 2 * len - 2);
	else
		return false;
	return true;
}

static void
test_mutations(const Country *c)
{
	int tried = 0;
	int refused = 0;
	int same = 0;

	for (int n = 0; n < 100; n++)
	{
		static const char *const forms[] = {"CN", "+CN", "00CN", "0N", "N"};
		char					 national[SIZE];
		char					 right[SIZE * 2];

		make_number(c, n, national);
		snprintf(right, sizeof(right), "%s%s", c->code, national);
		for (int form = 0; form < COUNT(forms); form++)
		{
			char bare[SIZE];
			char given[SIZE];
			char out[SIZE];

			fill(forms[form], c->code, national, bare);
			for (int k = 0; mutate(c, bare, k, given); k++)
			{
				bool fits = normalise(c->name, given, out);

				tried++;
				refused += !fits;
				same += fits && strcmp(out, right) == 0;
				if (fits && !is_valid(c, out))
					ok(false, "\"%s\" became %s", given, out);
			}
		}
	}
	ok(refused > tried * 8 / 10, "%s: most mistakes are refused", c->name);
	is_int(refused + same, tried,
		   "%s: none is taken for another number than was meant", c->name);
}

/* --- one by one --- */

static void
test_refused(void)
{
	static const struct
	{
		const char *country;
		const char *given;
		const char *says;
	} cases[] = {
		{"kenya", "2540712345678", "this one has 13 in all"},
		{"kenya", "254254712345678", "behind the country code 254"},
		{"kenya", "+254 (0) 712 345 678", "the first of them 7 or 1"},
		{"kenya", "254612345678", "Kenyan"},
		{"kenya", "+712345678", "Kenyan"},
		{"kenya", "000254712345678", "Kenyan"},
		{"kenya", "0020712345678", "Kenyan"},
		{"kenya", "2348012345678", "Kenyan"},
		{"kenya", "712345678.0", "dots"},
		{"kenya", "7.12345678E8", "only"},
		{"kenya", "712345678 / 712345679", "only"},
		{"kenya", "+254+712345678", "only"},
		{"kenya", "254+712345678", "only"},
		{"kenya", "++254712345678", "only"},
		{"kenya", "", "no digits"},
		{"kenya", "00", "no digits"},
		{"kenya", "+ ()", "no digits"},
		{"nigeria", "23408012345678", "10 digits behind the country code 234"},
		{"nigeria", "06012345678", "7, 8 or 9"},
		{"nigeria", "2541712345678", "Nigerian"},
		{"philippines", "08171234567", "the first of them 9"},
		{"philippines", "63917123456", "this one has 11 in all"},
		{"uganda", "0712345678", "begins with a zero"},
		{"uganda", "1234567", "7 digits; 8 to 15"},
		{"uganda", "1234567890123456", "16 digits"},
		{"uganda", "256712345678.0", "dots"},
		{NULL, "0712345678", "with country code"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		char	out[SIZE];
		CsError err = {0};

		is_int(cs_phone_normalise(cases[i].country, cases[i].given, out, SIZE,
								  &err),
			   CS_FAIL, "\"%s\" is refused", cases[i].given);
		ok(strstr(err.detail, cases[i].says) != NULL, "it says why: %s",
		   err.detail);
		ok(err.hint != NULL, "and what to do");
	}
}

static void
test_elsewhere(void)
{
	static const char *const spellings[] = {
		"256712345678", "+256 712 345 678", "00256-712-345-678",
		"(256) 712.345.678", " 256 712345678 "};
	char out[SIZE];

	for (int i = 0; i < COUNT(spellings); i++)
	{
		ok(normalise("uganda", spellings[i], out), "\"%s\" is accepted",
		   spellings[i]);
		is_text(out, "256712345678", "as one number");
	}
	ok(normalise("uganda", "12345678", out), "8 digits");
	ok(normalise("uganda", "123456789012345", out), "15 digits");
	ok(!normalise("kenya",
				  "0712345678071234567807123456780712345678071234567807123456",
				  out),
	   "more than there is room for");
}

static void
test_same_digits(void)
{
	ok(cs_phone_same_last_digits("254700123456", "+700 123 456", 9),
	   "same digits");
	ok(!cs_phone_same_last_digits("254700123456", "254700123457", 9),
	   "other digits");
	ok(cs_phone_same_last_digits("254700123456", "M12345", 9),
	   "too few to tell");
}

int
main(void)
{
	for (int i = 0; i < COUNT(countries); i++)
	{
		test_spellings(&countries[i]);
		test_mutations(&countries[i]);
	}
	test_refused();
	test_elsewhere();
	test_same_digits();
	return done_testing();
}
