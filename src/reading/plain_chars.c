/*-------------------------------------------------------------------------
 * plain_chars.c
 *	  The text that is behind the ways to print it; see plain_chars.h.
 *------------------------------------------------------------------------- */
#include "reading/plain_chars.h"

#include <stdint.h>
#include <string.h>

/* --- plain characters --- */

/* What is written for a character: itself, nothing, or one of ASCII. */
#define AS_IT_IS '\x01'
#define NOTHING	 '\0'

/* U+2000 to U+206F, all blanks, marks and punctuation. */
static char
plain_punctuation(uint32_t code)
{
	if ((code >= 0x200B && code <= 0x200F) ||
		(code >= 0x202A && code <= 0x202E) || code >= 0x2060)
		return NOTHING;
	if (code >= 0x2010 && code <= 0x2015)
		return '-';
	if ((code >= 0x2018 && code <= 0x201B) || code == 0x2032)
		return '\'';
	return code >= 0x201C && code <= 0x201F ? '"' : ' ';
}

/* U+0080 to U+00BF; three of them are letters. */
static char
plain_latin(uint32_t code)
{
	switch (code)
	{
		case 0xAA:
		case 0xB5:
		case 0xBA:
			return AS_IT_IS;
		case 0xAD: /* a hyphen that shows only where a line ends */
			return NOTHING;
		case 0xB4:
			return '\'';
		default:
			return ' ';
	}
}

static char
plain_of(uint32_t code)
{
	if (code >= 0x80 && code < 0xC0)
		return plain_latin(code);
	if (code >= 0x2000 && code < 0x2070)
		return plain_punctuation(code);
	switch (code)
	{
		case 0x02BC:
			return '\'';
		case 0x1680:
		case 0x2122: /* trade mark */
		case 0x3000:
			return ' ';
		case 0x2212:
		case 0xFE58:
		case 0xFE63:
		case 0xFF0D:
			return '-';
		case 0xFEFF:
			return NOTHING;
		default:
			return AS_IT_IS;
	}
}

/*
 * The character of two or three bytes at a place, and how many; what is longer,
 * or no character, is a byte that stays as it is.
 */
static size_t
read_character(const char *at, const char *end, uint32_t *code)
{
	const unsigned char *bytes = (const unsigned char *) at;

	*code = bytes[0];
	if (end - at >= 2 && bytes[0] >= 0xC2 && bytes[0] < 0xE0)
	{
		*code = ((bytes[0] & 0x1FU) << 6) | (bytes[1] & 0x3FU);
		return 2;
	}
	if (end - at >= 3 && bytes[0] >= 0xE0 && bytes[0] < 0xF0)
	{
		*code = ((bytes[0] & 0x0FU) << 12) | ((bytes[1] & 0x3FU) << 6) |
				(bytes[2] & 0x3FU);
		return 3;
	}
	return 1;
}

size_t
cs_plain_chars_write(const char *text, size_t len, char *out)
{
	const char *end = text + len;
	size_t		n = 0;

	while (text < end)
	{
		uint32_t code;
		size_t	 size = read_character(text, end, &code);
		char	 plain = size > 1 ? plain_of(code) : AS_IT_IS;

		if (plain == AS_IT_IS)
		{
			memmove(out + n, text, size);
			n += size;
		}
		else if (plain != NOTHING)
			out[n++] = plain;
		text += size;
	}
	return n;
}

/* --- one line --- */

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Does a line, so far, end with a hyphen within a word? */
static bool
is_parted(const char *text, size_t len)
{
	return len > 1 && text[len - 1] == '-' && !is_blank(text[len - 2]);
}

size_t
cs_plain_chars_unwrap(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (!is_blank(text[i]))
			text[n++] = text[i];
		else if (n > 0 && text[n - 1] != ' ' && !is_parted(text, n))
			text[n++] = ' ';
	}
	return n > 0 && text[n - 1] == ' ' ? n - 1 : n;
}

bool
cs_plain_chars_are_all(const char *text, size_t len)
{
	while (len > 0 && is_blank(*text))
	{
		text++;
		len--;
	}
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
	{
		if ((unsigned char) text[i] >= 0x80)
			return false;
		if (is_blank(text[i]) &&
			(text[i] != ' ' || is_blank(text[i + 1]) || is_parted(text, i)))
			return false;
	}
	return true;
}
