/*-------------------------------------------------------------------------
 * weza_call.c
 *	  What all of Weza's calls share.
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_call.h"

#include "core/hash.h"
#include "core/magic.h"
#include "core/moment.h"
#include "core/request.h"
#include "core/token.h"
#include "provider/weza/weza_login.h"
#include "provider/weza/weza_settings.h"

const SbEntityKind sb_weza_call_kinds[] = {
	[SB_WEZA_CALL_BORROWER] = {"borrower"},
	[SB_WEZA_CALL_EVENT] = {"event"},
	[SB_WEZA_CALL_ASSESSMENT] = {"assessment"},
	{NULL},
};

/* What a list of them is called in URLs. */
static const char *const collections[] = {
	[SB_WEZA_CALL_BORROWER] = "borrowers",
	[SB_WEZA_CALL_EVENT] = "events",
	[SB_WEZA_CALL_ASSESSMENT] = "assessments",
};

/* What is said of a status when nothing else is. */
static const struct
{
	int			status;
	const char *error;
	const char *description;
} refusals[] = {
	{400, "HttpRequestError", "The request is malformed"},
	{401, "Unauthorized", "The access token is missing, expired or revoked"},
	{403, "Forbidden", "The client lacks the permission for this"},
	{404, "HttpRequestError", "The resource was not found"},
	{409, "HttpRequestError", "The resource exists already"},
	{413, "HttpRequestError", "The body is 5 MB or more"},
	{422, "HttpRequestError", "The request breaks a logical constraint"},
	{429, "HttpRequestError", "Too many requests"},
	{500, "HttpRequestError", "Internal server error"},
};

void
sb_weza_call_refuse(SbRequest *request, int status, const char *message)
{
	const char *error = "HttpRequestError";
	const char *description = MHD_get_reason_phrase_for((unsigned int) status);
	SbText	   *out = &request->out;
	size_t		i;

	for (i = 0; i < lengthof(refusals); i++)
	{
		if (refusals[i].status != status)
			continue;
		error = refusals[i].error;
		description = refusals[i].description;
	}
	if (message != NULL)
		description = message;
	request->status = status;
	out->len = 0;
	sb_text_str(out, "{\"error\":");
	sb_text_json(out, error, strlen(error));
	sb_text_str(out, ",\"error_description\":");
	sb_text_json(out, description, strlen(description));
	sb_text_char(out, '}');
}

bool
sb_weza_call_admitted(SbRequest *request)
{
	const char *token = sb_request_authorization(request, "Bearer");

	if (token == NULL || !sb_token_check(request, token))
		sb_weza_call_refuse(request, 401, NULL);
	else if (request->in.len >= (size_t) sb_weza_settings.max_body)
		sb_weza_call_refuse(request, 413, NULL);
	else
		return true;
	return false;
}

bool
sb_weza_call_may_write(SbRequest *request)
{
	if (!sb_weza_call_admitted(request))
		return false;
	if (sb_weza_login_reads_only(request->account))
		sb_weza_call_refuse(request, 403, NULL);
	else if (request->body == NULL)
		sb_weza_call_refuse(request, 400, "The body is no JSON object");
	else
		return !sb_magic_refused(request);
	return false;
}

void
sb_weza_call_answer(SbRequest *request, int status, json_object *tree)
{
	size_t		len;
	const char *text = json_object_to_json_string_length(
		tree, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	request->status = status;
	sb_text_mem(&request->out, text, len);
	json_object_put(tree);
}

void
sb_weza_call_name(SbText *name, const SbRequest *request, SbWezaKind kind,
				  const char *id)
{
	sb_text_str(name, "projects/");
	sb_text_str(name, request->pieces[0]);
	sb_text_str(name, "/apps/");
	sb_text_str(name, request->pieces[1]);
	sb_text_char(name, '/');
	sb_text_str(name, collections[kind]);
	sb_text_char(name, '/');
	sb_text_str(name, id);
}

SbEntity *
sb_weza_call_find(const SbRequest *request, SbWezaKind kind, const char *id)
{
	SbText	  name = {0};
	SbEntity *entity;

	sb_weza_call_name(&name, request, kind, id);
	entity = sb_entity_find(&sb_weza_call_kinds[kind], sb_text_end(&name));
	sb_text_free(&name);
	return entity;
}

/* Behind the fifth slash: an id may have some itself. */
const char *
sb_weza_call_id(const char *name)
{
	int slashes = 5;

	while (slashes > 0)
		slashes -= *name++ == '/';
	return name;
}

/* A text as a JSON string; it is freed. */
static json_object *
string_of(SbText *text)
{
	json_object *string =
		json_object_new_string_len(text->data, (int) text->len);

	sb_text_free(text);
	return string;
}

json_object *
sb_weza_call_moment(int64_t ms)
{
	SbText text = {0};

	sb_moment_put(&text, ms);
	return string_of(&text);
}

json_object *
sb_weza_call_head(const char *name, int status, int64_t made_ms)
{
	json_object *head = json_object_new_object();
	SbText		 uid = {0};

	sb_text_uuid(&uid, sb_hash(name, strlen(name), 0));
	json_object_object_add(head, "uid", string_of(&uid));
	json_object_object_add(head, "name", json_object_new_string(name));
	json_object_object_add(head, "status", json_object_new_int(status));
	json_object_object_add(head, "createdAt", sb_weza_call_moment(made_ms));
	return head;
}

void
sb_weza_call_triple(SbText *id, const char *account, const char *type,
					int64_t ms, bool uuid)
{
	SbText triple = {0};

	sb_text_str(&triple, account);
	sb_text_char(&triple, ';');
	sb_text_str(&triple, type);
	sb_text_char(&triple, ';');
	sb_text_int(&triple, ms);
	if (uuid)
		sb_text_uuid(id, sb_hash(triple.data, triple.len, 0));
	else
		sb_text_base64(id, triple.data, triple.len);
	sb_text_free(&triple);
}

void
sb_weza_call_identify_account(SbRequest *request)
{
	if (sb_request_read_json(request))
		sb_request_subject_at(request, "accountId");
}

void
sb_weza_call_identify_id(SbRequest *request)
{
	const char *id = request->pieces[2];

	sb_request_subject(request, id, strlen(id));
}
