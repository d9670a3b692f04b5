/*-------------------------------------------------------------------------
 * journal_record.c
 *	  What the records of the journal say.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal_record.h"

static int
hex_value(char c)
{
	return c >= '0' && c <= '9'	  ? c - '0'
		   : c >= 'a' && c <= 'f' ? c - 'a' + 10
								  : -1;
}

void
cs_journal_record_uuid(const char *text, pg_uuid_t *uuid)
{
	int n = 0;

	memset(uuid, 0, sizeof(*uuid));
	for (; *text != '\0' && n < 2 * UUID_LEN; text++)
	{
		int value = hex_value(*text);

		if (value < 0)
			continue;
		uuid->data[n / 2] |= n % 2 == 0 ? value << 4 : value;
		n++;
	}
}

void
cs_journal_record_uuid_text(const pg_uuid_t *uuid, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		*text++ = digits[uuid->data[i] >> 4];
		*text++ = digits[uuid->data[i] & 0x0f];
	}
	*text = '\0';
}
