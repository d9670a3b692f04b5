/*-------------------------------------------------------------------------
 * json.c
 *	  Strict and bounded reading of JSON, on top of json-c.
 *
 * Layer 0: libc and json-c.  One pass over the text (the scan) checks all of
 * RFC 8259's grammar, UTF-8 and our limits; json-c then builds a tree from a
 * text that leaves it nothing to be lenient about.  The tree belongs to the
 * caller; texts returned here live as long as it.
 *
 * The scan runs over every answer, so its two inner loops, plain bytes of a
 * string and digits, are kept free of calls.
 *------------------------------------------------------------------------- */
#include "json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * json-c 0.16 keeps integers in 64 bits and saturates beyond; it keeps the
 * source text of everything else.  An integer of this many digits is therefore
 * handed over with an exponent of zero, which changes no value.
 */
#define LONG_INTEGER_DIGITS		19
#define LONG_INTEGER_SUFFIX		"e0"

/*
 * Longest number and largest exponent: far beyond a double (308) and any
 * amount, and small enough that "1e131071" cannot make numeric_in write a
 * hundred thousand digits for each of a thousand members.
 */
#define MAX_NUMBER_DIGITS		1000
#define MAX_NUMBER_EXPONENT		1000

_Static_assert(CS_JSON_MAX_DEPTH <= 64, "Scan.objects has one bit a level");

/* What the grammar allows next. */
typedef enum ScanState
{
	WANT_VALUE,
	WANT_ELEMENT_OR_END,		/* after [ */
	WANT_KEY,					/* after a comma in an object */
	WANT_KEY_OR_END,			/* after { */
	WANT_COMMA_OR_END			/* after a value */
} ScanState;

typedef struct Scan
{
	const unsigned char *start;
	const unsigned char *at;
	const unsigned char *end;
	ScanState	state;
	int			depth;
	uint64_t	objects;		/* lowest bit: is the innermost an object? */
	CsBuf		patched;		/* copy with suffixes; empty when not needed */
	const unsigned char *copied;	/* start of what is not yet in it */
	CsError    *err;
} Scan;

/* "invalid UTF-8 at byte offset 17": never the content. */
static bool
refuse(Scan *scan, const char *cause)
{
	cs_error_set(scan->err, CS_ERR_NOT_UNDERSTOOD, "answer is not valid JSON");
	cs_error_detail(scan->err, "Found %s at byte offset %zu.", cause,
					(size_t) (scan->at - scan->start));
	return false;
}

static bool
refuse_depth(Scan *scan)
{
	cs_error_set(scan->err, CS_ERR_TOO_LARGE, "answer is nested too deeply");
	cs_error_detail(scan->err,
					"More than %d levels are open at byte offset %zu.",
					CS_JSON_MAX_DEPTH, (size_t) (scan->at - scan->start));
	return false;
}

/* The text ended, or has a byte that fits nowhere. */
static bool
refuse_here(Scan *scan)
{
	return refuse(scan, scan->at == scan->end ? "the end of the text too early"
				  : "an unexpected character");
}

