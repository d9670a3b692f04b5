/*-------------------------------------------------------------------------
 * jsonb_read.c
 *	  Reading an answer that is a jsonb value; see jsonb_read.h.
 *
 * Nothing here raises because of what an answer holds.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/jsonb_read.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/*
 * No amount, count or score is near these; beyond them a number in a string is
 * an attack on who has to write it out.
 */
#define MAX_DIGITS	 1000
#define MAX_EXPONENT 1000

#define FIRST_YEAR 1900
#define LAST_YEAR  2999

void
cs_jsonb_read_root(Jsonb *jsonb, JsonbValue *root)
{
	if (JB_ROOT_IS_SCALAR(jsonb))
	{
		(void) JsonbExtractScalar(&jsonb->root, root);
		return;
	}
	root->type = jbvBinary;
	root->val.binary.data = &jsonb->root;
	root->val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
}

bool
cs_jsonb_read_is_object(const JsonbValue *value)
{
	return value->type == jbvBinary &&
		   JsonContainerIsObject(value->val.binary.data);
}

bool
cs_jsonb_read_is_array(const JsonbValue *value)
{
	return value->type == jbvBinary &&
		   JsonContainerIsArray(value->val.binary.data);
}

bool
cs_jsonb_read_get(const JsonbValue *object, const char *key,
				  JsonbValue *member)
{
	JsonbValue found;

	found.type = jbvNull;
	if (cs_jsonb_read_is_object(object))
		(void) getKeyJsonValueFromContainer(object->val.binary.data, key,
											strlen(key), &found);
	*member = found;
	return found.type != jbvNull;
}

bool
cs_jsonb_read_has(const JsonbValue *object, const char *key)
{
	JsonbValue found;

	return cs_jsonb_read_is_object(object) &&
		   getKeyJsonValueFromContainer(object->val.binary.data, key,
										strlen(key), &found) != NULL;
}

bool
cs_jsonb_read_at(const JsonbValue *array, uint32 index, JsonbValue *element)
{
	JsonbValue *found =
		cs_jsonb_read_is_array(array)
			? getIthJsonbValueFromContainer(array->val.binary.data, index)
			: NULL;

	if (found == NULL)
		return false;
	*element = *found;
	pfree(found);
	return true;
}

uint32
cs_jsonb_read_count(const JsonbValue *container)
{
	return container->type == jbvBinary
			   ? JsonContainerSize(container->val.binary.data)
			   : 0;
}

/* --- numbers --- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
skip_digits(const char *text, int len, int from)
{
	while (from < len && is_digit(text[from]))
		from++;
	return from;
}

/* The exponent's value, at most MAX_EXPONENT + 1; -1: there are no digits. */
static int
read_exponent(const char *text, int len, int from)
{
	int exponent = 0;

	if (from < len && (text[from] == '+' || text[from] == '-'))
		from++;
	if (from >= len)
		return -1;
	for (; from < len; from++)
	{
		if (!is_digit(text[from]))
			return -1;
		exponent = Min(exponent * 10 + (text[from] - '0'), MAX_EXPONENT + 1);
	}
	return exponent;
}

