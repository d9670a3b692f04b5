/*-------------------------------------------------------------------------
 * json_value.c
 *	  Reading values of a tree that cs_json_parse built; see json.h.
 *
 * Texts returned here live as long as the tree.
 *------------------------------------------------------------------------- */
#include "base/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
cs_json_number(struct json_object *value, char *buf, size_t buflen)
{
	int len;

	switch (json_object_get_type(value))
	{
		case json_type_double:
			return json_object_get_userdata(value);
		case json_type_int:
			len = snprintf(buf, buflen, "%lld",
						   (long long) json_object_get_int64(value));
			return len > 0 && (size_t) len < buflen ? buf : NULL;
		default:
			return NULL;
	}
}

const char *
cs_json_word(struct json_object *value, char *buf, size_t buflen)
{
	if (json_object_is_type(value, json_type_string))
		return json_object_get_string(value);
	return cs_json_number(value, buf, buflen);
}

double
cs_json_double(struct json_object *value)
{
	char		buf[CS_JSON_INTEGER_SIZE];
	const char *number = cs_json_number(value, buf, sizeof(buf));

	return number != NULL ? strtod(number, NULL) : 0;
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
	char *end;

	if (*text != '-' && (*text < '0' || *text > '9'))
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
cs_json_get_int64(struct json_object *object, const char *name, int64_t *value)
{
	struct json_object *member = cs_json_get(object, name);
	char				buf[CS_JSON_INTEGER_SIZE];
	const char		   *text;

	text = cs_json_word(member, buf, sizeof(buf));
	return text != NULL && parse_int64(text, value);
}
