/*-------------------------------------------------------------------------
 * text.c
 *	  Growing byte strings, and what is written into them: the hot path's tools.
 *------------------------------------------------------------------------- */
#include "core/text.h"

#include <stdlib.h>

#include "core/alloc.h"
#include "core/hash.h"

void
sb_text_grow(SbText *text, size_t more)
{
	size_t cap = text->cap ? text->cap : 1024;

	while (cap - text->len < more)
		cap *= 2;
	text->data = sb_alloc_again(text->data, cap);
	text->cap = cap;
}

void
sb_text_free(SbText *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

const char *
sb_text_end(SbText *text)
{
	sb_text_reserve(text, 1);
	text->data[text->len] = '\0';
	return text->data;
}

void
sb_text_insert(SbText *text, size_t at, const char *str, size_t len)
{
	sb_text_reserve(text, len);
	memmove(text->data + at + len, text->data + at, text->len - at);
	memcpy(text->data + at, str, len);
	text->len += len;
}

void
sb_text_decimal(SbText *text, int64_t value, int scale)
{
	char	 digits[32];
	int		 at = sizeof(digits);
	int		 written = 0;
	uint64_t rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

	do
	{
		digits[--at] = '0' + rest % 10;
		rest /= 10;
		if (++written == scale)
			digits[--at] = '.';
	} while (rest > 0 || written <= scale);
	if (value < 0)
		digits[--at] = '-';
	sb_text_mem(text, digits + at, sizeof(digits) - at);
}

void
sb_text_int(SbText *text, int64_t value)
{
	char	 digits[24];
	int		 at = sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

	do
	{
		digits[--at] = '0' + rest % 10;
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--at] = '-';
	sb_text_mem(text, digits + at, sizeof(digits) - at);
}

void
sb_text_hex(SbText *text, uint64_t value, int digits)
{
	while (digits-- > 0)
		sb_text_char(text, "0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

void
sb_text_uuid(SbText *text, uint64_t seed)
{
	uint64_t high = sb_hash_pick(seed, 101);
	uint64_t low = sb_hash_pick(seed, 102);

	sb_text_hex(text, high >> 32, 8);
	sb_text_char(text, '-');
	sb_text_hex(text, high >> 16, 4);
	sb_text_str(text, "-4");
	sb_text_hex(text, high, 3);
	sb_text_char(text, '-');
	sb_text_hex(text, 0x8000 | (low >> 50), 4);
	sb_text_str(text, "-1");
	sb_text_hex(text, low, 11);
}

void
sb_text_json(SbText *text, const char *str, size_t len)
{
	size_t i;

	sb_text_reserve(text, len + 2);
	sb_text_char(text, '"');
	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) str[i];

		if (c == '"' || c == '\\')
			sb_text_char(text, '\\');
		if (c < 0x20)
		{
			sb_text_str(text, "\\u00");
			sb_text_hex(text, c, 2);
		}
		else
			sb_text_char(text, str[i]);
	}
	sb_text_char(text, '"');
}

#define LETTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Four characters for each three bytes, fewer at the end. */
static void
put_base64(SbText *text, const char *alphabet, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	size_t				 i;

	for (i = 0; i < len; i += 3)
	{
		uint32_t group = (uint32_t) from[i] << 16;

		if (i + 1 < len)
			group |= (uint32_t) from[i + 1] << 8;
		if (i + 2 < len)
			group |= from[i + 2];
		sb_text_char(text, alphabet[group >> 18]);
		sb_text_char(text, alphabet[(group >> 12) & 63]);
		if (i + 1 < len)
			sb_text_char(text, alphabet[(group >> 6) & 63]);
		if (i + 2 < len)
			sb_text_char(text, alphabet[group & 63]);
	}
}

void
sb_text_base64url(SbText *text, const void *bytes, size_t len)
{
	put_base64(text, LETTERS "-_", bytes, len);
}

void
sb_text_base64(SbText *text, const void *bytes, size_t len)
{
	put_base64(text, LETTERS "+/", bytes, len);
	for (; len % 3 != 0; len++)
		sb_text_char(text, '=');
}
