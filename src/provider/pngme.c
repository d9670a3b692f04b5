/*-------------------------------------------------------------------------
 * pngme.c
 *	  Pngme: risk score and features of a mobile phone user.
 *
 * Pure functions; owns no memory.  Facts come from Pngme's public documentation,
 * https://developers.api.pngme.com/reference/ , and its Python client,
 * https://pypi.org/project/pngme-api ; comments name the page.  Where neither
 * says anything, replies are read tolerantly.
 *------------------------------------------------------------------------- */
#include "provider/registry.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "provider/phone.h"

/* quickstart-guide: "API tokens are valid for 12 hours". */
#define TOKEN_LIFETIME (12 * 60 * 60)

#define DEFAULT_ENVIRONMENT "production"

/* So many last digits of a number survive any way of writing its prefix. */
#define PHONE_SAME_DIGITS 9

/* "india" to "unitedkingdom": a name, not an ISO code. */
#define COUNTRY_MIN_LETTERS 4
#define COUNTRY_MAX_LETTERS 32

static bool
check_country(const char *value)
{
	size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyz");

	return value[len] == '\0' && len >= COUNTRY_MIN_LETTERS &&
		   len <= COUNTRY_MAX_LETTERS;
}

/* RFC 7617 section 2: a user-id with a colon cannot be sent. */
static bool
check_email(const char *value)
{
	return cs_text_is_visible(value) && strchr(value, '@') != NULL &&
		   strchr(value, ':') == NULL;
}

static const CsOption options[] = {
	{"country", CS_ON_SERVER, false, NULL,
	 "a lower-case country name such as nigeria", check_country},
	{"organization", CS_ON_SERVER, false, NULL,
	 "the organization's name in the Pngme dashboard", NULL},
	{"environment", CS_ON_SERVER, false, DEFAULT_ENVIRONMENT,
	 "production or test", NULL},
	{"email", CS_ON_MAPPING, false, NULL,
	 "the e-mail address of a dashboard log-in", check_email},
	{"password", CS_ON_MAPPING, true, NULL,
	 "the password of the dashboard log-in", NULL},
	{"api_token", CS_ON_MAPPING, true, NULL,
	 "a token made in the Pngme dashboard", cs_text_is_visible},
	{0}};

/* ---------- account and log-in ---------- */

static const char *const   required[] = {"country", NULL};
static const CsCredentials credentials[] = {
	{{"email", "password"}}, {{"api_token"}}, {{0}}};

/* A fixed token wins over e-mail address and password. */
static CsStatus
check_account(const CsAccount *account, CsError *err)
{
	if (cs_template_option(account, "api_token") != NULL)
		return cs_registry_check_credential(account, "api_token", err);
	if (cs_registry_check_credential(account, "email", err) != CS_OK)
		return CS_FAIL;
	if (!check_email(cs_template_option(account, "email")))
		return cs_core_error(err, CS_ERR_MAPPING_VALUE,
							 "credential \"email\" is no e-mail address");
	return CS_OK;
}

static bool
needs_login(const CsAccount *account)
{
	return cs_template_option(account, "api_token") == NULL;
}

/* A token of the dashboard, which does not expire. */
static CsStatus
put_credentials(const CsAccount *account, CsBuf *headers, CsError *err)
{
	if (cs_registry_check_credential(account, "api_token", err) != CS_OK)
		return CS_FAIL;
	return cs_template_put_bearer(headers, "Authorization",
								  cs_template_option(account, "api_token"),
								  err);
}

/* quickstart-guide: GET /auth, Authorization: Basic base64(email:password). */
static CsStatus
build_login(const CsAccount *account, CsRequest *request, CsError *err)
{
	static const CsTemplate template = {.path = "/auth"};
	const char *email = cs_template_option(account, "email");
	const char *password = cs_template_option(account, "password");
	CsBuf		user = {0};

	if (email == NULL || password == NULL)
		return cs_core_error(err, CS_ERR_MAPPING_LACKS,
							 "user mapping lacks \"email\" or \"password\"");
	if (cs_template_build(&template, CS_GET, account, NULL, request, err) !=
		CS_OK)
		return CS_FAIL;
	cs_buf_puts(&user, email);
	cs_buf_puts(&user, ":");
	cs_buf_puts(&user, password);
	cs_buf_puts(&request->headers, "Authorization: Basic ");
	if (user.failed)
		request->headers.failed = true;
	else
		cs_buf_put_base64(&request->headers, user.data, user.len);
	cs_buf_puts(&request->headers, "\n");
	cs_buf_free(&user);
	return cs_template_check(request, err);
}

