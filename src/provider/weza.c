/*-------------------------------------------------------------------------
 * weza.c
 *	  Weza: borrowers of a lending app, events about them, assessments.
 *
 * Pure functions; owns no memory.  Facts come from Weza's public
 * documentation, https://docs.weza.io/ ; comments name the page below it.
 * Creating an assessment is what is paid for; borrowers, events and everything
 * that only reads are free.  What exists already is refused with 409, and can
 * be read instead: so a create that was lost may be sent again.
 *------------------------------------------------------------------------- */
#include "provider/registry.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "provider/weza_classify.h"
#include "provider/weza_id.h"

/* errors: a body over 5 MB is refused; the guide says less than that. */
#define MAX_BODY_BYTES 5000000

/* query-parameters: pageSize is at most 1000. */
#define PAGE_SIZE "1000"

/* No length is documented but that of other ids, 50. */
#define ID_MAX_LENGTH 128

#define ACCOUNT_PREFIX	   "borrower:"
#define ACCOUNT_MAX_LENGTH (ID_MAX_LENGTH + (int) strlen(ACCOUNT_PREFIX))
#define TYPE_PREFIX		   "assessmentTypes/"
#define ADDRESS_MAX		   1024
#define MISNAMED_EVENT	   "personal_data.received"
#define CAPTURED_EVENT	   "personal_data.captured"
#define APP_PATH		   "/projects/{project}/apps/{app}"

/* ---------- options and account ---------- */

/* Pieces of a path: what is no character of a URL is encoded, dots are not. */
static bool
is_piece(const char *value)
{
	return cs_text_is_visible(value) && strcmp(value, ".") != 0 &&
		   strcmp(value, "..") != 0;
}

static bool
is_id(const char *value)
{
	return is_piece(value) && strlen(value) <= ID_MAX_LENGTH;
}

static bool
is_account(const char *value)
{
	return is_piece(value) && strlen(value) <= ACCOUNT_MAX_LENGTH;
}

static bool
check_path_piece(const char *value)
{
	return is_id(value) && strchr(value, '/') == NULL;
}

/* authentication: scopes are separated by commas in what is granted. */
static bool
check_scope(const char *value)
{
	size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyz"
							   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							   "0123456789.:_-, ");

	return len > 0 && value[len] == '\0';
}

static bool
check_address_length(const char *value)
{
	return strlen(value) < ADDRESS_MAX;
}

static const CsOption options[] = {
	{"project", CS_ON_SERVER, false, NULL,
	 "the id of a project such as random-chars-191382", check_path_piece},
	{"app", CS_ON_SERVER, false, NULL,
	 "the id of a lending app such as loanbee", check_path_piece},
	{"auth_url", CS_ON_SERVER, false, "https://auth.wezaapis.com/v1",
	 "an https:// address of a host, optionally with port and path; http:// is accepted for loopback addresses only",
	 check_address_length},
	{"scope", CS_ON_SERVER, false, "platform",
	 "a scope such as platform or platform.lending", check_scope},
	{"assessment_type", CS_ON_SERVER, false, "personal_credit_standard",
	 "the id of an assessment type such as personal_credit_standard", is_id},
	{"client_id", CS_ON_MAPPING, false, NULL,
	 "the client id of the API credentials", cs_text_is_visible},
	{"client_secret", CS_ON_MAPPING, true, NULL,
	 "the client secret of the API credentials", cs_text_is_visible},
	{0}};

static const char *const required[] = {"project", "app", NULL};
static const char *const addresses[] = {"auth_url", NULL};

