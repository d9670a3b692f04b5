/*-------------------------------------------------------------------------
 * json.c
 *	  Strict and bounded reading of JSON into json-c's objects.
 *
 * libc and json-c.  One pass over a copy of the text checks all of
 * RFC 8259's grammar, UTF-8 and our limits, and builds the tree as it goes.
 * json-c's own tokener would have to be given a checked text to leave it
 * nothing to be lenient about, and then takes most of the time of an answer:
 * it copies every key and number, and reads each number as a double.  Here
 * strings are unescaped in place, and keys and numbers stay where they are in
 * the copy, which belongs to the tree and is freed with it.
 *
 * The tree belongs to the caller; texts returned here live as long as it.
 *
 * The scan runs over every answer, so its two inner loops, plain bytes of a
 * string (json_string.c) and digits, are kept free of calls.
 *------------------------------------------------------------------------- */
#include "base/json.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_string.h"

/* An integer of up to so many digits surely fits int64. */
#define SHORT_INTEGER_DIGITS 18

/*
 * Longest number and largest exponent: far beyond a double (308) and any
 * amount, and small enough that "1e131071" cannot make numeric_in write a
 * hundred thousand digits for each of a thousand members.
 */
#define MAX_NUMBER_DIGITS	1000
#define MAX_NUMBER_EXPONENT 1000

/* What the grammar allows next. */
typedef enum ScanState
{
	WANT_VALUE,
	WANT_ELEMENT_OR_END, /* after [ */
	WANT_KEY,			 /* after a comma in an object */
	WANT_KEY_OR_END,	 /* after { */
	WANT_COMMA_OR_END	 /* after a value */
} ScanState;

/* A container that is open, and the key its next member has. */
typedef struct Level
{
	struct json_object *container;
	const char		   *key;	 /* NULL in an array */
	int					members; /* of an object, so far */
} Level;

/*
 * `at` is where the text is read.  What lies before it may have been changed:
 * strings are unescaped, and a NUL ends each key and number.
 */
typedef struct Scan
{
	unsigned char	   *start;
	unsigned char	   *at;
	unsigned char	   *end;
	ScanState			state;
	int					depth; /* open levels */
	Level				levels[CS_JSON_MAX_DEPTH];
	struct json_object *root;
	int					most; /* members of the largest object so far */
	bool	 widened;		  /* an object was given room for many at once */
	CsError *err;
} Scan;

/* "invalid UTF-8 at byte offset 17": never the content. */
static bool
refuse(Scan *scan, const char *cause)
{
	cs_core_error(scan->err, CS_ERR_NOT_UNDERSTOOD,
				  "answer is not valid JSON");
	cs_core_detail(scan->err, "Found %s at byte offset %zu.", cause,
				   (size_t) (scan->at - scan->start));
	return false;
}

static bool
refuse_depth(Scan *scan)
{
	cs_core_error(scan->err, CS_ERR_TOO_LARGE, "answer is nested too deeply");
	cs_core_detail(scan->err,
				   "More than %d levels are open at byte offset %zu.",
				   CS_JSON_MAX_DEPTH, (size_t) (scan->at - scan->start));
	return false;
}

static bool
refuse_memory(Scan *scan)
{
	cs_core_error(scan->err, CS_ERR_MEMORY, "no memory for the answer");
	return false;
}

/* The text ended, or has a byte that fits nowhere. */
static bool
refuse_here(Scan *scan)
{
	return refuse(scan, scan->at == scan->end ? CS_JSON_TOO_EARLY
											  : "an unexpected character");
}