/* The element of a list whose member `name` is `wanted`; NULL when none. */
static struct json_object *
find_by_text(struct json_object *list, const char *name, const char *wanted)
{
	if (!json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list); i++)
	{
		struct json_object *element = json_object_array_get_idx(list, i);
		const char		   *text = cs_json_get_text(element, name);

		if (text != NULL && strcmp(text, wanted) == 0)
			return element;
	}
	return NULL;
}

/* The organization asked for, or the only one there is. */
static struct json_object *
choose_organization(const CsAccount *account, struct json_object *list,
					CsError *err)
{
	const char		   *wanted = cs_template_option(account, "organization");
	size_t				count = json_object_array_length(list);
	struct json_object *found;

	if (wanted == NULL && count == 1)
	{
		found = json_object_array_get_idx(list, 0);
		if (json_object_is_type(found, json_type_object))
			return found;
		cs_core_error(err, CS_ERR_NOT_UNDERSTOOD,
					  "Pngme log-in gave an organization that is no object");
		return NULL;
	}
	if (wanted == NULL)
	{
		cs_core_error(err,
					  count > 0 ? CS_ERR_SERVER_REFUSED : CS_ERR_CREDENTIALS,
					  "no choice of organization at the Pngme log-in");
		cs_core_detail(err,
					   "The account belongs to %zu organizations; the "
					   "server option \"organization\" must name one.",
					   count);
		return NULL;
	}
	found = find_by_text(list, "organization_name", wanted);
	if (found == NULL)
	{
		cs_core_error(err, CS_ERR_SERVER_REFUSED,
					  "Pngme log-in lacks the wanted organization");
		cs_core_detail(err, "The account has no organization \"%s\".", wanted);
	}
	return found;
}

/* The api_token of the wanted environment; NULL with an error. */
static const char *
choose_token(const CsAccount *account, struct json_object *organization,
			 CsError *err)
{
	const char *wanted = cs_template_option(account, "environment");
	const char *name = cs_json_get_text(organization, "organization_name");
	const char *text;

	if (wanted == NULL)
		wanted = DEFAULT_ENVIRONMENT;
	text = cs_json_get_text(
		find_by_text(cs_json_get(organization, "auth"), "type", wanted),
		"api_token");
	if (text == NULL)
	{
		cs_core_error(err, CS_ERR_SERVER_REFUSED,
					  "Pngme log-in lacks the wanted environment");
		cs_core_detail(err,
					   "Organization \"%.100s\" has no API token for "
					   "environment \"%s\".",
					   name ? name : "", wanted);
		cs_text_redact(err->detail);
	}
	return text;
}

/*
 * quickstart-guide:
 * [{"organization_name", "organization_uuid",
 *	 "auth": [{"type": "production", "api_token", "sdk_token"}]}]
 */
static CsStatus
read_login(const CsAccount *account, const CsReply *reply, int64_t now,
		   CsToken *token, CsError *err)
{
	struct json_object *root;
	struct json_object *organization;
	const char		   *text;
	CsStatus			status = CS_FAIL;

	if (cs_json_parse(reply->body, reply->len, &root, err) != CS_OK)
		return CS_FAIL;
	if (!json_object_is_type(root, json_type_array))
		cs_core_error(err, CS_ERR_NOT_UNDERSTOOD,
					  "Pngme log-in gave no list of organizations");
	else if ((organization = choose_organization(account, root, err)) !=
				 NULL &&
			 (text = choose_token(account, organization, err)) != NULL)
		status = cs_token_set(token, text, NULL, now, TOKEN_LIFETIME, err);
	json_object_put(root);
	return status;
}

/* ---------- decision ---------- */

/*
 * getnigeriariskscore: a number with country code and without plus sign, as
 * the Android SDK registered it ("2343456789011").
 */
static CsStatus
normalise_phone(const CsAccount *account, const char *subject, char *out,
				CsError *err)
{
	return cs_phone_normalise(cs_template_option(account, "country"), subject,
							  out, CS_SUBJECT_SIZE, err);
}

/*
 * getnigeriariskscore: exactly one of phone_number, external_id and user_uuid;
 * utc_endtime (feature-dictionary) bounds the data used, as naive UTC
 * "2023-11-17T00:00:00".
 */
static CsStatus
build_decision(const CsAccount *account, const CsArguments *args,
			   CsRequest *request, CsError *err)
{
	static const CsField query[] = {
		{"phone_number", CS_FROM_ARGUMENT, "subject", CS_REQUIRED},
		{"utc_endtime", CS_FROM_ARGUMENT, "utc_endtime", cs_left_out},
		{0}};
	static const CsTemplate template = {.path = "/{country}/decision",
										.query = query};

	return cs_template_build(&template, CS_GET, account, args, request, err);
}

