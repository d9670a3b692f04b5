/*-------------------------------------------------------------------------
 * json.c
 *	  JSON trees of any depth: reading, reaching into them, checking them.
 *
 * json-c reads; what it lets pass even when strict is refused before, so that
 * a client which writes no JSON is found out.
 *------------------------------------------------------------------------- */
#include "core/json.h"

#include <limits.h>
#include <stdlib.h>

#include "core/alloc.h"

/* A tree that is deeper is none that a provider would read. */
#define MAX_DEPTH 4096

static struct json_tokener *tokener;

/* json-c takes single quotes, and control characters inside strings. */
static bool
is_strict(const char *text, size_t len)
{
	bool   quoted = false;
	size_t i;

	for (i = 0; i < len; i++)
	{
		if (!quoted && text[i] == '\'')
			return false;
		if (quoted && (unsigned char) text[i] < 0x20)
			return false;
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
	}
	return true;
}

json_object *
sb_json_parse(const char *text, size_t len)
{
	json_object *tree;

	if (len == 0 || len > INT_MAX || !is_strict(text, len))
		return NULL;
	if (tokener == NULL)
	{
		tokener = json_tokener_new_ex(MAX_DEPTH);
		if (tokener == NULL)
			abort();
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	}
	json_tokener_reset(tokener);
	tree = json_tokener_parse_ex(tokener, text, (int) len);

	/* A number at the very end is complete only when nothing follows. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		tree = json_tokener_parse_ex(tokener, "", 1);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		return NULL;
	return tree;
}

/* The length of a path's first step. */
static size_t
step_len(const char *path)
{
	return strcspn(path, ".");
}

/* The path behind its first step. */
static const char *
step_over(const char *path)
{
	path += step_len(path);
	return *path == '.' ? path + 1 : path;
}

/* One step into a tree; NULL when it leads nowhere. */
static json_object *
step(json_object *tree, const char *name, size_t len)
{
	json_object *found = NULL;

	if (json_object_is_type(tree, json_type_array))
	{
		if (len > 0 && len < 10 && strspn(name, "0123456789") >= len)
			found = json_object_array_get_idx(tree, (size_t) atol(name));
	}
	else if (json_object_is_type(tree, json_type_object))
	{
		char *member = sb_alloc_copy(name, len);

		(void) json_object_object_get_ex(tree, member, &found);
		free(member);
	}
	return found;
}

json_object *
sb_json_at(json_object *tree, const char *path)
{
	while (*path != '\0' && tree != NULL)
	{
		tree = step(tree, path, step_len(path));
		path = step_over(path);
	}
	return tree;
}

const char *
sb_json_string(json_object *tree, const char *path, size_t *len)
{
	json_object *found = sb_json_at(tree, path);

	if (!json_object_is_type(found, json_type_string))
		return NULL;
	if (len != NULL)
		*len = (size_t) json_object_get_string_len(found);
	return json_object_get_string(found);
}

bool
sb_json_is(json_object *tree, const char *path, const char *value)
{
	size_t		len;
	const char *found = sb_json_string(tree, path, &len);

	return found != NULL && len == strlen(value) &&
		   memcmp(found, value, len) == 0;
}

bool
sb_json_has_type(json_object *value, SbJsonType type)
{
	switch (type)
	{
		case SB_JSON_STRING:
			return json_object_is_type(value, json_type_string);
		case SB_JSON_FILLED:
			return json_object_is_type(value, json_type_string) &&
				   json_object_get_string_len(value) > 0;
		case SB_JSON_NUMBER:
			return json_object_is_type(value, json_type_int) ||
				   json_object_is_type(value, json_type_double);
		case SB_JSON_BOOLEAN:
			return json_object_is_type(value, json_type_boolean);
		case SB_JSON_OBJECT:
			return json_object_is_type(value, json_type_object);
		case SB_JSON_ARRAY:
			return json_object_is_type(value, json_type_array);
		default:
			return value != NULL;
	}
}

/* What is tested at every place of a path. */
typedef struct Test
{
	SbJsonType	type;
	bool		required;
	SbJsonCheck check; /* or NULL */
} Test;

static bool
holds(const Test *test, json_object *tree, const char *path, SbText *where);

/* The rest of the path at every place of an array. */
static bool
holds_for_each(const Test *test, json_object *array, const char *path,
			   SbText *where)
{
	size_t len = where->len;
	size_t i;

	if (!json_object_is_type(array, json_type_array))
		return true;
	for (i = 0; i < json_object_array_length(array); i++)
	{
		where->len = len;
		sb_text_int(where, (int64_t) i);
		if (!holds(test, json_object_array_get_idx(array, i), path, where))
			return false;
	}
	return true;
}

/* Does the test hold from here on?  If not, "where" has been completed. */
static bool
holds(const Test *test, json_object *tree, const char *path, SbText *where)
{
	size_t len = step_len(path);

	if (*path == '\0')
		return tree == NULL ? !test->required
							: sb_json_has_type(tree, test->type) &&
								  (test->check == NULL || test->check(tree));
	if (!json_object_is_type(tree, json_type_object) &&
		!json_object_is_type(tree, json_type_array))
		return true;
	if (where->len > 0)
		sb_text_char(where, '.');
	if (len == 1 && *path == '*')
		return holds_for_each(test, tree, step_over(path), where);
	sb_text_mem(where, path, len);
	return holds(test, step(tree, path, len), step_over(path), where);
}

/* In what is no tree at all, whatever is required is missing. */
static bool
holds_in_nothing(const SbJsonRule *rule, SbText *where)
{
	sb_text_str(where, rule->path);
	return !rule->required;
}

const SbJsonRule *
sb_json_broken(json_object *tree, const SbJsonRule *rules, SbText *where)
{
	for (; rules->path != NULL; rules++)
	{
		Test test = {rules->type, rules->required, NULL};

		where->len = 0;
		if (tree == NULL ? !holds_in_nothing(rules, where)
						 : !holds(&test, tree, rules->path, where))
			return rules;
	}
	where->len = 0;
	return NULL;
}

bool
sb_json_passes(json_object *tree, const char *path, SbJsonCheck check,
			   SbText *where)
{
	Test test = {SB_JSON_ANY, false, check};

	where->len = 0;
	if (tree != NULL && !holds(&test, tree, path, where))
		return false;
	where->len = 0;
	return true;
}
