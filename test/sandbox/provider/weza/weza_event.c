/*-------------------------------------------------------------------------
 * weza_event.c
 *	  Weza's events.
 *
 * The entity remembers what was sent, without the data when weza_keep_data
 * says so.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_event.h"

#include "core/json.h"
#include "core/moment.h"
#include "core/request.h"
#include "provider/weza/weza_borrower.h"
#include "provider/weza/weza_list.h"
#include "provider/weza/weza_rules.h"
#include "provider/weza/weza_settings.h"

static const SbEntityKind *const events =
	&sb_weza_call_kinds[SB_WEZA_CALL_EVENT];

static const SbJsonRule types[] = {
	{"accountId", SB_JSON_FILLED, true},
	{"eventType", SB_JSON_FILLED, true},
	{"timestamp", SB_JSON_FILLED, true},
	{"data", SB_JSON_ARRAY, true},
	{"data.*", SB_JSON_OBJECT, true},
	{"data.*.kind", SB_JSON_FILLED, true},
	{"data.*.values", SB_JSON_ARRAY, true},
	{"data.*.values.*", SB_JSON_OBJECT, true},
	{"data.*.values.*.address", SB_JSON_STRING, false},
	{"data.*.values.*.direction", SB_JSON_STRING, false},
	{"data.*.values.*.timestamp", SB_JSON_NUMBER, false},
	{"data.*.values.*.rawBody", SB_JSON_STRING, false},
	{NULL, 0, false},
};

static const char *const event_types[] = {"personal_data.captured", NULL};
static const char *const kinds[] = {
	"lending.wezaapis.com/sms",
	"lending.wezaapis.com/contact",
	"lending.wezaapis.com/device/battery",
	"lending.wezaapis.com/device/location",
	"lending.wezaapis.com/device/app",
	NULL,
};
static const char *const directions[] = {"inbound", "outbound", NULL};

static bool
is_event_type(json_object *value)
{
	return sb_weza_rules_one_of(value, event_types);
}

static bool
is_kind(json_object *value)
{
	return sb_weza_rules_one_of(value, kinds);
}

static bool
is_direction(json_object *value)
{
	return sb_weza_rules_one_of(value, directions);
}

/* 0 unread, 1 read, 2 unknown; samples have booleans, too. */
static bool
is_read(json_object *value)
{
	return json_object_is_type(value, json_type_boolean) ||
		   (json_object_is_type(value, json_type_int) &&
			json_object_get_int64(value) >= 0 &&
			json_object_get_int64(value) <= 2);
}

static const SbWezaRule values[] = {
	{"timestamp", sb_weza_rules_moment, 400,
	 " must be a moment with its zone, as 2019-05-12T12:00:00+03:00"},
	{"eventType", is_event_type, 422, " must be personal_data.captured"},
	{"data.*.kind", is_kind, 422, " is unknown"},
	{"data.*.values.*.direction", is_direction, 422,
	 " must be inbound or outbound"},
	{"data.*.values.*.read", is_read, 422, " must be 0, 1 or 2"},
	{NULL, NULL, 0, NULL},
};

/* The id of an event, and so its name. */
static void
put_name(SbText *name, const SbRequest *request, json_object *event,
		 const char *account)
{
	SbText	id = {0};
	int64_t ms;

	(void) sb_moment_read(sb_json_string(event, "timestamp", NULL), &ms);
	sb_weza_call_triple(&id, account, sb_json_string(event, "eventType", NULL),
						ms, false);
	sb_weza_call_name(name, request, SB_WEZA_CALL_EVENT, sb_text_end(&id));
	sb_text_free(&id);
}

/* What of a body is remembered. */
static json_object *
kept_of(json_object *body)
{
	json_object *kept = json_object_new_object();
	int64_t		 ms;

	(void) sb_moment_read(sb_json_string(body, "timestamp", NULL), &ms);
	json_object_object_add(kept, "accountId",
						   json_object_get(sb_json_at(body, "accountId")));
	json_object_object_add(kept, "eventType",
						   json_object_get(sb_json_at(body, "eventType")));
	json_object_object_add(kept, "timestamp", sb_weza_call_moment(ms));
	json_object_object_add(kept, "data",
						   sb_weza_settings.keep_data
							   ? json_object_get(sb_json_at(body, "data"))
							   : json_object_new_array());
	return kept;
}

