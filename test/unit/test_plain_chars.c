/*
 * test_plain_chars.c
 *	  The text behind the ways to print it.
 */
#include "reading/plain_chars.h"

#include "tap.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

static size_t
plain(const char *text, size_t len, char *out)
{
	return cs_plain_chars_unwrap(out, cs_plain_chars_write(text, len, out));
}

static void
test_cases(void)
{
	static const struct
	{
		const char *text;
		const char *plain;
	} cases[] = {
		{"", ""},
		{" \t\n", ""},
		{"Pay Bill", "Pay Bill"},
		{" Pay\r\n  Bill ", "Pay Bill"},
		{"M-\nPesa", "M-Pesa"},
		{"M- Pesa to - 0700", "M-Pesa to - 0700"},
		{"SHOP -\n12", "SHOP - 12"},
		/* no-break, narrow and ideographic spaces */
		{"of\xC2\xA0"
		 "Credit\xE2\x80\xAFParty\xE3\x80\x80",
		 "of Credit Party"},
		/* en dash, minus, non-breaking hyphen */
		{"A\xE2\x80\x93"
		 "B \xE2\x88\x92 C\xE2\x80\x91\n"
		 "D",
		 "A-B - C-D"},
		/* curly apostrophes and quotation marks */
		{"SPORTPESA\xE2\x80\x99S \xE2\x80\x9C"
		 "A\xE2\x80\x9D",
		 "SPORTPESA'S \"A\""},
		/* of no width: a byte order mark, a soft hyphen, a joiner */
		{"\xEF\xBB\xBF"
		 "A\xC2\xAD"
		 "B\xE2\x80\x8D"
		 "C",
		 "ABC"},
		/* other signs */
		{"A\xC2\xAE\xE2\x80\xA6\xE2\x84\xA2 B", "A B"},
		/* letters stay, of whatever script; and so do bytes that are none */
		{"B\xC3\xA9T \xCE\xB1\xE4\xB8\xAD\xF0\x9F\x98\x80 \xC2",
		 "B\xC3\xA9T \xCE\xB1\xE4\xB8\xAD\xF0\x9F\x98\x80 \xC2"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		char   out[100];
		char   again[100];
		size_t len = strlen(cases[i].text);
		size_t n = plain(cases[i].text, len, out);
		size_t m;

		out[n] = '\0';
		is_text(out, cases[i].plain, "\"%s\"", cases[i].plain);
		m = plain(out, n, again);
		again[m] = '\0';
		is_text(again, cases[i].plain, "and once more");
	}
	ok(cs_plain_chars_are_all(" Pay Bill to - 5 ",
							  strlen(" Pay Bill to - 5 ")),
	   "what is plain is known");
}

/* A text of a few characters that matter, a number of base COUNT(pieces). */
static size_t
make(int number, char *text)
{
	static const char *const pieces[] = {
		"A", "-", " ", "\n", "\xC2\xA0", "\xE2\x80\x93", "\xE2\x80\x8B", "'"};
	size_t len = 0;

	for (int i = 0; i < 5; i++, number /= COUNT(pieces))
	{
		const char *piece = pieces[number % COUNT(pieces)];

		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
	}
	text[len] = '\0';
	return len;
}

/*
 * Over all short texts: nothing grows, what is plain stays as it is, and what
 * is said to be plain but for blanks around it is.
 */
static void
test_all(void)
{
	int wrong = 0;

	for (int number = 0; number < 8 * 8 * 8 * 8 * 8; number++)
	{
		char   text[32];
		char   out[32];
		char   again[32];
		size_t len = make(number, text);
		size_t n = plain(text, len, out);
		size_t m = plain(out, n, again);
		size_t from = strspn(text, " \n");

		wrong += n > len || m != n || memcmp(out, again, n) != 0;
		wrong += cs_plain_chars_are_all(out, n) != 1;
		if (cs_plain_chars_are_all(text, len))
			wrong += memcmp(text + from, out, n) != 0;
	}
	is_int(wrong, 0, "all short texts become plain, once and for all");
}

int
main(void)
{
	test_cases();
	test_all();
	return done_testing();
}
