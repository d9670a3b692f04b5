/*-------------------------------------------------------------------------
 * json_string.c
 *	  Strings of a JSON text, checked and unescaped in place.
 *
 * libc only.  The loop over plain bytes is kept free of calls.
 *------------------------------------------------------------------------- */
#include "base/json_string.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

typedef struct Cursor
{
	unsigned char		*at;
	const unsigned char *end;
} Cursor;

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))
#define HIGH_BITS		 EACH_BYTE(0x80)

/*
 * May one of eight bytes be a quote, backslash, control or non-ASCII byte?
 * Subtraction borrows into the high bit where a byte was smaller; a borrow
 * that runs on gives a false alarm at most, which the slow path clears.
 */
static inline uint64_t
has_special_byte(uint64_t eight)
{
	uint64_t quote = eight ^ EACH_BYTE('"');
	uint64_t backslash = eight ^ EACH_BYTE('\\');

	return ((eight - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
			(backslash - EACH_BYTE(1)) | eight) &
		   HIGH_BITS;
}

static inline bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static unsigned char *
skip_plain(unsigned char *at, const unsigned char *end)
{
	while (end - at >= 8)
	{
		uint64_t eight;

		memcpy(&eight, at, sizeof(eight));
		if (has_special_byte(eight))
			break;
		at += 8;
	}
	while (at < end && is_plain(*at))
		at++;
	return at;
}

/* Four hexadecimal digits at `at`; -1 when they are not there. */
static int
hex4(const unsigned char *at, const unsigned char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		unsigned char c = at[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* Writes a character as UTF-8 and returns the place behind it. */
static unsigned char *
put_utf8(unsigned char *to, int code)
{
	if (code < 0x80)
		*to++ = (unsigned char) code;
	else if (code < 0x800)
	{
		*to++ = (unsigned char) (0xC0 | code >> 6);
		*to++ = (unsigned char) (0x80 | (code & 0x3F));
	}
	else if (code < 0x10000)
	{
		*to++ = (unsigned char) (0xE0 | code >> 12);
		*to++ = (unsigned char) (0x80 | (code >> 6 & 0x3F));
		*to++ = (unsigned char) (0x80 | (code & 0x3F));
	}
	else
	{
		*to++ = (unsigned char) (0xF0 | code >> 18);
		*to++ = (unsigned char) (0x80 | (code >> 12 & 0x3F));
		*to++ = (unsigned char) (0x80 | (code >> 6 & 0x3F));
		*to++ = (unsigned char) (0x80 | (code & 0x3F));
	}
	return to;
}

/* \uXXXX, with its low surrogate when it needs one; at is on the 'u'. */
static const char *
scan_unicode_escape(Cursor *cursor, unsigned char **to)
{
	const unsigned char *at = cursor->at;
	int					 code = hex4(at + 1, cursor->end);

	if (code < 0)
		return "an incomplete \\u escape";
	if (code == 0)
		return "the escape \\u0000";
	if (code >= 0xDC00 && code <= 0xDFFF)
		return "a lone surrogate";
	if (code >= 0xD800 && code <= 0xDBFF)
	{
		int low = -1;

		if (cursor->end - at > 6 && at[5] == '\\' && at[6] == 'u')
			low = hex4(at + 7, cursor->end);
		if (low < 0xDC00 || low > 0xDFFF)
			return "a lone surrogate";
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		cursor->at += 6;
	}
	cursor->at += 5;
	*to = put_utf8(*to, code);
	return NULL;
}

/* What follows a backslash; *to is where its meaning goes. */
static const char *
scan_escape(Cursor *cursor, unsigned char **to)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char		 *found;

	if (cursor->at == cursor->end)
		return CS_JSON_TOO_EARLY;
	if (*cursor->at == 'u')
		return scan_unicode_escape(cursor, to);
	found = *cursor->at != '\0' ? strchr(letters, *cursor->at) : NULL;
	if (found == NULL)
		return "an unknown escape";
	*(*to)++ = (unsigned char) meanings[found - letters];
	cursor->at++;
	return NULL;
}

/* Moves what was read since `run` to its place; nothing to do before the
 * first escape. */
static unsigned char *
move_run(unsigned char *to, const unsigned char *run, const unsigned char *at)
{
	size_t len = (size_t) (at - run);

	if (to != run)
		memmove(to, run, len);
	return to + len;
}

/* Reads to the closing quote; *to is where the content ends then. */
static const char *
scan_content(Cursor *cursor, unsigned char **to)
{
	unsigned char *run = cursor->at;

	for (;;)
	{
		const char *fault;
		size_t		len;

		cursor->at = skip_plain(cursor->at, cursor->end);
		if (cursor->at == cursor->end)
			return CS_JSON_TOO_EARLY;
		if (*cursor->at == '"')
			break;
		if (*cursor->at == '\\')
		{
			*to = move_run(*to, run, cursor->at);
			cursor->at++;
			fault = scan_escape(cursor, to);
			if (fault != NULL)
				return fault;
			run = cursor->at;
			continue;
		}
		if (*cursor->at < 0x20)
			return "a raw control character";
		len = cs_text_utf8_length(cursor->at,
								  (size_t) (cursor->end - cursor->at));
		if (len == 0)
			return "invalid UTF-8";
		cursor->at += len;
	}
	*to = move_run(*to, run, cursor->at);
	return NULL;
}

const char *
cs_json_string_scan(unsigned char **at, const unsigned char *end,
					const char **text, size_t *len)
{
	unsigned char *first = *at + 1;
	unsigned char *to = first;
	Cursor		   cursor = {first, end};
	const char	  *fault = scan_content(&cursor, &to);

	*at = cursor.at;
	if (fault != NULL)
		return fault;
	*to = '\0';
	*text = (const char *) first;
	*len = (size_t) (to - first);
	(*at)++;
	return NULL;
}
