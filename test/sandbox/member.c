/*-------------------------------------------------------------------------
 * member.c
 *	  Reads the members of a request: a flat JSON object, or a form.
 *
 * Decodes in place and allocates nothing: members point into the text, which
 * the request owns.  Nested values are skipped and handed out as written.
 * The tests feed this nothing hostile, but what is no JSON object is refused.
 *------------------------------------------------------------------------- */
#include "sandbox.h"

static char *
skip_space(char *at, const char *end)
{
	while (at < end &&
		   (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

static int
hex4(const char *at)
{
	int value = 0;
	int i;

	for (i = 0; i < 4; i++)
	{
		char c = at[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + c - 'A' + 10;
		else
			return -1;
	}
	return value;
}

/* Writes a code point as UTF-8; escapes always leave enough room. */
static char *
put_utf8(char *to, uint32_t code)
{
	if (code < 0x80)
		*to++ = (char) code;
	else if (code < 0x800)
	{
		*to++ = (char) (0xc0 | code >> 6);
		*to++ = (char) (0x80 | (code & 63));
	}
	else if (code < 0x10000)
	{
		*to++ = (char) (0xe0 | code >> 12);
		*to++ = (char) (0x80 | (code >> 6 & 63));
		*to++ = (char) (0x80 | (code & 63));
	}
	else
	{
		*to++ = (char) (0xf0 | code >> 18);
		*to++ = (char) (0x80 | (code >> 12 & 63));
		*to++ = (char) (0x80 | (code >> 6 & 63));
		*to++ = (char) (0x80 | (code & 63));
	}
	return to;
}

/* Decodes the escape whose backslash is at *from; false when it is none. */
static bool
read_escape(char **from, const char *end, char **to)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	char			 *at = *from + 1;
	const char		 *name;
	int				  code;
	int				  low;

	if (at >= end)
		return false;
	if (*at != 'u')
	{
		name = *at ? strchr(names, *at) : NULL;
		if (name == NULL)
			return false;
		*(*to)++ = values[name - names];
		*from = at + 1;
		return true;
	}
	if (end - at < 5 || (code = hex4(at + 1)) < 0)
		return false;
	at += 5;
	if (code >= 0xd800 && code < 0xdc00 && end - at >= 6 && at[0] == '\\' &&
		at[1] == 'u' && (low = hex4(at + 2)) >= 0xdc00 && low < 0xe000)
	{
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		at += 6;
	}
	*to = put_utf8(*to, (uint32_t) code);
	*from = at;
	return true;
}

/* Reads the string that opens at "at"; returns what follows it, or NULL. */
static char *
read_string(char *at, const char *end, const char **value, size_t *len)
{
	char *from = at + 1;
	char *to = from;

	*value = from;
	while (from < end && *from != '"')
	{
		if (*from == '\\')
		{
			if (!read_escape(&from, end, &to))
				return NULL;
		}
		else if ((unsigned char) *from < 0x20)
			return NULL;
		else
		{
			if (to != from)
				*to = *from;
			to++;
			from++;
		}
	}
	if (from >= end)
		return NULL;
	*len = (size_t) (to - *value);
	return from + 1;
}

/* Skips a value that is no string; returns what follows it, or NULL. */
static char *
skip_value(char *at, const char *end)
{
	int	 depth = 0;
	bool quoted = false;

	for (; at < end; at++)
	{
		if (quoted)
		{
			if (*at == '\\')
				at++;
			else if (*at == '"')
				quoted = false;
		}
		else if (*at == '"')
			quoted = true;
		else if (*at == '{' || *at == '[')
			depth++;
		else if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
			return at;
		else if (*at == '}' || *at == ']')
			depth--;
	}
	return NULL;
}

/* Reads one member; returns what follows it, or NULL. */
static char *
read_member(char *at, const char *end, SbMember *member)
{
	if (at >= end || *at != '"')
		return NULL;
	at = read_string(at, end, &member->name, &member->name_len);
	if (at == NULL)
		return NULL;
	at = skip_space(at, end);
	if (at >= end || *at != ':')
		return NULL;
	at = skip_space(at + 1, end);
	if (at < end && *at == '"')
	{
		member->type = SB_MEMBER_STRING;
		return read_string(at, end, &member->value, &member->len);
	}
	member->value = at;
	at = skip_value(at, end);
	if (at == NULL || at == member->value)
		return NULL;
	member->len = (size_t) (at - member->value);
	while (member->len > 0 &&
		   (unsigned char) member->value[member->len - 1] <= ' ')
		member->len--;
	member->type = member->len == 4 && memcmp(member->value, "null", 4) == 0
					   ? SB_MEMBER_NULL
					   : SB_MEMBER_OTHER;
	return at;
}

/* Returns how many members there are, or -1 when the text is no JSON object. */
int
sb_json_members(char *text, size_t len, SbMember *members, int max)
{
	const char *end = text + len;
	char	   *at = skip_space(text, end);
	int			n = 0;

	if (at >= end || *at != '{')
		return -1;
	at = skip_space(at + 1, end);
	if (at < end && *at == '}')
		return skip_space(at + 1, end) == end ? 0 : -1;
	for (;;)
	{
		if (n == max)
			return -1;
		at = read_member(at, end, &members[n++]);
		if (at == NULL)
			return -1;
		at = skip_space(at, end);
		if (at >= end)
			return -1;
		if (*at == '}')
			return skip_space(at + 1, end) == end ? n : -1;
		if (*at != ',')
			return -1;
		at = skip_space(at + 1, end);
	}
}

/* Reads application/x-www-form-urlencoded; -1 when there are too many. */
int
sb_form_members(char *text, size_t len, SbMember *members, int max)
{
	char *at = text;
	char *end = text + len;
	int	  n = 0;

	while (at < end)
	{
		char *stop = memchr(at, '&', (size_t) (end - at));
		char *equals;

		if (stop == NULL)
			stop = end;
		equals = memchr(at, '=', (size_t) (stop - at));
		if (n == max)
			return -1;
		if (equals != NULL)
		{
			members[n].name = at;
			members[n].name_len = sb_url_decode(at, (size_t) (equals - at));
			members[n].value = equals + 1;
			members[n].len =
				sb_url_decode(equals + 1, (size_t) (stop - equals - 1));
			members[n].type = SB_MEMBER_STRING;
			n++;
		}
		at = stop + 1;
	}
	return n;
}

const SbMember *
sb_member(const SbMember *members, int n, const char *name)
{
	size_t len = strlen(name);
	int	   i;

	for (i = 0; i < n; i++)
	{
		if (members[i].name_len == len &&
			memcmp(members[i].name, name, len) == 0)
			return &members[i];
	}
	return NULL;
}

/* Is it this string? */
bool
sb_member_is(const SbMember *member, const char *value)
{
	return member != NULL && member->type == SB_MEMBER_STRING &&
		   member->len == strlen(value) &&
		   memcmp(member->value, value, member->len) == 0;
}