/* authentication: a form, not JSON, to a host of its own. */
static CsStatus
build_login(const CsAccount *account, CsRequest *request, CsError *err)
{
	static const CsField body[] = {
		{"grant_type", CS_FROM_LITERAL, "client_credentials", CS_REQUIRED},
		{"client_id", CS_FROM_OPTION, "client_id", CS_REQUIRED},
		{"client_secret", CS_FROM_OPTION, "client_secret", CS_REQUIRED},
		{"scope", CS_FROM_OPTION, "scope", cs_left_out},
		{0}};
	static const CsTemplate template = {
		.path = "/oauth2/token", .body = body, .form = true};
	const char *address = cs_template_option(account, "auth_url");
	char		base[ADDRESS_MAX];
	CsAccount	there = *account;
	size_t		len;

	if (address == NULL)
		return cs_core_error(err, CS_ERR_ARGUMENT, "\"auth_url\" is missing");
	snprintf(base, sizeof(base), "%s", address);
	for (len = strlen(base); len > 0 && base[len - 1] == '/'; len--)
		base[len - 1] = '\0';
	there.base_url = base;
	return cs_template_build(&template, CS_POST, &there, NULL, request, err);
}

/* ---------- subjects ---------- */

static CsStatus
refuse_id(CsError *err, const char *what, int max_length)
{
	cs_core_error(err, CS_ERR_ARGUMENT, "malformed %s", what);
	cs_core_detail(
		err,
		"It has 1 to %d visible ASCII characters, without spaces, and is neither \".\" nor \"..\".",
		max_length);
	return CS_FAIL;
}

static CsStatus
normalise_borrower(const CsAccount *account, const char *subject, char *out,
				   CsError *err)
{
	(void) account;
	if (!is_id(subject))
		return refuse_id(err, "borrower id", ID_MAX_LENGTH);
	snprintf(out, CS_SUBJECT_SIZE, "%s", subject);
	return CS_OK;
}

/* concepts: accounts are borrowers; "10023" is short for "borrower:10023". */
static CsStatus
normalise_account(const CsAccount *account, const char *subject, char *out,
				  CsError *err)
{
	bool whole = strchr(subject, ':') != NULL;

	(void) account;
	if (!(whole ? is_account(subject) : is_id(subject)))
		return refuse_id(err, "account id",
						 whole ? ACCOUNT_MAX_LENGTH : ID_MAX_LENGTH);
	snprintf(out, CS_SUBJECT_SIZE, "%s%s", whole ? "" : ACCOUNT_PREFIX,
			 subject);
	return CS_OK;
}

/* Of a document that goes out as it is. */
static CsStatus
normalise_written_account(const CsAccount *account, const char *subject,
						  char *out, CsError *err)
{
	(void) account;
	if (!is_account(subject))
		return refuse_id(err, "account id", ACCOUNT_MAX_LENGTH);
	snprintf(out, CS_SUBJECT_SIZE, "%s", subject);
	return CS_OK;
}

/* An id that Weza gave: a UUID, or base64 of a triple, which is longer. */
static CsStatus
normalise_given_id(const CsAccount *account, const char *subject, char *out,
				   CsError *err)
{
	(void) account;
	if (is_piece(subject) && strlen(subject) < CS_SUBJECT_SIZE)
	{
		snprintf(out, CS_SUBJECT_SIZE, "%s", subject);
		return CS_OK;
	}
	cs_core_error(err, CS_ERR_ARGUMENT, "malformed id");
	cs_core_detail(err, "It has 1 to %d visible ASCII characters.",
				   CS_SUBJECT_SIZE - 1);
	return CS_FAIL;
}

/* What is asked for is no one's; the subject is always the same. */
static CsStatus
normalise_nobody(const CsAccount *account, const char *subject, char *out,
				 CsError *err)
{
	(void) account;
	(void) err;
	snprintf(out, CS_SUBJECT_SIZE, "%s", subject);
	return CS_OK;
}

/* ---------- requests ---------- */

/* A template whose body is small enough. */
static CsStatus
build(const CsTemplate *template, CsMethod method, const CsAccount *account,
	  const CsArguments *args, CsRequest *request, CsError *err)
{
	if (cs_template_build(template, method, account, args, request, err) !=
		CS_OK)
		return CS_FAIL;
	if (request->body.len < MAX_BODY_BYTES)
		return CS_OK;
	cs_core_error(err, CS_ERR_ARGUMENT, "document is too large");
	cs_core_detail(err, "Weza takes less than 5 MB.");
	return CS_FAIL;
}

