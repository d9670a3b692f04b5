/*-------------------------------------------------------------------------
 * weza_list.c
 *	  Lists in pages.
 *
 * A page token is the base64 of the id that the page before ended with, so that
 * it stays good while others come and go.
 *
 * A filter is "field:value field:value", each split at its first colon.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_list.h"

#include <stdlib.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "core/json.h"
#include "core/request.h"
#include "provider/weza/weza_settings.h"

#define MAX_SIZE 1000

/* How many when it does not say, which is not documented. */
#define USUAL_SIZE 100
#define MAX_TERMS  8

/* What members of the answer are called. */
static const char *const members[] = {
	[SB_WEZA_CALL_BORROWER] = "borrowers",
	[SB_WEZA_CALL_EVENT] = "events",
	[SB_WEZA_CALL_ASSESSMENT] = "assessments",
};

typedef struct Term
{
	char		*field;
	json_object *value;	 /* a string */
	const char	*quoted; /* as documents have it; the value's */
} Term;

/* What was asked for, and by whom. */
typedef struct List
{
	SbRequest		   *request;
	const SbEntityKind *kind;
	SbText				prefix; /* of the names that belong to it */
	Term				terms[MAX_TERMS];
	int					nterms;
} List;

void
sb_weza_list_identify(SbRequest *request)
{
	const char *filter = sb_request_query(request, "filter");
	const char *value = filter != NULL ? strchr(filter, ':') : NULL;

	if (value != NULL)
		sb_request_subject(request, value + 1, strcspn(value + 1, " "));
}

static bool
read_size(const char *text, size_t *size)
{
	char *end;
	long  value;

	long most =
		sb_weza_settings.page_size > 0 ? sb_weza_settings.page_size : 1;

	*size = (size_t) (most < USUAL_SIZE ? most : USUAL_SIZE);
	if (text == NULL)
		return true;
	value = strtol(text, &end, 10);
	*size = (size_t) (value < most ? value : most);
	return *text != '\0' && *end == '\0' && value > 0 && value <= MAX_SIZE;
}

static bool
read_token(const char *token, SbText *after)
{
	size_t len = token != NULL ? strlen(token) : 0;

	if (len == 0)
		return token == NULL;
	if (!sb_base64_valid(token, len))
		return false;
	sb_text_reserve(after, len + 1);
	after->len = sb_base64_decode(token, len, after->data, len + 1);
	return after->len > 0;
}

bool
sb_weza_list_page(SbRequest *request, SbWezaPage *page)
{
	memset(page, 0, sizeof(*page));
	if (!read_size(sb_request_query(request, "pageSize"), &page->size))
		sb_weza_call_refuse(request, 400, "pageSize must be 1 to 1000");
	else if (!read_token(sb_request_query(request, "pageToken"), &page->after))
		sb_weza_call_refuse(request, 400, "pageToken is invalid");
	else
		return true;
	return false;
}

void
sb_weza_list_answer(SbRequest *request, const char *member, json_object *items,
					const char *last)
{
	json_object *answer = json_object_new_object();
	json_object *token = NULL;
	SbText		 text = {0};

	if (last != NULL)
	{
		sb_text_base64(&text, last, strlen(last));
		token = json_object_new_string(sb_text_end(&text));
	}
	json_object_object_add(answer, member, items);
	json_object_object_add(answer, "nextPageToken", token);
	sb_text_free(&text);
	sb_weza_call_answer(request, 200, answer);
}

static bool
known_field(const char *name, const char *const *fields)
{
	for (; *fields != NULL; fields++)
	{
		if (strcmp(name, *fields) == 0)
			return true;
	}
	return false;
}

