/*-------------------------------------------------------------------------
 * text.c
 *	  Growing byte strings, numbers, hashes, base64: the hot path's tools.
 *
 * An SbText owns its bytes until sb_text_free; whoever declares one frees it
 * or keeps it for reuse.  Running out of memory ends the process: a simulator
 * has nothing better to do.
 *------------------------------------------------------------------------- */
#include "sandbox.h"

#include <stdio.h>
#include <stdlib.h>

/* malloc that does not fail. */
void *
sb_alloc(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
	{
		fputs("credscore-sandbox: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void
sb_text_grow(SbText *text, size_t more)
{
	size_t cap = text->cap ? text->cap : 1024;

	while (cap - text->len < more)
		cap *= 2;
	text->data = realloc(text->data, cap);
	if (text->data == NULL)
	{
		fputs("credscore-sandbox: out of memory\n", stderr);
		abort();
	}
	text->cap = cap;
}

void
sb_text_free(SbText *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

/* Terminates without counting the terminator. */
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

/* Digits of value with a point before the last "scale" of them. */
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

/*
 * A version 4 UUID.  Its last group begins with 1, so that it never happens to
 * be a magic reference.
 */
void
sb_text_uuid(SbText *text, uint64_t seed)
{
	uint64_t high = sb_pick(seed, 101);
	uint64_t low = sb_pick(seed, 102);

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

/* A quoted JSON string; bytes beyond ASCII go through as they are. */
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

void
sb_text_base64url(SbText *text, const void *bytes, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
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

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

/* Is this padded standard base64, without line breaks? */
bool
sb_base64_valid(const char *text, size_t len)
{
	size_t i;
	size_t padding = 0;

	if (len == 0 || len % 4 != 0)
		return false;
	while (padding < 2 && text[len - 1 - padding] == '=')
		padding++;
	for (i = 0; i < len - padding; i++)
	{
		if (base64_value(text[i]) < 0)
			return false;
	}
	return true;
}

/* Decodes up to size bytes and terminates them; returns how many. */
size_t
sb_base64_decode(const char *from, size_t len, char *to, size_t size)
{
	uint32_t bits = 0;
	int		 nbits = 0;
	size_t	 n = 0;
	size_t	 i;

	for (i = 0; i < len && n + 1 < size; i++)
	{
		int value = base64_value(from[i]);

		if (value < 0)
			break;
		bits = bits << 6 | (uint32_t) value;
		nbits += 6;
		if (nbits >= 8)
		{
			nbits -= 8;
			to[n++] = (char) (bits >> nbits);
		}
	}
	to[n] = '\0';
	return n;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes a form value in place; returns its new length. */
size_t
sb_url_decode(char *text, size_t len)
{
	size_t from;
	size_t to = 0;

	for (from = 0; from < len; from++)
	{
		char c = text[from];

		if (c == '+')
			c = ' ';
		else if (c == '%' && from + 2 < len &&
				 hex_value(text[from + 1]) >= 0 &&
				 hex_value(text[from + 2]) >= 0)
		{
			c = (char) (hex_value(text[from + 1]) << 4 |
						hex_value(text[from + 2]));
			from += 2;
		}
		text[to++] = c;
	}
	return to;
}

/* The finalizer of splitmix64. */
uint64_t
sb_mix(uint64_t value)
{
	value ^= value >> 30;
	value *= UINT64_C(0xbf58476d1ce4e5b9);
	value ^= value >> 27;
	value *= UINT64_C(0x94d049bb133111eb);
	value ^= value >> 31;
	return value;
}

/* FNV-1a, mixed: the same on every machine. */
uint64_t
sb_hash(const void *bytes, size_t len, uint64_t seed)
{
	const unsigned char *from = bytes;
	uint64_t			 hash = UINT64_C(0xcbf29ce484222325) ^ seed;
	size_t				 i;

	for (i = 0; i < len; i++)
	{
		hash ^= from[i];
		hash *= UINT64_C(0x100000001b3);
	}
	return sb_mix(hash);
}