/* An event, or somebody else's in its place. */
static json_object *
shown_with(const SbRequest *request, const SbEntity *entity, int status)
{
	json_object *kept = sb_entity_read(entity);
	const char	*account = request->wrong_subject
							   ? "borrower:" SB_WEZA_CALL_SOMEBODY
							   : sb_json_string(kept, "accountId", NULL);
	SbText		 name = {0};
	json_object *event;

	put_name(&name, request, kept, account);
	event = sb_weza_call_head(sb_text_end(&name), status,
							  (int64_t) entity->made_ms);
	json_object_object_add(event, "eventId",
						   json_object_new_string(sb_weza_call_id(name.data)));
	json_object_object_add(event, "accountId",
						   json_object_new_string(account));
	json_object_object_add(event, "eventType",
						   json_object_get(sb_json_at(kept, "eventType")));
	json_object_object_add(event, "timestamp",
						   json_object_get(sb_json_at(kept, "timestamp")));
	json_object_object_add(event, "appVersionId",
						   json_object_new_string("v1"));
	json_object_object_add(event, "data",
						   json_object_get(sb_json_at(kept, "data")));
	json_object_object_add(event, "result", NULL);
	sb_text_free(&name);
	json_object_put(kept);
	return event;
}

/* It takes its time to be processed as an assessment does. */
static json_object *
shown(const SbRequest *request, const SbEntity *entity)
{
	return shown_with(request, entity,
					  sb_entity_age_ms(entity) >=
						  (int64_t) sb_weza_settings.assessment_seconds *
							  1000);
}

void
sb_weza_event_create(SbRequest *request)
{
	const char *account;
	SbText		name = {0};

	if (!sb_weza_call_may_write(request) ||
		!sb_weza_rules_obeyed(request, request->body, types, values))
		return;
	account = sb_json_string(request->body, "accountId", NULL);
	put_name(&name, request, request->body, account);
	if (!sb_weza_borrower_known(request, account))
		sb_weza_call_refuse(request, 422, "accountId names no borrower");
	else if (sb_entity_find(events, sb_text_end(&name)) != NULL)
		sb_weza_call_refuse(request, 409, "The event exists already");
	else
		sb_weza_call_answer(request, sb_weza_settings.create_status,
							shown_with(request,
									   sb_entity_put(events, name.data,
													 kept_of(request->body)),
									   0));
	sb_text_free(&name);
}

void
sb_weza_event_show(SbRequest *request)
{
	const SbEntity *entity;

	if (!sb_weza_call_admitted(request))
		return;
	entity =
		sb_weza_call_find(request, SB_WEZA_CALL_EVENT, request->pieces[2]);
	if (entity == NULL)
		sb_weza_call_refuse(request, 404, "The event was not found");
	else
		sb_weza_call_answer(request, 200, shown(request, entity));
}

void
sb_weza_event_list(SbRequest *request)
{
	static const char *const fields[] = {"accountId", "eventType", NULL};

	if (sb_weza_call_admitted(request))
		sb_weza_list_entities(request, SB_WEZA_CALL_EVENT, fields, shown);
}

bool
sb_weza_event_any(const SbRequest *request, const char *account)
{
	const SbEntity *entity = NULL;
	SbText			prefix = {0};
	bool			found = false;

	sb_weza_call_name(&prefix, request, SB_WEZA_CALL_EVENT, "");
	while (!found && (entity = sb_entity_next(events, entity)) != NULL)
	{
		json_object *kept;

		if (strncmp(entity->key, prefix.data, prefix.len) != 0)
			continue;
		kept = sb_entity_read(entity);
		found = sb_json_is(kept, "accountId", account);
		json_object_put(kept);
	}
	sb_text_free(&prefix);
	return found;
}