/* Is the member absent, null or of this type?  *present counts null too. */
static bool
member_fits(struct json_object *root, const char *name, json_type type,
			bool *present)
{
	struct json_object *value;

	if (!json_object_object_get_ex(root, name, &value))
		return true;
	*present = true;
	return value == NULL || json_object_is_type(value, type);
}

/* A probability of an overdue loan; null is not excluded by any page. */
static bool
risk_score_fits(struct json_object *root, bool *present)
{
	struct json_object *value;
	double				score;

	if (!json_object_object_get_ex(root, "risk_score", &value))
		return true;
	*present = true;
	if (value == NULL)
		return true;
	if (!json_object_is_type(value, json_type_double) &&
		!json_object_is_type(value, json_type_int))
		return false;
	score = cs_json_double(value);
	return score >= 0 && score <= 1;
}

/* Does user.phone_number, if there is one, end as the number asked for? */
static bool
same_phone(const CsArguments *args, struct json_object *root)
{
	struct json_object *phone =
		cs_json_get(cs_json_get(root, "user"), "phone_number");
	const char *asked = cs_template_argument(args, "subject");
	char		buf[CS_JSON_INTEGER_SIZE];
	const char *answered;

	answered = cs_json_word(phone, buf, sizeof(buf));
	return asked == NULL || answered == NULL ||
		   cs_phone_same_last_digits(asked, answered, PHONE_SAME_DIGITS);
}

/*
 * getnigeriariskscore: 400 "Invalid parameters or insufficient data to
 * estimate risk score".  For an unknown user nothing is documented: 404 and
 * 422 are what such services answer.
 */
static const CsStatusMeaning decision_meanings[] = {
	{400, CS_ERR_SUBJECT, "subject is unknown or cannot be scored", false},
	{404, CS_ERR_SUBJECT, "subject is unknown", false},
	{422, CS_ERR_SUBJECT, "subject is not accepted", false},
	{0}};

/*
 * quickstart-guide, near real-time decisioning: until a user is older than
 * five minutes not all of the phone's messages may have been seen.
 */
#define YOUNG_MINUTES 5
#define YOUNG_FRESH_S 30

static bool
is_young(struct json_object *root)
{
	int64_t minutes;

	return cs_json_get_int64(root, "user_created_at_elapsed_minutes",
							 &minutes) &&
		   minutes <= YOUNG_MINUTES;
}

/* quickstart-guide: an object with user, risk_score and features. */
static void
classify_decision(const CsAccount *account, const CsArguments *args,
				  const CsReply *reply, struct json_object *root,
				  const CsError *parse_error, CsVerdict *verdict)
{
	const char *wrong = NULL;
	bool		present = false;

	(void) account;
	if (cs_verdict_by_status(&cs_pngme, CS_FEE_CALL, decision_meanings, args,
							 reply->http_status, root, parse_error, verdict))
		return;
	if (reply->http_status != 200)
		wrong = "its status is not 200";
	else if (!json_object_is_type(root, json_type_object))
		wrong = "it is not an object";
	else if (!risk_score_fits(root, &present))
		wrong = "its risk_score is not a number from 0 to 1";
	else if (!member_fits(root, "features", json_type_object, &present))
		wrong = "its features are not an object";
	else if (!member_fits(root, "user", json_type_object, &present))
		wrong = "its user is not an object";
	else if (!present)
		wrong = "it has no risk_score, features or user";
	else if (!same_phone(args, root))
		wrong = "it is about another subject";
	if (wrong == NULL)
	{
		verdict->fresh_s = is_young(root) ? YOUNG_FRESH_S : 0;
		return;
	}
	cs_verdict_fail(verdict, CS_ERR_NOT_UNDERSTOOD,
					"answer of Pngme is not understood: %s", wrong);
	cs_verdict_quote(verdict, &cs_pngme, args, root);
}

static const CsEndpoint endpoints[] = {{.name = "decision",
										.method = CS_GET,
										.fee = CS_FEE_CALL,
										.shared = true,
										.subject_name = "phone",
										.normalise = normalise_phone,
										.build = build_decision,
										.classify = classify_decision},
									   {0}};

/* Base of the official Python client. */
const CsProvider cs_pngme = {
	.name = "pngme",
	.title = "Pngme",
	.default_base_url = "https://api.pngme.com/beta",
	.options = options,
	.endpoints = endpoints,
	.required = required,
	.polling = {60000, 60000, 7 * 60000},
	.credentials = credentials,
	.check_account = check_account,
	.needs_login = needs_login,
	.put_credentials = put_credentials,
	.build_login = build_login,
	.read_login = read_login,
};