static CsStatus
build_borrower_create(const CsAccount *account, const CsArguments *args,
					  CsRequest *request, CsError *err)
{
	static const CsTemplate template = {.path = APP_PATH "/borrowers",
										.document = "document"};

	return build(&template, CS_POST, account, args, request, err);
}

/* The guide: what is sent replaces, the list of loans as a whole. */
static CsStatus
build_borrower_update(const CsAccount *account, const CsArguments *args,
					  CsRequest *request, CsError *err)
{
	static const CsTemplate template = {
		.path = APP_PATH "/borrowers/{subject}", .document = "changes"};
	const char *changes = cs_template_argument(args, "changes");

	if (changes != NULL && changes[strspn(changes, " ")] != '{')
	{
		cs_core_error(err, CS_ERR_ARGUMENT, "malformed document");
		cs_core_detail(err, "\"changes\" must be an object.");
		return CS_FAIL;
	}
	return build(&template, CS_PATCH, account, args, request, err);
}

static CsStatus
build_borrower(const CsAccount *account, const CsArguments *args,
			   CsRequest *request, CsError *err)
{
	static const CsTemplate template = {.path =
											APP_PATH "/borrowers/{subject}"};

	return build(&template, CS_GET, account, args, request, err);
}

static CsStatus
refuse_member(CsError *err, const char *name, const char *expects)
{
	cs_core_error(err, CS_ERR_ARGUMENT, "malformed event");
	cs_core_detail(err, "\"%s\" must be %s.", name, expects);
	return CS_FAIL;
}

/* rest-reference/apps.events; the id follows from the first three. */
static CsStatus
check_event(struct json_object *event, CsError *err)
{
	const char *account = cs_json_get_text(event, "accountId");
	const char *type = cs_json_get_text(event, "eventType");
	const char *time = cs_json_get_text(event, "timestamp");
	int64_t		ms;

	if (account == NULL || !is_account(account))
		return refuse_member(err, "accountId",
							 "an account such as borrower:10023");
	if (type == NULL || !is_id(type) || strcmp(type, MISNAMED_EVENT) == 0)
		return refuse_member(err, "eventType",
							 "a type such as " CAPTURED_EVENT);
	if (time == NULL || !cs_weza_id_time(time, &ms))
		return refuse_member(
			err, "timestamp",
			"a time with its offset, such as 2020-03-11T12:00:00+03:00");
	if (!json_object_is_type(cs_json_get(event, "data"), json_type_array))
		return refuse_member(err, "data", "an array");
	return CS_OK;
}

static CsStatus
parse_document(const CsArguments *args, struct json_object **root,
			   CsError *err)
{
	const char *document = cs_template_argument(args, "document");

	if (document == NULL)
		return cs_core_error(err, CS_ERR_ARGUMENT, "\"document\" is missing");
	return cs_template_parse("document", document, root, err);
}

static CsStatus
build_event_create(const CsAccount *account, const CsArguments *args,
				   CsRequest *request, CsError *err)
{
	static const CsTemplate template = {.path = APP_PATH "/events",
										.document = "document"};
	struct json_object *event;
	CsStatus			checked;

	if (parse_document(args, &event, err) != CS_OK)
		return CS_FAIL;
	checked = check_event(event, err);
	json_object_put(event);
	if (checked != CS_OK)
		return CS_FAIL;
	return build(&template, CS_POST, account, args, request, err);
}

static CsStatus
build_event(const CsAccount *account, const CsArguments *args,
			CsRequest *request, CsError *err)
{
	static const CsTemplate template = {.path = APP_PATH "/events/{subject}"};

	return build(&template, CS_GET, account, args, request, err);
}

