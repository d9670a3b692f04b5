/*-------------------------------------------------------------------------
 * fuzz_statement.c
 *	  Feeds arbitrary bytes to everything that reads a cell of a statement.
 *
 * Besides not crashing and not reading beyond a cell: a party and a receipt
 * lie within the text, a time is one of the calendar, an amount has digits
 * and one point, and what the forms tell is the same for the same cell.
 *------------------------------------------------------------------------- */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "features/mpesa.h"
#include "features/words.h"
#include "reading/plain_chars.h"
#include "reading/printed.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
	do \
	{ \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static void
handle_details(const char *text, size_t len)
{
	CsMpesaRow row;

	cs_mpesa_classify(text, len, &row);
	REQUIRE(row.class < CS_MPESA_CLASSES && row.rail < CS_RAILS &&
			row.holder < CS_HOLDERS);
	REQUIRE(row.party == NULL ||
			(row.party >= text && row.party + row.party_len <= text + len));
	REQUIRE(row.reverses == NULL ||
			(row.class == CS_MPESA_REVERSAL && row.reverses >= text &&
			 row.reverses + CS_MPESA_RECEIPT <= text + len));
	REQUIRE(row.roles == 0 || row.party != NULL);
}

static void
handle_plain(const char *text, size_t len)
{
	char  *plain = malloc(len + 1);
	size_t n = cs_plain_chars_write(text, len, plain);

	REQUIRE(n <= len);
	n = cs_plain_chars_unwrap(plain, n);
	REQUIRE(n <= len && (n == 0 || (plain[0] != ' ' && plain[n - 1] != ' ')));
	if (cs_plain_chars_are_all(text, len))
		REQUIRE(memmem(text, len, plain, n) != NULL);
	free(plain);
}

static void
handle_words(const char *text, size_t len)
{
	const char *at = text;
	const char *end = text + len;
	CsWord		word;

	while (cs_words_next(&at, end, &word))
		REQUIRE(word.len > 0 && word.text + word.len == at);
	REQUIRE(cs_words_same(text, end, text, end));
}

static void
handle_time(const char *text, size_t len, const CsPrintedForms *forms)
{
	CsPrintedTime time;
	CsPrinted	  printed = cs_printed_time(text, len, forms, &time);

	REQUIRE(printed != CS_PRINTED_BY_FORMS ||
			forms->day_first != forms->month_first);
	if (printed != CS_PRINTED_READ && printed != CS_PRINTED_BY_FORMS)
		return;
	REQUIRE(time.year >= 1900 && time.year <= 2999 && time.month >= 1 &&
			time.month <= 12 && time.day >= 1 && time.day <= 31);
	REQUIRE(time.hour >= 0 && time.hour < 24 && time.minute >= 0 &&
			time.minute < 60 && time.second >= 0 && time.second < 60 &&
			time.microsecond >= 0 && time.microsecond < 1000000);
	REQUIRE(time.offset > -16 * 3600 && time.offset < 16 * 3600);
}

static void
handle_amount(const char *text, size_t len, const CsPrintedForms *forms)
{
	char	  plain[CS_PRINTED_AMOUNT];
	CsPrinted printed = cs_printed_amount(text, len, forms, plain);
	int		  points = 0;

	if (printed == CS_PRINTED_NOT)
		return;
	for (const char *c = plain + (*plain == '-'); *c != '\0'; c++)
	{
		points += *c == '.';
		REQUIRE((*c >= '0' && *c <= '9') || *c == '.');
	}
	REQUIRE(points <= 1 && strlen(plain) >= 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CsPrintedForms forms = {false, false, false};
	const char	  *text = (const char *) data;

	handle_details(text, size);
	handle_plain(text, size);
	handle_words(text, size);
	handle_time(text, size, &forms);
	handle_amount(text, size, &forms);
	cs_printed_survey_time(text, size, &forms);
	REQUIRE(!forms.day_first || !forms.month_first);
	cs_printed_survey_amount(text, size, &forms);
	for (int i = 0; i < 4; i++)
	{
		CsPrintedForms other = {(i & 1) != 0, (i & 2) != 0, true};

		handle_time(text, size, &other);
		handle_amount(text, size, &other);
	}
	return 0;
}
