/*-------------------------------------------------------------------------
 * text.c
 *	  Foreign texts, made fit to be shown.
 *
 * libc only; everything works on memory of the caller.
 *------------------------------------------------------------------------- */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A run of so many digits may be a phone number or an identity number. */
#define REDACT_MIN_DIGITS 7
#define REDACT_KEEP_FIRST 3
#define REDACT_KEEP_LAST  2

/* So many separator bytes may stand between two digits of one number. */
#define REDACT_MAX_GAP 3

/* A word of this length may be a key or token... */
#define REDACT_MIN_TOKEN 24
/* ... when one of its alphanumeric pieces of this length mixes both kinds. */
#define REDACT_MIN_PIECE 4
/* ... or when it has this many letters and their case looks random. */
#define REDACT_MIN_LETTERS 16

#define OPENSSL_ERROR_DIGITS 8

#define REDACTED "[redacted]"

/* Shape of a masked subject, see cs_text_mask. */
#define MASK_FIRST	5
#define MASK_LAST	3
#define MASK_HIDDEN 4

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_lower(unsigned char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_alnum(unsigned char c)
{
	return is_digit(c) || is_upper(c) || is_lower(c);
}

/* ---------- encoding ---------- */

size_t
cs_text_utf8_length(const unsigned char *bytes, size_t left)
{
	unsigned char lead = bytes[0];
	unsigned char low = 0x80; /* bounds of the second byte */
	unsigned char high = 0xBF;
	size_t		  len;

	if (lead < 0x80)
		return 1;
	if (lead < 0xC2 || lead > 0xF4)
		return 0;
	len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	if (len > left)
		return 0;
	if (lead == 0xE0)
		low = 0xA0;
	else if (lead == 0xED)
		high = 0x9F; /* U+D800 and up are surrogates */
	else if (lead == 0xF0)
		low = 0x90;
	else if (lead == 0xF4)
		high = 0x8F;
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
	{
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
	}
	return len;
}

bool
cs_text_is_visible(const char *value)
{
	const char *c = value;

	while (*c > 0x20 && *c < 0x7F)
		c++;
	return c > value && *c == '\0';
}

/* ---------- redaction ---------- */

/* Is the character of this length a C0 or C1 control? */
static bool
is_control(const unsigned char *c, size_t len)
{
	return *c < 0x20 || *c == 0x7F ||
		   (len == 2 && c[0] == 0xC2 && c[1] < 0xA0);
}

static void
replace_unsafe_bytes(char *text)
{
	unsigned char *c = (unsigned char *) text;
	size_t		   left = strlen(text);

	while (left > 0)
	{
		size_t len = cs_text_utf8_length(c, left);

		if (len == 0)
		{
			*c = '?';
			len = 1;
		}
		else if (is_control(c, len))
			memset(c, ' ', len);
		c += len;
		left -= len;
	}
}

/* Characters of base64, base64url, JWTs, UUIDs and of RFC 6750 tokens. */
static bool
is_word_char(unsigned char c)
{
	return is_alnum(c) || (c != '\0' && strchr("_-.+/=~", c) != NULL);
}

/* Is there an alphanumeric piece with both letters and digits in it? */
static bool
has_mixed_piece(const char *word, size_t len)
{
	size_t digits = 0;
	size_t letters = 0;

	for (size_t i = 0; i <= len; i++)
	{
		unsigned char c = i < len ? (unsigned char) word[i] : '-';

		if (is_digit(c))
			digits++;
		else if (is_alnum(c))
			letters++;
		else
		{
			if (digits > 0 && letters > 0 &&
				digits + letters >= REDACT_MIN_PIECE)
				return true;
			digits = letters = 0;
		}
	}
	return false;
}

/*
 * Does the word look like a key rather than like a path, a file name, a
 * feature name or camel case?  Those consist of pure pieces, and at most
 * every fourth letter changes the case.
 */
static bool
looks_like_token(const char *word, size_t len)
{
	size_t upper = 0;
	size_t lower = 0;

	if (len < REDACT_MIN_TOKEN)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		upper += is_upper((unsigned char) word[i]);
		lower += is_lower((unsigned char) word[i]);
	}
	if (upper + lower >= REDACT_MIN_LETTERS && upper * 4 >= upper + lower &&
		lower * 4 >= upper + lower)
		return true;
	return has_mixed_piece(word, len);
}

static void
hide_tokens(char *text)
{
	const char *in = text;
	char	   *out = text; /* never overtakes in */

	while (*in != '\0')
	{
		size_t len = 0;

		while (is_word_char((unsigned char) in[len]))
			len++;
		if (looks_like_token(in, len))
		{
			memcpy(out, REDACTED, strlen(REDACTED));
			out += strlen(REDACTED);
			in += len;
			continue;
		}
		len = len > 0 ? len : 1;
		memmove(out, in, len);
		out += len;
		in += len;
	}
	*out = '\0';
}