/* The arguments, and one more. */
static CsArguments
with_argument(const CsArguments *args, CsPair *pairs, int room, CsPair more)
{
	CsArguments all = *args;
	int			n = CS_MIN(args->npairs, room - 1);

	for (int i = 0; i < n; i++)
		pairs[i] = args->pairs[i];
	pairs[n] = more;
	all.pairs = pairs;
	all.npairs = n + 1;
	return all;
}

/* rest-reference/apps.assessments */
static CsStatus
build_assessment_create(const CsAccount *account, const CsArguments *args,
						CsRequest *request, CsError *err)
{
	static const CsField body[] = {
		{"accountId", CS_FROM_ARGUMENT, "subject", CS_REQUIRED},
		{"assessmentType", CS_FROM_ARGUMENT, "type_name", CS_REQUIRED},
		{"timestamp", CS_FROM_ARGUMENT, "assessed_at", CS_REQUIRED},
		{0}};
	static const CsTemplate template = {.path = APP_PATH "/assessments",
										.body = body};
	const char *type = cs_template_argument(args, "assessment_type");
	char		name[ID_MAX_LENGTH + sizeof(TYPE_PREFIX)];
	CsPair		pairs[8];
	CsArguments all;

	if (type == NULL)
		type = cs_template_option(account, "assessment_type");
	if (type == NULL || !is_id(type))
		return refuse_id(err, "assessment type", ID_MAX_LENGTH);
	snprintf(name, sizeof(name), "%s%s",
			 strchr(type, '/') != NULL ? "" : TYPE_PREFIX, type);
	all = with_argument(args, pairs, 8, (CsPair){"type_name", name});
	return build(&template, CS_POST, account, &all, request, err);
}

/* Ids of the older form hold "=", which the path must not. */
static CsStatus
build_assessment(const CsAccount *account, const CsArguments *args,
				 CsRequest *request, CsError *err)
{
	static const CsTemplate template = {.path =
											APP_PATH "/assessments/{subject}"};

	return build(&template, CS_GET, account, args, request, err);
}

/* query-parameters: filter=field:value, split at the first colon. */
static CsStatus
build_assessments(const CsAccount *account, const CsArguments *args,
				  CsRequest *request, CsError *err)
{
	static const CsField query[] = {
		{"filter", CS_FROM_ARGUMENT, "filter", CS_REQUIRED},
		{"pageSize", CS_FROM_LITERAL, PAGE_SIZE, CS_REQUIRED},
		{"pageToken", CS_FROM_ARGUMENT, "page_token", cs_left_out},
		{0}};
	static const CsTemplate template = {.path = APP_PATH "/assessments",
										.query = query};
	const char *subject = cs_template_argument(args, "subject");
	char		filter[CS_SUBJECT_SIZE + 16];
	CsPair		pairs[8];
	CsArguments all;

	snprintf(filter, sizeof(filter), "accountId:%s", subject ? subject : "");
	all = with_argument(args, pairs, 8, (CsPair){"filter", filter});
	return build(&template, CS_GET, account, &all, request, err);
}

/* rest-reference/assessmenttypes */
static CsStatus
build_assessment_types(const CsAccount *account, const CsArguments *args,
					   CsRequest *request, CsError *err)
{
	static const CsField query[] = {
		{"pageSize", CS_FROM_LITERAL, PAGE_SIZE, CS_REQUIRED},
		{"pageToken", CS_FROM_ARGUMENT, "page_token", cs_left_out},
		{0}};
	static const CsTemplate template = {.path = "/assessmentTypes",
										.query = query};

	return build(&template, CS_GET, account, args, request, err);
}

/* ---------- what exists already ---------- */

static CsStatus
existing_borrower(const CsArguments *args, char *out, CsError *err)
{
	return normalise_borrower(NULL, cs_template_argument(args, "subject"), out,
							  err);
}

