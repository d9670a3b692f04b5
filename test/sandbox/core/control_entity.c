/*-------------------------------------------------------------------------
 * control_entity.c
 *	  The commands of /control about time and what providers remember.
 *------------------------------------------------------------------------- */
#include "core/control_entity.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/control.h"
#include "core/entity.h"
#include "core/provider.h"
#include "core/request.h"

/* So many are shown when the query does not say. */
#define DEFAULT_SHOWN 100

/* Ten years: more is a mistake. */
#define MAX_ADVANCE_MS (INT64_C(3653) * 86400 * 1000)

static const char unknown_kind[] =
	"provider and kind must name a kind of entities";

static json_object *
entity_json(const SbEntity *entity)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "key", json_object_new_string(entity->key));
	json_object_object_add(object, "age_ms",
						   json_object_new_int64(sb_entity_age_ms(entity)));
	json_object_object_add(object, "document", sb_entity_read(entity));
	return object;
}

/* How many of each kind a provider has. */
static json_object *
counts_json(const SbProvider *provider)
{
	json_object		   *object = json_object_new_object();
	const SbEntityKind *kind = provider->kinds;

	for (; kind != NULL && kind->name != NULL; kind++)
		json_object_object_add(
			object, kind->name,
			json_object_new_int64((int64_t) sb_entity_count(kind)));
	return object;
}

static void
show_counts(SbRequest *request)
{
	json_object		 *object = json_object_new_object();
	json_object		 *counts = json_object_new_object();
	const SbProvider *provider;
	int				  i;

	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
	{
		if (provider->kinds != NULL)
			json_object_object_add(counts, provider->name,
								   counts_json(provider));
	}
	json_object_object_add(object, "providers", counts);
	sb_control_json(request, object);
}

static const SbEntityKind *
kind_of(const char *provider_name, const char *name)
{
	const SbProvider *provider = sb_provider_find(provider_name);

	return provider != NULL && name != NULL ? sb_provider_kind(provider, name)
											: NULL;
}

/* The kind that the query names; NULL with an error when there is none. */
static const SbEntityKind *
named_kind(SbRequest *request)
{
	const SbEntityKind *kind = kind_of(sb_request_query(request, "provider"),
									   sb_request_query(request, "kind"));

	if (kind == NULL)
		sb_control_error(request, 400, unknown_kind);
	return kind;
}

/* The latest n of a kind, oldest first. */
static json_object *
latest_json(const SbEntityKind *kind, size_t count, size_t n)
{
	json_object	   *array = json_object_new_array();
	const SbEntity *entity = NULL;
	size_t			skipped = 0;

	while ((entity = sb_entity_next(kind, entity)) != NULL)
	{
		if (count > n && skipped++ < count - n)
			continue;
		json_object_array_add(array, entity_json(entity));
	}
	return array;
}

void
sb_control_entity_list(SbRequest *request, json_object *in)
{
	const char		   *n = sb_request_query(request, "n");
	const SbEntityKind *kind;
	json_object		   *object;
	size_t				count;

	(void) in;
	if (sb_request_query(request, "provider") == NULL)
	{
		show_counts(request);
		return;
	}
	kind = named_kind(request);
	if (kind == NULL)
		return;
	count = sb_entity_count(kind);
	object = json_object_new_object();
	json_object_object_add(object, "count",
						   json_object_new_int64((int64_t) count));
	json_object_object_add(
		object, "entities",
		latest_json(kind, count,
					n != NULL ? strtoul(n, NULL, 10) : DEFAULT_SHOWN));
	sb_control_json(request, object);
}

void
sb_control_entity_show(SbRequest *request, json_object *in)
{
	const SbEntityKind *kind = named_kind(request);
	const char		   *key = sb_request_query(request, "key");
	const SbEntity	   *entity;
	json_object		   *object;

	(void) in;
	if (kind == NULL)
		return;
	if (key == NULL)
	{
		sb_control_error(request, 400, "key is required");
		return;
	}
	entity = sb_entity_find(kind, key);
	object = json_object_new_object();
	json_object_object_add(object, "entity",
						   entity != NULL ? entity_json(entity) : NULL);
	sb_control_json(request, object);
}

static const char *
text_member(json_object *in, const char *name)
{
	return json_object_get_string(sb_control_member(in, name));
}

/* Forgets those of a provider, or of all, whose kind and key are as wanted. */
static int
forget_some(const char *provider_name, const char *name, const char *key)
{
	const SbProvider *provider;
	int				  n = 0;
	int				  i;

	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
	{
		const SbEntityKind *kind = provider->kinds;

		if (provider_name != NULL &&
			strcmp(provider->name, provider_name) != 0)
			continue;
		for (; kind != NULL && kind->name != NULL; kind++)
		{
			if (name == NULL || strcmp(kind->name, name) == 0)
				n += sb_entity_forget(kind, key);
		}
	}
	return n;
}

void
sb_control_entity_forget(SbRequest *request, json_object *in)
{
	const char *provider = text_member(in, "provider");
	const char *kind = text_member(in, "kind");

	if (provider != NULL && sb_provider_find(provider) == NULL)
		sb_control_error(request, 400, "unknown provider");
	else if (provider != NULL && kind != NULL &&
			 kind_of(provider, kind) == NULL)
		sb_control_error(request, 400, unknown_kind);
	else
		sb_control_count(request, "forgotten",
						 forget_some(provider, kind, text_member(in, "key")));
}

void
sb_control_entity_advance(SbRequest *request, json_object *in)
{
	json_object *ms = sb_control_member(in, "ms");
	int64_t		 by = json_object_get_int64(ms);

	if (!json_object_is_type(ms, json_type_int) || by < 0 ||
		by > MAX_ADVANCE_MS)
		sb_control_error(request, 400,
						 "ms must be a whole number, 0 to ten years");
	else
		sb_control_count(request, "advanced_ms", sb_clock_advance(by));
}