static void
skip_space(Scan *scan)
{
	unsigned char *at = scan->at;

	while (at < scan->end &&
		   (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	scan->at = at;
}

/* A string, unescaped and ended with a NUL; at is on the opening quote. */
static bool
scan_string(Scan *scan, const char **text, size_t *len)
{
	const char *fault = cs_json_string_scan(&scan->at, scan->end, text, len);

	return fault == NULL || refuse(scan, fault);
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
	unsigned char		*at = scan->at;
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
	size_t				 len;
	long				 exponent = 0;

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

/* RFC 8259 section 6; at is on the minus sign or first digit. */
static bool
scan_number(Scan *scan, size_t *digits, bool *integer)
{
	*integer = true;
	if (*scan->at == '-')
		scan->at++;
	if (scan->at < scan->end && *scan->at == '0')
	{
		scan->at++; /* nothing but . or e may follow */
		*digits = 1;
	}
	else
		*digits = skip_digits(scan);
	if (*digits == 0)
		return refuse_here(scan);

	if (scan->at < scan->end && *scan->at == '.')
	{
		size_t fraction;

		scan->at++;
		fraction = skip_digits(scan);
		if (fraction == 0)
			return refuse_here(scan);
		*digits += fraction;
		*integer = false;
	}
	if (*digits > MAX_NUMBER_DIGITS)
		return refuse(scan, "a number beyond all measure");
	if (scan->at < scan->end && (*scan->at | 0x20) == 'e')
	{
		scan->at++;
		*integer = false;
		if (!scan_exponent(scan))
			return false;
	}
	return true;
}

static bool
scan_literal(Scan *scan, const char *literal)
{
	size_t len = strlen(literal);

	if ((size_t) (scan->end - scan->at) < len ||
		memcmp(scan->at, literal, len) != 0)
		return refuse(scan, "an unexpected character");
	scan->at += len;
	return true;
}

/* ---------- building the tree ---------- */

/*
 * The table of an object's members is made anew, twice as large, whenever it is
 * full.  Answers of one kind are alike: the first object of a text that fills
 * its table is given room for as many members as the largest of the text before
 * had.  The first one only, so that no text can ask for much memory.
 */
#define FIRST_TABLE	 10
#define MOST_WIDENED 1024

static int latest_most;

static void
widen(Scan *scan, const Level *level)
{
	if (scan->widened || latest_most <= FIRST_TABLE)
		return;
	scan->widened = true;

	/* Without memory it stays as it is, and grows when it must. */
	(void) lh_table_resize(json_object_get_object(level->container),
						   2 * latest_most);
}

static void
count_member(Scan *scan, Level *level)
{
	level->members++;
	scan->most = CS_MAX(scan->most, level->members);
	if (level->members == FIRST_TABLE)
		widen(scan, level);
}

/* Puts a value where it belongs; the tree owns it from then on. */
static bool
add_value(Scan *scan, struct json_object *value)
{
	Level *level;
	int	   rc;

	if (scan->depth == 0)
	{
		scan->root = value;
		return true;
	}
	level = &scan->levels[scan->depth - 1];
	if (level->key == NULL)
		rc = json_object_array_add(level->container, value);
	else
	{
		rc = json_object_object_add_ex(level->container, level->key, value,
									   JSON_C_OBJECT_KEY_IS_CONSTANT);
		count_member(scan, level);
	}
	if (rc == 0)
		return true;
	json_object_put(value);
	return refuse_memory(scan);
}

/* A value that must not be NULL, which would be a JSON null. */
static bool
add_made(Scan *scan, struct json_object *value)
{
	return value != NULL ? add_value(scan, value) : refuse_memory(scan);
}

static int64_t
read_integer(const unsigned char *text, size_t len)
{
	bool	negative = *text == '-';
	int64_t value = 0;

	for (size_t i = negative; i < len; i++)
		value = value * 10 + (text[i] - '0');
	return negative ? -value : value;
}

/*
 * Counts, most numbers of an answer, are made once and shared by all trees,
 * which nobody changes.
 */
#define COUNTS 256

static struct json_object *
new_integer(int64_t value)
{
	static struct json_object *counts[COUNTS];

	if (value < 0 || value >= COUNTS)
		return json_object_new_int64(value);
	if (counts[value] == NULL)
		counts[value] = json_object_new_int64(value);
	return json_object_get(counts[value]);
}

/*
 * A number that is no short integer: its text is its value.  It moves back by
 * a byte, so that its NUL does not fall on what comes next.
 */
static bool
add_number_text(Scan *scan, unsigned char *text, size_t len)
{
	struct json_object *number = json_object_new_double(0);

	memmove(text - 1, text, len);
	text[len - 1] = '\0';
	if (number != NULL)
		json_object_set_serializer(number, json_object_userdata_to_json_string,
								   text - 1, NULL);
	return add_made(scan, number);
}

static bool
add_number(Scan *scan)
{
	unsigned char *text = scan->at;
	size_t		   digits;
	size_t		   len;
	bool		   integer;

	if (!scan_number(scan, &digits, &integer))
		return false;
	len = (size_t) (scan->at - text);
	if (integer && digits <= SHORT_INTEGER_DIGITS)
		return add_made(scan, new_integer(read_integer(text, len)));
	return add_number_text(scan, text, len);
}

static bool
add_string(Scan *scan)
{
	const char *text;
	size_t		len;

	return scan_string(scan, &text, &len) &&
		   add_made(scan, json_object_new_string_len(text, (int) len));
}

/* ---------- structure ---------- */

static bool
open_level(Scan *scan, bool object)
{
	struct json_object *container;

	if (scan->depth == CS_JSON_MAX_DEPTH)
		return refuse_depth(scan);
	container = object ? json_object_new_object() : json_object_new_array();
	if (!add_made(scan, container))
		return false;
	scan->levels[scan->depth].container = container;
	scan->levels[scan->depth].key = NULL;
	scan->levels[scan->depth].members = 0;
	scan->depth++;
	scan->state = object ? WANT_KEY_OR_END : WANT_ELEMENT_OR_END;
	scan->at++;
	return true;
}

static bool
close_level(Scan *scan)
{
	scan->depth--;
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
		return add_string(scan);
	if (c == '-' || is_digit(c))
		return add_number(scan);
	switch (c)
	{
		case '{':
			return open_level(scan, true);
		case '[':
			return open_level(scan, false);
		case 't':
			return scan_literal(scan, "true") &&
				   add_made(scan, json_object_new_boolean(1));
		case 'f':
			return scan_literal(scan, "false") &&
				   add_made(scan, json_object_new_boolean(0));
		case 'n':
			return scan_literal(scan, "null") && add_value(scan, NULL);
		default:
			return refuse_here(scan);
	}
}

/* A key and its colon. */
static bool
scan_key(Scan *scan)
{
	size_t len;

	if (*scan->at != '"')
		return refuse_here(scan);
	if (!scan_string(scan, &scan->levels[scan->depth - 1].key, &len))
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
	bool object = scan->levels[scan->depth - 1].key != NULL;

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

/* RFC 8259 section 8.1 lets a parser ignore a mark that should not be there. */
static void
skip_byte_order_mark(Scan *scan)
{
	static const unsigned char mark[] = {0xEF, 0xBB, 0xBF};

	if ((size_t) (scan->end - scan->at) >= sizeof(mark) &&
		memcmp(scan->at, mark, sizeof(mark)) == 0)
		scan->at += sizeof(mark);
}

/* One value with white space around it, and nothing else. */
static bool
scan_text(Scan *scan)
{
	skip_byte_order_mark(scan);
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

static void
free_text(struct json_object *root, void *text)
{
	free(text);
}

/* The tree gets the text that its keys and numbers lie in. */
static struct json_object *
with_text(Scan *scan, char *text)
{
	struct json_object *root = scan->root;
	const char		   *number;

	switch (json_object_get_type(root))
	{
		case json_type_object:
		case json_type_array:
			json_object_set_userdata(root, text, free_text);
			return root;
		case json_type_double:
			number = json_object_get_userdata(root);
			memmove(text, number, strlen(number) + 1);
			json_object_set_serializer(
				root, json_object_userdata_to_json_string, text, free_text);
			return root;
		default:
			free(text);
			return root;
	}
}

CsStatus
cs_json_parse(const char *text, size_t len, struct json_object **root,
			  CsError *err)
{
	Scan  scan = {.err = err};
	char *copy;

	*root = NULL;
	/* json-c counts bytes in an int. */
	if (len > INT32_MAX / 2)
		return cs_core_error(err, CS_ERR_TOO_LARGE, "answer is too large");

	/* One byte before it, for a number that is all of the text. */
	copy = malloc(len + 2);
	if (copy == NULL)
		return cs_core_error(err, CS_ERR_MEMORY, "no memory for the answer");
	memcpy(copy + 1, text, len);
	scan.start = scan.at = (unsigned char *) copy + 1;
	scan.end = scan.start + len;
	if (!scan_text(&scan))
	{
		json_object_put(scan.root);
		free(copy);
		return CS_FAIL;
	}
	latest_most = CS_MIN(scan.most, MOST_WIDENED);
	*root = with_text(&scan, copy);
	return CS_OK;
}