/* rest-reference/apps.events: account, type and time make the id. */
static CsStatus
existing_event(const CsArguments *args, char *out, CsError *err)
{
	struct json_object *event;
	CsStatus			status;
	int64_t				ms;

	if (parse_document(args, &event, err) != CS_OK)
		return CS_FAIL;
	status = check_event(event, err);
	if (status == CS_OK &&
		(!cs_weza_id_time(cs_json_get_text(event, "timestamp"), &ms) ||
		 !cs_weza_id(cs_json_get_text(event, "accountId"),
					 cs_json_get_text(event, "eventType"), ms, out,
					 CS_SUBJECT_SIZE)))
		status =
			cs_core_error(err, CS_ERR_ARGUMENT, "id of the event is too long");
	json_object_put(event);
	return status;
}

/* ---------- the provider ---------- */

static const CsEndpoint endpoints[] = {
	{.name = "borrower_create",
	 .method = CS_POST,
	 .fee = CS_FEE_NONE,
	 .subject_name = "borrower id",
	 .existing = "borrower",
	 .name_existing = existing_borrower,
	 .normalise = normalise_borrower,
	 .build = build_borrower_create,
	 .classify = cs_weza_classify_borrower_create},
	{.name = "borrower_update",
	 .method = CS_PATCH,
	 .fee = CS_FEE_NONE,
	 .subject_name = "borrower id",
	 .normalise = normalise_borrower,
	 .build = build_borrower_update,
	 .classify = cs_weza_classify_borrower},
	{.name = "borrower",
	 .method = CS_GET,
	 .fee = CS_FEE_NONE,
	 .subject_name = "borrower id",
	 .normalise = normalise_borrower,
	 .build = build_borrower,
	 .classify = cs_weza_classify_borrower},
	{.name = "event_create",
	 .method = CS_POST,
	 .fee = CS_FEE_NONE,
	 .subject_name = "account id",
	 .existing = "event",
	 .name_existing = existing_event,
	 .normalise = normalise_written_account,
	 .build = build_event_create,
	 .classify = cs_weza_classify_event_create},
	{.name = "event",
	 .method = CS_GET,
	 .fee = CS_FEE_NONE,
	 .subject_name = "event id",
	 .normalise = normalise_given_id,
	 .build = build_event,
	 .classify = cs_weza_classify_event},
	{.name = "assessment_create",
	 .method = CS_POST,
	 .fee = CS_FEE_CALL,
	 .subject_name = "account id",
	 .normalise = normalise_account,
	 .build = build_assessment_create,
	 .classify = cs_weza_classify_assessment_create},
	{.name = "assessment",
	 .method = CS_GET,
	 .fee = CS_FEE_NONE,
	 .subject_name = "assessment id",
	 .normalise = normalise_given_id,
	 .build = build_assessment,
	 .classify = cs_weza_classify_assessment},
	{.name = "assessments",
	 .method = CS_GET,
	 .fee = CS_FEE_NONE,
	 .subject_name = "account id",
	 .normalise = normalise_account,
	 .build = build_assessments,
	 .classify = cs_weza_classify_assessments},
	{.name = "assessment_types",
	 .method = CS_GET,
	 .fee = CS_FEE_NONE,
	 .shared = true,
	 .subject_name = "list",
	 .normalise = normalise_nobody,
	 .build = build_assessment_types,
	 .classify = cs_weza_classify_assessment_types},
	{0}};

/* rest-reference: production base. */
const CsProvider cs_weza = {
	.name = "weza",
	.title = "Weza",
	.default_base_url = "https://lending.wezaapis.com/v1",
	.options = options,
	.required = required,
	.addresses = addresses,
	.endpoints = endpoints,
	.polling = {2000, 15000, 600000},
	.credentials = cs_registry_client,
	.check_account = cs_registry_check_client,
	.needs_login = cs_registry_client_logs_in,
	.build_login = build_login,
	/* authentication: {"access_token", "token_type", "expires_at", "scope"},
	 * for 24 hours. */
	.read_login = cs_registry_read_client_login,
};