static void
skip_space(Scan *scan)
{
	const unsigned char *at = scan->at;

	while (at < scan->end &&
		   (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	scan->at = at;
}

/* ---------- strings ---------- */

#define EACH_BYTE(value)	(UINT64_C(0x0101010101010101) * (value))
#define HIGH_BITS			EACH_BYTE(0x80)

/*
 * May one of eight bytes be a quote, backslash, control or non-ASCII byte?
 * Subtraction borrows into the high bit where a byte was smaller; a borrow
 * that runs on gives a false alarm at most, which the slow path clears.
 */
static inline uint64_t
has_special_byte(uint64_t eight)
{
	uint64_t	quote = eight ^ EACH_BYTE('"');
	uint64_t	backslash = eight ^ EACH_BYTE('\\');

	return ((eight - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
			(backslash - EACH_BYTE(1)) | eight) & HIGH_BITS;
}

static inline bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static const unsigned char *
skip_plain(const unsigned char *at, const unsigned char *end)
{
	while (end - at >= 8)
	{
		uint64_t	eight;

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
	int			value = 0;

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

/* \uXXXX, with its low surrogate when it needs one; at is on the 'u'. */
static bool
scan_unicode_escape(Scan *scan)
{
	const unsigned char *at = scan->at;
	int			code = hex4(at + 1, scan->end);

	if (code < 0)
		return refuse(scan, "an incomplete \\u escape");
	if (code == 0)
		return refuse(scan, "the escape \\u0000");
	if (code >= 0xDC00 && code <= 0xDFFF)
		return refuse(scan, "a lone surrogate");
	if (code >= 0xD800 && code <= 0xDBFF)
	{
		int			low = -1;

		if (scan->end - at > 6 && at[5] == '\\' && at[6] == 'u')
			low = hex4(at + 7, scan->end);
		if (low < 0xDC00 || low > 0xDFFF)
			return refuse(scan, "a lone surrogate");
		scan->at += 6;
	}
	scan->at += 5;
	return true;
}

/* What follows a backslash. */
static bool
scan_escape(Scan *scan)
{
	if (scan->at == scan->end)
		return refuse_here(scan);
	if (*scan->at == 'u')
		return scan_unicode_escape(scan);
	if (*scan->at == '\0' || strchr("\"\\/bfnrt", *scan->at) == NULL)
		return refuse(scan, "an unknown escape");
	scan->at++;
	return true;
}

/* A string; at is on the opening quote. */
static bool
scan_string(Scan *scan)
{
	scan->at++;
	for (;;)
	{
		size_t		len;

		scan->at = skip_plain(scan->at, scan->end);
		if (scan->at == scan->end)
			return refuse_here(scan);
		if (*scan->at == '"')
		{
			scan->at++;
			return true;
		}
		if (*scan->at == '\\')
		{
			scan->at++;
			if (!scan_escape(scan))
				return false;
			continue;
		}
		if (*scan->at < 0x20)
			return refuse(scan, "a raw control character");
		len = cs_utf8_length(scan->at, (size_t) (scan->end - scan->at));
		if (len == 0)
			return refuse(scan, "invalid UTF-8");
		scan->at += len;
	}
}

/* ---------- numbers and literals ---------- */

static inline bool
is_digit(unsigned char c)
{
	return (unsigned char) (c - '0') < 10;
}

/* Skips digits and returns how many there were. */
static inline size_t
skip_digits(Scan *scan)
{
	const unsigned char *at = scan->at;
	const unsigned char *first = at;

	while (at < scan->end && is_digit(*at))
		at++;
	scan->at = at;
	return (size_t) (at - first);
}

/* e or E, a sign, digits; at is behind the letter. */
static bool
scan_exponent(Scan *scan)
{
	const unsigned char *first;
	size_t		len;
	long		exponent = 0;

	if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
		scan->at++;
	first = scan->at;
	len = skip_digits(scan);
	if (len == 0)
		return refuse_here(scan);
	for (size_t i = 0; i < len && exponent <= MAX_NUMBER_EXPONENT; i++)
		exponent = exponent * 10 + (first[i] - '0');
	if (len > MAX_NUMBER_DIGITS || exponent > MAX_NUMBER_EXPONENT)
		return refuse(scan, "a number beyond all measure");
	return true;
}

/* Copies the text so far and gives the integer just read a suffix. */
static void
patch_long_integer(Scan *scan)
{
	cs_buf_append(&scan->patched, (const char *) scan->copied,
				  (size_t) (scan->at - scan->copied));
	cs_buf_puts(&scan->patched, LONG_INTEGER_SUFFIX);
	scan->copied = scan->at;
}

/* RFC 8259 section 6; at is on the minus sign or first digit. */
static bool
scan_number(Scan *scan)
{
	size_t		digits;
	bool		integer = true;

	if (*scan->at == '-')
		scan->at++;
	if (scan->at < scan->end && *scan->at == '0')
	{
		scan->at++;				/* nothing but . or e may follow */
		digits = 1;
	}
	else
		digits = skip_digits(scan);
	if (digits == 0)
		return refuse_here(scan);

	if (scan->at < scan->end && *scan->at == '.')
	{
		size_t		fraction;

		scan->at++;
		fraction = skip_digits(scan);
		if (fraction == 0)
			return refuse_here(scan);
		digits += fraction;
		integer = false;
	}
	if (digits > MAX_NUMBER_DIGITS)
		return refuse(scan, "a number beyond all measure");
	if (scan->at < scan->end && (*scan->at | 0x20) == 'e')
	{
		scan->at++;
		integer = false;
		if (!scan_exponent(scan))
			return false;
	}
	if (integer && digits >= LONG_INTEGER_DIGITS)
		patch_long_integer(scan);
	return true;
}

static bool
scan_literal(Scan *scan, const char *literal)
{
	size_t		len = strlen(literal);

	if ((size_t) (scan->end - scan->at) < len ||
		memcmp(scan->at, literal, len) != 0)
		return refuse(scan, "an unexpected character");
	scan->at += len;
	return true;
}

/* ---------- structure ---------- */

static bool
open_level(Scan *scan, bool object)
{
	if (scan->depth == CS_JSON_MAX_DEPTH)
		return refuse_depth(scan);
	scan->depth++;
	scan->objects = scan->objects << 1 | (object ? 1 : 0);
	scan->state = object ? WANT_KEY_OR_END : WANT_ELEMENT_OR_END;
	scan->at++;
	return true;
}

static bool
close_level(Scan *scan)
{
	scan->depth--;
	scan->objects >>= 1;
	scan->state = WANT_COMMA_OR_END;
	scan->at++;
	return true;
}

static bool
scan_value(Scan *scan)
{
	unsigned char c = *scan->at;

	scan->state = WANT_COMMA_OR_END;
	if (c == '"')
		return scan_string(scan);
	if (c == '-' || is_digit(c))
		return scan_number(scan);
	switch (c)
	{
		case '{':
			return open_level(scan, true);
		case '[':
			return open_level(scan, false);
		case 't':
			return scan_literal(scan, "true");
		case 'f':
			return scan_literal(scan, "false");
		case 'n':
			return scan_literal(scan, "null");
		default:
			return refuse_here(scan);
	}
}

/* A key and its colon. */
static bool
scan_key(Scan *scan)
{
	if (*scan->at != '"')
		return refuse_here(scan);
	if (!scan_string(scan))
		return false;
	skip_space(scan);
	if (scan->at == scan->end || *scan->at != ':')
		return refuse_here(scan);
	scan->at++;
	scan->state = WANT_VALUE;
	return true;
}

static bool
scan_comma_or_end(Scan *scan)
{
	bool		object = (scan->objects & 1) != 0;

	if (*scan->at == (object ? '}' : ']'))
		return close_level(scan);
	if (*scan->at != ',')
		return refuse_here(scan);
	scan->at++;
	scan->state = object ? WANT_KEY : WANT_VALUE;
	return true;
}

/* One token, with a byte of it at hand. */
static bool
scan_token(Scan *scan)
{
	switch (scan->state)
	{
		case WANT_ELEMENT_OR_END:
			if (*scan->at == ']')
				return close_level(scan);
			return scan_value(scan);
		case WANT_VALUE:
			return scan_value(scan);
		case WANT_KEY_OR_END:
			if (*scan->at == '}')
				return close_level(scan);
			return scan_key(scan);
		case WANT_KEY:
			return scan_key(scan);
		case WANT_COMMA_OR_END:
			return scan_comma_or_end(scan);
	}
	return false;
}

/* One value with white space around it, and nothing else. */
static bool
scan_text(Scan *scan)
{
	static const unsigned char byte_order_mark[] = {0xEF, 0xBB, 0xBF};

	if (scan->end - scan->at >= 3 &&
		memcmp(scan->at, byte_order_mark, sizeof(byte_order_mark)) == 0)
		return refuse(scan, "a byte order mark");
	do
	{
		skip_space(scan);
		if (scan->at == scan->end)
			return refuse_here(scan);
		if (!scan_token(scan))
			return false;
	} while (scan->depth > 0 || scan->state != WANT_COMMA_OR_END);

	skip_space(scan);
	if (scan->at < scan->end)
		return refuse(scan, "more text after the value");
	return true;
}

/* ---------- building the tree ---------- */

/*
 * Gives a scanned text to json-c.  A number at top level ends only at a NUL,
 * which the text need not have: it is fed by itself.
 */
static CsStatus
build_tree(const char *text, size_t len, struct json_object **root,
		   CsError *err)
{
	struct json_tokener *tokener;
	enum json_tokener_error result;

	/* json-c counts one level more than there are, and one for scalars. */
	tokener = json_tokener_new_ex(CS_JSON_MAX_DEPTH + 2);
	if (tokener == NULL)
		return cs_error_set(err, CS_ERR_MEMORY, "no memory for the answer");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	errno = 0;
	*root = json_tokener_parse_ex(tokener, text, (int) len);
	result = json_tokener_get_error(tokener);
	if (result == json_tokener_continue)
	{
		*root = json_tokener_parse_ex(tokener, "", 1);
		result = json_tokener_get_error(tokener);
	}
	json_tokener_free(tokener);
	if (result == json_tokener_success)
		return CS_OK;

	/* The scan found the text correct, so this is no matter of syntax. */
	*root = NULL;
	cs_error_set(err, CS_ERR_MEMORY, "no memory for the answer");
	cs_error_detail(err, "The JSON library reports: %s.",
					json_tokener_error_desc(result));
	return CS_FAIL;
}

CsStatus
cs_json_parse(const char *text, size_t len, struct json_object **root,
			  CsError *err)
{
	Scan		scan = {.start = (const unsigned char *) text};
	CsStatus	status;

	*root = NULL;
	/* json-c counts bytes in an int. */
	if (len > INT32_MAX / 2)
		return cs_error_set(err, CS_ERR_TOO_LARGE, "answer is too large");
	scan.at = scan.copied = scan.start;
	scan.end = scan.start + len;
	scan.err = err;

	if (!scan_text(&scan))
		status = CS_FAIL;
	else if (scan.copied == scan.start)
		status = build_tree(text, len, root, err);
	else
	{
		cs_buf_append(&scan.patched, (const char *) scan.copied,
					  (size_t) (scan.end - scan.copied));
		if (scan.patched.failed)
			status = cs_error_set(err, CS_ERR_MEMORY,
								  "no memory for the answer");
		else
			status = build_tree(scan.patched.data, scan.patched.len, root,
								err);
	}
	cs_buf_free(&scan.patched);
	return status;
}

/* ---------- reading the tree ---------- */

/*
 * The source text that json-c keeps with a number, cut where the scan added
 * its suffix.  A provider's own "5e0" becomes "5", which is the same number.
 */
static const char *
number_source(struct json_object *value)
{
	char	   *source = json_object_get_userdata(value);
	size_t		len;

	if (source == NULL)
		return NULL;
	len = strlen(source);
	if (len > 2 && strcmp(source + len - 2, LONG_INTEGER_SUFFIX) == 0 &&
		strchr(source, '.') == NULL)
		source[len - 2] = '\0';
	return source;
}

const char *
cs_json_number(struct json_object *value, char *buf, size_t buflen)
{
	int			len;

	switch (json_object_get_type(value))
	{
		case json_type_double:
			return number_source(value);
		case json_type_int:
			len = snprintf(buf, buflen, "%lld",
						   (long long) json_object_get_int64(value));
			return len > 0 && (size_t) len < buflen ? buf : NULL;
		default:
			return NULL;
	}
}

struct json_object *
cs_json_get(struct json_object *object, const char *name)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
		!json_object_object_get_ex(object, name, &value))
		return NULL;
	return value;
}

const char *
cs_json_get_text(struct json_object *object, const char *name)
{
	struct json_object *value = cs_json_get(object, name);

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

/* "86400", "-5", also "3600.0"; nothing before or behind. */
static bool
parse_int64(const char *text, int64_t *value)
{
	char	   *end;

	if (*text != '-' && !is_digit((unsigned char) *text))
		return false;
	errno = 0;
	*value = strtoll(text, &end, 10);
	if (errno != 0 || end == text)
		return false;
	if (end[0] == '.' && end[1] == '0')
	{
		end++;
		end += strspn(end, "0");
	}
	return *end == '\0';
}

bool
cs_json_get_int64(struct json_object *object, const char *name,
				  int64_t *value)
{
	struct json_object *member = cs_json_get(object, name);
	char		buf[24];
	const char *text;

	text = json_object_is_type(member, json_type_string) ?
		json_object_get_string(member) :
		cs_json_number(member, buf, sizeof(buf));
	return text != NULL && parse_int64(text, value);
}