/* Does a text follow JSON's grammar for numbers, within our bounds? */
static bool
is_number(const char *text, int len)
{
	int at = len > 0 && text[0] == '-';
	int start = at;
	int digits;
	int exponent;

	at = skip_digits(text, len, at);
	digits = at - start;
	if (digits == 0 || (digits > 1 && text[start] == '0'))
		return false;
	if (at < len && text[at] == '.')
	{
		start = ++at;
		at = skip_digits(text, len, at);
		if (at == start)
			return false;
		digits += at - start;
	}
	if (digits > MAX_DIGITS)
		return false;
	if (at == len)
		return true;
	if (text[at] != 'e' && text[at] != 'E')
		return false;
	exponent = read_exponent(text, len, at + 1);
	return exponent >= 0 && exponent <= MAX_EXPONENT;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A string without the blanks around it. */
static void
trimmed(const JsonbValue *string, const char **text, int *len)
{
	*text = string->val.string.val;
	*len = string->val.string.len;
	while (*len > 0 && is_blank(**text))
	{
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

Numeric
cs_jsonb_read_number(const JsonbValue *value)
{
	const char *text;
	int			len;

	if (value->type == jbvNumeric)
		return numeric_is_nan(value->val.numeric) ||
					   numeric_is_inf(value->val.numeric)
				   ? NULL
				   : value->val.numeric;
	if (value->type != jbvString)
		return NULL;
	trimmed(value, &text, &len);
	if (!is_number(text, len))
		return NULL;
	return DatumGetNumeric(
		DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(text, len)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

Numeric
cs_jsonb_read_get_number(const JsonbValue *object, const char *key)
{
	JsonbValue member;

	return cs_jsonb_read_get(object, key, &member)
			   ? cs_jsonb_read_number(&member)
			   : NULL;
}

bool
cs_jsonb_read_int64(const JsonbValue *value, int64 *number)
{
	Numeric numeric = cs_jsonb_read_number(value);
	char   *digits;
	char   *end;
	bool	whole;

	if (numeric == NULL)
		return false;
	/* "12.00" is an integer; normalised it has no fraction */
	digits = numeric_normalize(numeric);
	errno = 0;
	*number = strtoi64(digits, &end, 10);
	whole = errno == 0 && end != digits && *end == '\0';
	/* a number of few bytes may have a hundred thousand digits */
	pfree(digits);
	return whole;
}

/* --- texts --- */

bool
cs_jsonb_read_is_blank(const char *text, int len)
{
	for (int i = 0; i < len; i++)
		if (text[i] != ' ' && (text[i] < '\t' || text[i] > '\r'))
			return false;
	return true;
}

text *
cs_jsonb_read_text(const JsonbValue *value)
{
	if (value->type != jbvString)
		return NULL;
	return cstring_to_text_with_len(value->val.string.val,
									value->val.string.len);
}

static bool
is_word(const char *text, int len, const char *word)
{
	return len == (int) strlen(word) && pg_strncasecmp(text, word, len) == 0;
}

bool
cs_jsonb_read_bool(const JsonbValue *value, bool *truth)
{
	int64		number;
	const char *text;
	int			len;

	if (value->type == jbvBool)
	{
		*truth = value->val.boolean;
		return true;
	}
	if (cs_jsonb_read_int64(value, &number))
	{
		*truth = number == 1;
		return number == 0 || number == 1;
	}
	if (value->type != jbvString)
		return false;
	trimmed(value, &text, &len);
	*truth = is_word(text, len, "true");
	return *truth || is_word(text, len, "false");
}

/* --- moments --- */

/* Reads `n` digits; false when there are fewer. */
static bool
read_digits(const char **at, const char *end, int n, int *number)
{
	*number = 0;
	for (; n > 0; n--, (*at)++)
	{
		if (*at >= end || !is_digit(**at))
			return false;
		*number = *number * 10 + (**at - '0');
	}
	return true;
}

static bool
read_char(const char **at, const char *end, char wanted)
{
	if (*at >= end || **at != wanted)
		return false;
	(*at)++;
	return true;
}

static bool
read_date(const char **at, const char *end, struct pg_tm *tm)
{
	return read_digits(at, end, 4, &tm->tm_year) && read_char(at, end, '-') &&
		   read_digits(at, end, 2, &tm->tm_mon) && read_char(at, end, '-') &&
		   read_digits(at, end, 2, &tm->tm_mday) &&
		   tm->tm_year >= FIRST_YEAR && tm->tm_year <= LAST_YEAR &&
		   tm->tm_mon >= 1 && tm->tm_mon <= MONTHS_PER_YEAR &&
		   tm->tm_mday >= 1 &&
		   tm->tm_mday <= day_tab[isleap(tm->tm_year)][tm->tm_mon - 1];
}

/* Microseconds; at least one digit, those beyond the sixth are cut. */
static bool
read_fraction(const char **at, const char *end, fsec_t *fraction)
{
	int			unit = USECS_PER_SEC / 10;
	const char *start = *at;

	for (; *at < end && is_digit(**at); (*at)++, unit /= 10)
		*fraction += (**at - '0') * unit;
	return *at > start;
}

static bool
read_time(const char **at, const char *end, struct pg_tm *tm, fsec_t *fraction)
{
	if (!read_digits(at, end, 2, &tm->tm_hour) || !read_char(at, end, ':') ||
		!read_digits(at, end, 2, &tm->tm_min))
		return false;
	if (read_char(at, end, ':'))
	{
		if (!read_digits(at, end, 2, &tm->tm_sec) ||
			(read_char(at, end, '.') && !read_fraction(at, end, fraction)))
			return false;
	}
	return tm->tm_hour < HOURS_PER_DAY && tm->tm_min < MINS_PER_HOUR &&
		   tm->tm_sec < SECS_PER_MINUTE;
}

static bool
read_offset(const char **at, const char *end, int *offset)
{
	int sign;
	int hours;
	int minutes = 0;

	*offset = 0;
	if (read_char(at, end, 'Z') || read_char(at, end, 'z'))
		return true;
	sign = **at == '-' ? -1 : 1;
	if (!read_char(at, end, '+') && !read_char(at, end, '-'))
		return false;
	if (!read_digits(at, end, 2, &hours))
		return false;
	if (*at < end)
	{
		(void) read_char(at, end, ':');
		if (!read_digits(at, end, 2, &minutes))
			return false;
	}
	*offset = sign * (hours * SECS_PER_HOUR + minutes * SECS_PER_MINUTE);
	return hours <= MAX_TZDISP_HOUR && minutes < MINS_PER_HOUR;
}

bool
cs_jsonb_read_timestamp(const JsonbValue *value, Timestamp *moment,
						bool *has_offset, int *offset)
{
	struct pg_tm tm = {0};
	fsec_t		 fraction = 0;
	const char	*at;
	const char	*end;
	int			 len;

	*has_offset = false;
	*offset = 0;
	if (value->type != jbvString)
		return false;
	trimmed(value, &at, &len);
	end = at + len;
	if (!read_date(&at, end, &tm))
		return false;
	if (at < end)
	{
		if (!read_char(&at, end, 'T') && !read_char(&at, end, ' '))
			return false;
		if (!read_time(&at, end, &tm, &fraction))
			return false;
		*has_offset = at < end;
		if (*has_offset && !read_offset(&at, end, offset))
			return false;
	}
	return at == end && tm2timestamp(&tm, fraction, NULL, moment) == 0;
}
