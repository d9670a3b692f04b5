/*-------------------------------------------------------------------------
 * fuzz_sms.c
 *	  Feeds arbitrary bytes to what reads messages about money.
 *
 * The first byte selects the sender, the rest is the text.  Compiled with
 * -DREPLAY it is an ordinary program that reads the files named on its command
 * line.
 *
 * Besides not crashing: what is read lies in the text, amounts are no more
 * than they can be and never negative, dates and times are some, and the same
 * text says the same again.
 *------------------------------------------------------------------------- */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "features/sms_text.h"

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

/* An amount has at most twelve digits before the point. */
#define MOST INT64_C(100000000000000)

static void
require_span(const CsSmsSpan *span, const char *text, size_t len)
{
	if (span->text != NULL)
		REQUIRE(span->text >= text && span->len <= len &&
				span->text + span->len <= text + len);
}

static void
require_amount(const CsSmsAmount *amount, bool may_be_negative)
{
	REQUIRE(amount->hundredths < MOST && amount->hundredths > -MOST);
	REQUIRE(may_be_negative || amount->hundredths >= 0);
	REQUIRE(amount->decimals >= 0 && amount->decimals <= 2);
}

static void
require_sound(const CsSmsRead *read, const char *text, size_t len)
{
	REQUIRE(read->form != NULL);
	require_span(&read->receipt, text, len);
	require_span(&read->reverses, text, len);
	require_span(&read->party, text, len);
	require_span(&read->number, text, len);
	require_span(&read->account, text, len);
	require_amount(&read->amount, false);
	require_amount(&read->balance, true);
	require_amount(&read->fee, false);
	require_amount(&read->debt, true);
	if (read->form->way != CS_SMS_STILL)
		REQUIRE(read->amount.there);
	if (read->has_date)
	{
		REQUIRE(read->month >= 1 && read->month <= 12);
		REQUIRE(read->day >= 1 && read->day <= 31);
		REQUIRE(cs_sms_field_day(read) >= 0 && cs_sms_field_day(read) < 36525);
	}
	if (read->has_clock)
		REQUIRE(read->hour >= 0 && read->hour <= 23 && read->minute >= 0 &&
				read->minute <= 59 && read->second >= 0 && read->second <= 59);
}

/* The end of a page behind which is nothing, so that reading on is seen. */
#define PAGE 4096

static char *
page_end(void)
{
	static char *pages = NULL;

	if (pages == NULL)
	{
		pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		REQUIRE(pages != MAP_FAILED);
		REQUIRE(mprotect(pages + PAGE, PAGE, PROT_NONE) == 0);
	}
	return pages + PAGE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		  collapsed[CS_SMS_TEXT_MAX];
	char		 *text;
	size_t		  len;
	CsSmsIssuerId issuer;
	CsSmsRead	  read;
	CsSmsRead	  again;

	if (size == 0)
		return 0;
	(void) cs_sms_form_issuer((const char *) data, size);
	issuer = (data[0] - 'A') & 0xFF;
	issuer = issuer % CS_SMS_ISSUERS;
	len = cs_sms_text_collapse((const char *) data + 1, size - 1, collapsed);
	text = page_end() - len;
	memcpy(text, collapsed, len);
	if (!cs_sms_text_read(issuer, text, len, &read))
	{
		REQUIRE(read.form == NULL);
		return 0;
	}
	require_sound(&read, text, len);
	REQUIRE(cs_sms_text_read(issuer, text, len, &again));
	REQUIRE(memcmp(&read, &again, sizeof(read)) == 0);
	return 0;
}

#ifdef REPLAY
int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		static uint8_t buffer[1024 * 1024];
		FILE		  *file = fopen(argv[i], "rb");
		size_t		   len;

		if (file == NULL)
		{
			perror(argv[i]);
			return 1;
		}
		len = fread(buffer, 1, sizeof(buffer), file);
		fclose(file);
		LLVMFuzzerTestOneInput(buffer, len);
	}
	printf("%d files replayed\n", argc - 1);
	return 0;
}
#endif