/* Takes one "field:value" up; false when it is none. */
static bool
add_term(List *list, char *text, const char *const *fields)
{
	char *colon = strchr(text, ':');
	Term *term = &list->terms[list->nterms];

	if (colon == NULL || list->nterms == MAX_TERMS)
		return false;
	*colon = '\0';
	if (!known_field(text, fields))
		return false;
	term->field = sb_alloc_copy(text, strlen(text));
	term->value = json_object_new_string(colon + 1);
	term->quoted = json_object_to_json_string_ext(
		term->value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	list->nterms++;
	return true;
}

static bool
read_filter(List *list, const char *filter, const char *const *fields)
{
	char *copy;
	char *rest;
	char *text;
	bool  good = true;

	if (filter == NULL)
		return true;
	copy = sb_alloc_copy(filter, strlen(filter));
	for (text = strtok_r(copy, " ", &rest); text != NULL && good;
		 text = strtok_r(NULL, " ", &rest))
		good = add_term(list, text, fields);
	free(copy);
	return good;
}

static bool
has_value(const SbEntity *entity, const Term *term)
{
	json_object *document = sb_entity_read(entity);
	json_object *value = sb_json_at(document, term->field);
	bool		 same;

	same = value != NULL && strcmp(json_object_get_string(value),
								   json_object_get_string(term->value)) == 0;
	json_object_put(document);
	return same;
}

/*
 * Most documents lack the value, and need not be read to know it.  Numbers are
 * filtered by their digits, which are in no quotes there.
 */
static bool
may_have(const SbEntity *entity, const Term *term)
{
	size_t len = strlen(term->quoted) - 2;

	return strspn(term->quoted + 1, "0123456789") == len ||
		   strstr(entity->document, term->quoted) != NULL;
}

/* Is it in the list? */
static bool
listed(const List *list, const SbEntity *entity)
{
	int i;

	if (strncmp(entity->key, list->prefix.data, list->prefix.len) != 0)
		return false;
	for (i = 0; i < list->nterms; i++)
	{
		if (!may_have(entity, &list->terms[i]) ||
			!has_value(entity, &list->terms[i]))
			return false;
	}
	return true;
}

/* The next one that is in the list; NULL behind the last. */
static const SbEntity *
next(const List *list, const SbEntity *entity)
{
	do
		entity = sb_entity_next(list->kind, entity);
	while (entity != NULL && !listed(list, entity));
	return entity;
}

static void
answer_page(const List *list, SbWezaKind kind, size_t size,
			const SbEntity *after,
			json_object *(*shown)(const SbRequest *, const SbEntity *) )
{
	json_object	   *items = json_object_new_array();
	const SbEntity *last = after;
	const SbEntity *entity = next(list, after);

	while (entity != NULL && json_object_array_length(items) < size)
	{
		json_object *item = shown(list->request, entity);

		if (item != NULL)
			json_object_array_add(items, item);
		last = entity;
		entity = next(list, entity);
	}
	sb_weza_list_answer(list->request, members[kind], items,
						entity != NULL ? sb_weza_call_id(last->key) : NULL);
}

static void
free_terms(List *list)
{
	int i;

	for (i = 0; i < list->nterms; i++)
	{
		free(list->terms[i].field);
		json_object_put(list->terms[i].value);
	}
}

void
sb_weza_list_entities(SbRequest *request, SbWezaKind kind,
					  const char *const *fields,
					  json_object *(*shown)(const SbRequest *request,
											const SbEntity	*entity))
{
	List			list = {.request = request};
	SbWezaPage		page;
	const SbEntity *after = NULL;

	list.kind = &sb_weza_call_kinds[kind];
	if (sb_weza_list_page(request, &page))
	{
		sb_weza_call_name(&list.prefix, request, kind, "");
		if (page.after.len > 0)
			after = sb_weza_call_find(request, kind, page.after.data);
		if (page.after.len > 0 && after == NULL)
			sb_weza_call_refuse(request, 400, "pageToken is invalid");
		else if (!read_filter(&list, sb_request_query(request, "filter"),
							  fields))
			sb_weza_call_refuse(request, 400, "filter is invalid");
		else
			answer_page(&list, kind, page.size, after, shown);
	}
	free_terms(&list);
	sb_text_free(&list.prefix);
	sb_text_free(&page.after);
}
