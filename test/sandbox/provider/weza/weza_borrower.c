/*-------------------------------------------------------------------------
 * weza_borrower.c
 *	  Weza's borrowers.
 *
 * The document of the entity is what a GET returns.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_borrower.h"

#include "core/clock.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/magic.h"
#include "core/request.h"
#include "provider/weza/weza_borrower_form.h"
#include "provider/weza/weza_call.h"
#include "provider/weza/weza_list.h"
#include "provider/weza/weza_settings.h"

static const SbEntityKind *const borrowers =
	&sb_weza_call_kinds[SB_WEZA_CALL_BORROWER];

void
sb_weza_borrower_identify(SbRequest *request)
{
	if (sb_request_read_json(request))
		sb_request_subject_at(request, "borrowerId");
}

void
sb_weza_borrower_identify_change(SbRequest *request)
{
	(void) sb_request_read_json(request);
	sb_weza_call_identify_id(request);
}

bool
sb_weza_borrower_known(const SbRequest *request, const char *account)
{
	static const char prefix[] = "borrower:";
	const char		 *id = account + strlen(prefix);

	return strncmp(account, prefix, strlen(prefix)) == 0 && *id != '\0' &&
		   (sb_weza_settings.any_account ||
			sb_weza_call_find(request, SB_WEZA_CALL_BORROWER, id) != NULL);
}

/* Beyond 32 bits, as the documented one. */
static json_object *
number_of(const char *name)
{
	uint64_t hash = sb_hash(name, strlen(name), 1);

	return json_object_new_int64(INT64_C(1000000000000) +
								 (int64_t) (hash % UINT64_C(8999999999999)));
}

/* A new borrower from what was sent. */
static json_object *
made_of(json_object *body, const char *name)
{
	json_object *borrower =
		sb_weza_call_head(name, 0, (int64_t) sb_clock_epoch_ms);

	json_object_object_add(borrower, "borrowerNo", number_of(name));
	sb_weza_borrower_form_add(borrower, body);
	return borrower;
}

/* As it is remembered, or somebody else in its place. */
static json_object *
shown(const SbRequest *request, const SbEntity *entity)
{
	json_object *borrower = sb_entity_read(entity);
	SbText		 name = {0};

	if (!request->wrong_subject)
		return borrower;
	sb_weza_call_name(&name, request, SB_WEZA_CALL_BORROWER,
					  SB_WEZA_CALL_SOMEBODY);
	json_object_object_add(borrower, "name",
						   json_object_new_string(sb_text_end(&name)));
	json_object_object_add(borrower, "borrowerId",
						   json_object_new_string(SB_WEZA_CALL_SOMEBODY));
	sb_text_free(&name);
	return borrower;
}

void
sb_weza_borrower_create(SbRequest *request)
{
	const char *id;
	SbText		name = {0};
	SbEntity   *entity;

	if (!sb_weza_call_may_write(request) ||
		!sb_weza_borrower_form_obeyed(request, request->body))
		return;
	id = sb_json_string(request->body, "borrowerId", NULL);
	sb_weza_call_name(&name, request, SB_WEZA_CALL_BORROWER, id);
	if (sb_entity_find(borrowers, sb_text_end(&name)) != NULL)
		sb_weza_call_refuse(request, 409, "The borrower exists already");
	else
	{
		entity = sb_entity_put(borrowers, name.data,
							   made_of(request->body, name.data));
		sb_weza_call_answer(request, sb_weza_settings.create_status,
							shown(request, entity));
	}
	sb_text_free(&name);
}

/* The borrower in the URL; NULL when the request has been refused. */
static SbEntity *
named(SbRequest *request)
{
	SbEntity *entity =
		sb_weza_call_find(request, SB_WEZA_CALL_BORROWER, request->pieces[2]);

	if (entity == NULL)
		sb_weza_call_refuse(request, 404, "The borrower was not found");
	return entity;
}

void
sb_weza_borrower_show(SbRequest *request)
{
	const SbEntity *entity;

	if (!sb_weza_call_admitted(request) || sb_magic_refused(request))
		return;
	entity = named(request);
	if (entity != NULL)
		sb_weza_call_answer(request, 200, shown(request, entity));
}

/* A borrower with changes, in Weza's form; NULL when they were refused. */
static json_object *
changed(SbRequest *request, const SbEntity *entity)
{
	json_object *borrower = sb_entity_read(entity);
	json_object *same = sb_json_at(request->body, "borrowerId");
	bool		 good;

	if (same != NULL &&
		!json_object_equal(same, sb_json_at(borrower, "borrowerId")))
	{
		sb_weza_call_refuse(request, 422, "borrowerId cannot be changed");
		json_object_put(borrower);
		return NULL;
	}
	sb_weza_borrower_form_change(borrower, request->body);
	good = sb_weza_borrower_form_obeyed(request, borrower);
	if (good)
		sb_weza_borrower_form_add(borrower, borrower);
	else
		json_object_put(borrower);
	return good ? borrower : NULL;
}

void
sb_weza_borrower_update(SbRequest *request)
{
	SbEntity	*entity;
	json_object *borrower;

	if (!sb_weza_call_may_write(request))
		return;
	entity = named(request);
	if (entity == NULL)
		return;
	borrower = changed(request, entity);
	if (borrower == NULL)
		return;
	sb_entity_write(entity, borrower);
	sb_weza_call_answer(request, 200, shown(request, entity));
}

void
sb_weza_borrower_list(SbRequest *request)
{
	static const char *const fields[] = {"borrowerId", "borrowerNo",
										 "category", NULL};

	if (sb_weza_call_admitted(request))
		sb_weza_list_entities(request, SB_WEZA_CALL_BORROWER, fields, shown);
}
