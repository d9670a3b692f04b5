/*-------------------------------------------------------------------------
 * form.c
 *	  Reads application/x-www-form-urlencoded.
 *------------------------------------------------------------------------- */
#include "core/form.h"

#include <stdlib.h>

#include "core/alloc.h"

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
static size_t
decode(char *text, size_t len)
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

/* A decoded copy. */
static char *
decoded(const char *text, const char *end, size_t *len)
{
	char *copy = sb_alloc_copy(text, (size_t) (end - text));

	*len = decode(copy, (size_t) (end - text));
	copy[*len] = '\0';
	return copy;
}

static void
add_field(json_object *form, const char *at, const char *equals,
		  const char *end)
{
	size_t name_len;
	size_t value_len;
	char  *name = decoded(at, equals, &name_len);
	char  *value = decoded(equals + 1, end, &value_len);

	if (!json_object_object_get_ex(form, name, NULL))
		json_object_object_add(
			form, name, json_object_new_string_len(value, (int) value_len));
	free(name);
	free(value);
}

json_object *
sb_form_parse(const char *text, size_t len)
{
	json_object *form = json_object_new_object();
	const char	*end = text + len;

	while (text < end)
	{
		const char *stop = memchr(text, '&', (size_t) (end - text));
		const char *equals;

		if (stop == NULL)
			stop = end;
		equals = memchr(text, '=', (size_t) (stop - text));
		if (equals != NULL)
			add_field(form, text, equals, stop);
		text = stop + 1;
	}
	return form;
}
