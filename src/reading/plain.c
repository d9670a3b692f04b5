/*-------------------------------------------------------------------------
 * plain.c
 *	  Texts in plain characters and one line; see plain.h.
 *
 * Which characters those are is known of UTF-8 only.  What is plain is of
 * ASCII, and what is not stays, so that there is always a way back into the
 * database's encoding.  In SQL_ASCII texts are UTF-8, as answers are stored so.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/plain.h"

#include "mb/pg_wchar.h"

#include "reading/plain_chars.h"

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *
trim(const char *text, int len, int *trimmed)
{
	while (len > 0 && is_blank(*text))
	{
		text++;
		len--;
	}
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	*trimmed = len;
	return text;
}

/* Converts a text, which may be the result. */
static char *
in_utf8(const char *text, int len)
{
	return GetDatabaseEncoding() == PG_SQL_ASCII
			   ? unconstify(char *, text)
			   : pg_server_to_any(text, len, PG_UTF8);
}

static char *
from_utf8(char *text, int len)
{
	return GetDatabaseEncoding() == PG_SQL_ASCII
			   ? text
			   : pg_any_to_server(text, len, PG_UTF8);
}

const char *
cs_plain_text(const char *text, int len, int *plain_len)
{
	char *converted;
	char *plain;
	char *result;
	int	  n;

	text = trim(text, len, &len);
	*plain_len = len;
	if (cs_plain_chars_are_all(text, len))
		return text;
	converted = in_utf8(text, len);
	n = converted == text ? len : (int) strlen(converted);
	plain = palloc(n + 1);
	n = (int) cs_plain_chars_write(converted, n, plain);
	n = (int) cs_plain_chars_unwrap(plain, n);
	plain[n] = '\0';
	result = from_utf8(plain, n);
	*plain_len = result == plain ? n : (int) strlen(result);
	return result;
}