/* What people write between the digits of one number. */
static bool
is_digit_separator(unsigned char c)
{
	return c >= 0x80 || (c != '\0' && strchr(" -.()[]/+", c) != NULL);
}

/*
 * Measures the number that starts at the digit `text`: its length in bytes,
 * separators inside included, and its digits.
 */
static size_t
number_length(const char *text, size_t *ndigits)
{
	size_t end = 0;
	size_t gap = 0;

	*ndigits = 0;
	for (size_t i = 0; text[i] != '\0'; i++)
	{
		if (is_digit((unsigned char) text[i]))
		{
			(*ndigits)++;
			end = i + 1;
			gap = 0;
		}
		else if (!is_digit_separator((unsigned char) text[i]) ||
				 ++gap > REDACT_MAX_GAP)
			break;
	}
	return end;
}

/* An IPv4 address: without it nobody finds out who could not be reached. */
static bool
is_address(const char *text, size_t len)
{
	int part = 0;
	int parts = 1;
	int digits = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '.' && digits > 0)
		{
			part = digits = 0;
			parts++;
		}
		else if (is_digit((unsigned char) text[i]) && digits < 3 &&
				 (part = part * 10 + (text[i] - '0')) <= 255)
			digits++;
		else
			return false;
	}
	return parts == 4 && digits > 0;
}

/* How long the number of an error of OpenSSL's is that begins here; 0: none. */
static size_t
openssl_error_length(const char *text)
{
	static const char before[] = "error:";
	size_t			  digits = 0;

	if (strncmp(text, before, strlen(before)) != 0)
		return 0;
	text += strlen(before);
	while (is_digit((unsigned char) text[digits]) ||
		   (text[digits] >= 'A' && text[digits] <= 'F'))
		digits++;
	if (digits != OPENSSL_ERROR_DIGITS || text[digits] != ':' ||
		!is_alnum((unsigned char) text[digits + 1]) ||
		is_digit((unsigned char) text[digits + 1]))
		return 0;
	return strlen(before) + digits + 1;
}

static void
mask_digits(char *text, bool tls)
{
	while (*text != '\0')
	{
		size_t ndigits;
		size_t len;
		size_t seen = 0;
		size_t error = tls ? openssl_error_length(text) : 0;

		if (error > 0)
		{
			text += error;
			continue;
		}
		if (!is_digit((unsigned char) *text))
		{
			text++;
			continue;
		}
		len = number_length(text, &ndigits);
		if (is_address(text, len))
			ndigits = 0;
		for (size_t i = 0; i < len && ndigits >= REDACT_MIN_DIGITS; i++)
		{
			if (!is_digit((unsigned char) text[i]))
				continue;
			seen++;
			if (seen > REDACT_KEEP_FIRST && seen + REDACT_KEEP_LAST <= ndigits)
				text[i] = '*';
		}
		text += len;
	}
}

static void
redact(char *text, bool tls)
{
	replace_unsafe_bytes(text);
	hide_tokens(text);
	mask_digits(text, tls);
}

void
cs_text_redact(char *text)
{
	redact(text, false);
}

void
cs_text_redact_tls(char *text)
{
	redact(text, true);
}

/* Characters of a text; a byte that is no UTF-8 counts as one. */
static size_t
count_characters(const char *text)
{
	const unsigned char *c = (const unsigned char *) text;
	size_t				 left = strlen(text);
	size_t				 count = 0;

	for (; left > 0; count++)
	{
		size_t len = cs_text_utf8_length(c, left);

		len = len > 0 ? len : 1;
		c += len;
		left -= len;
	}
	return count;
}

/*
 * How many characters stay in front and at the end: five and three of twelve
 * and more, fewer in the same proportion of less, none of four.
 */
static void
choose_visible(size_t count, size_t *first, size_t *last)
{
	size_t visible = count > MASK_HIDDEN ? count - MASK_HIDDEN : 0;

	if (visible > MASK_FIRST + MASK_LAST)
		visible = MASK_FIRST + MASK_LAST;
	*first = (visible * MASK_FIRST + MASK_LAST) / (MASK_FIRST + MASK_LAST);
	*last = visible - *first;
}

void
cs_text_mask(const char *subject, char *out, size_t outlen)
{
	const unsigned char *c = (const unsigned char *) subject;
	size_t				 left = strlen(subject);
	size_t				 count = count_characters(subject);
	size_t				 used = 0;
	size_t				 first;
	size_t				 last;

	if (outlen == 0)
		return;
	choose_visible(count, &first, &last);
	for (size_t i = 0; i < count; i++)
	{
		size_t len = cs_text_utf8_length(c, left);
		bool   unsafe = len == 0 || is_control(c, len);
		bool   hidden = i >= first && i + last < count;
		size_t width = unsafe || hidden ? 1 : len;

		if (used + width >= outlen)
			break;
		if (unsafe || hidden)
			out[used] = hidden ? '*' : '?';
		else
			memcpy(out + used, c, len);
		used += width;
		len = len > 0 ? len : 1;
		c += len;
		left -= len;
	}
	out[used] = '\0';
}
