/*-------------------------------------------------------------------------
 * lenderlink.c
 *	  LenderLink: Loan Applications Check of a Philippine mobile number.
 *
 * Pure functions; owns no memory.  Facts come from LenderLink's public guides,
 * https://docs.lenderlink.ph/product-guides/api-integration-guides/ (here
 * "guides"), and https://github.com/lenderlink/lenderlink-docs (here "docs").
 * Two forms of the API exist; the first product asked for tells which.
 *------------------------------------------------------------------------- */
#include "provider/registry.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "provider/phone.h"

/* guides, loan-applications-check-api: the older product and the newer. */
#define DEFAULT_PRODUCTS "911;"
#define NEWER_PRODUCT	 "CVSCR2;"

/*
 * Operation codes.  LenderLink prints "0000" only; the others are those of
 * the FinScore product behind it (https://websitef4all.com/92143774.html).
 */
/* Longer than the name of any product. */
#define PRODUCT_NAME_SIZE 64

#define CODE_OK			   "0000"
#define CODE_NO_SCORE	   "1000"
#define CODE_GENERAL_ERROR "1111"
#define CODE_UNAUTHORIZED  "401"

/* ---------- options and account ---------- */

/* "911;" or "911;G;": every product ends with a semicolon. */
static bool
check_product_ids(const char *value)
{
	bool in_product = false;

	if (*value == '\0')
		return false;
	for (; *value != '\0'; value++)
	{
		bool letter = (*value >= '0' && *value <= '9') ||
					  (*value >= 'A' && *value <= 'Z') ||
					  (*value >= 'a' && *value <= 'z');

		if (!letter && (*value != ';' || !in_product))
			return false;
		in_product = letter;
	}
	return !in_product;
}

static const CsOption options[] = {
	{"product_ids", CS_ON_SERVER, false, DEFAULT_PRODUCTS,
	 "products each followed by a semicolon, such as 911; or CVSCR2;",
	 check_product_ids},
	{"token_path", CS_ON_SERVER, false, "/oauth/token",
	 "a path such as /oauth/token or /oauth2/token", cs_registry_check_path},
	{"score_path", CS_ON_SERVER, false, "/api/v1/telco/score",
	 "a path such as /api/v1/telco/score", cs_registry_check_path},
	{"client_id", CS_ON_MAPPING, false, NULL,
	 "the client id given at onboarding", cs_text_is_visible},
	{"client_secret", CS_ON_MAPPING, true, NULL,
	 "the client secret given at onboarding", cs_text_is_visible},
	{0}};

/* guides, authentication: a JSON body, not a form. */
static CsStatus
build_login(const CsAccount *account, CsRequest *request, CsError *err)
{
	static const CsField body[] = {
		{"grant_type", CS_FROM_LITERAL, "client_credentials", CS_REQUIRED},
		{"client_id", CS_FROM_OPTION, "client_id", CS_REQUIRED},
		{"client_secret", CS_FROM_OPTION, "client_secret", CS_REQUIRED},
		{0}};
	static const CsTemplate template = {.path = "{+token_path}", .body = body};

	return cs_template_build(&template, CS_POST, account, NULL, request, err);
}

/* ---------- the question ---------- */

/*
 * docs, shared/phone-normalization.md: 63 and ten digits; 09 and nine digits,
 * or 9 and nine digits, get the country code.
 */
static CsStatus
normalise_msisdn(const CsAccount *account, const char *subject, char *out,
				 CsError *err)
{
	(void) account;
	return cs_phone_normalise("philippines", subject, out, CS_SUBJECT_SIZE,
							  err);
}

static bool
is_newer_form(const CsAccount *account)
{
	const char *products = cs_template_option(account, "product_ids");

	return products != NULL &&
		   strncmp(products, NEWER_PRODUCT, strlen(NEWER_PRODUCT)) == 0;
}

/* guides, loan-applications-check-api, older and newer variant. */
static CsStatus
build_lac(const CsAccount *account, const CsArguments *args,
		  CsRequest *request, CsError *err)
{
	static const CsField older_body[] = {
		{"mobileNumber", CS_FROM_ARGUMENT, "subject", CS_REQUIRED},
		{"productIds", CS_FROM_OPTION, "product_ids", CS_REQUIRED},
		{"requestId", CS_FROM_REQUEST_ID, NULL, CS_REQUIRED},
		{0}};
	static const CsField newer_body[] = {
		{"cellphoneNumber", CS_FROM_ARGUMENT, "subject", CS_REQUIRED},
		{"productIds", CS_FROM_OPTION, "product_ids", CS_REQUIRED},
		{"requestId", CS_FROM_REQUEST_ID, NULL, CS_REQUIRED},
		{0}};
	static const CsTemplate older = {.path = "{+score_path}",
									 .body = older_body};
	static const CsTemplate newer = {.path = "{+score_path}",
									 .body = newer_body};

	return cs_template_build(is_newer_form(account) ? &newer : &older, CS_POST,
							 account, args, request, err);
}

/* ---------- the reply ---------- */

/* Is a member the string or the number that `text` spells? */
static bool
member_is(struct json_object *root, const char *name, const char *text)
{
	struct json_object *value = cs_json_get(root, name);
	char				buf[CS_JSON_INTEGER_SIZE];
	const char		   *found;

	found = cs_json_word(value, buf, sizeof(buf));
	return found != NULL && strcmp(found, text) == 0;
}

/*
 * A 2xx whose body refuses: operation code 401, 1111 or 1000 (no score, and
 * nobody says whether that is billed), or the error form of docs,
 * shared/errors.md, with its statusCode.
 */
static int
effective_status(const CsReply *reply, struct json_object *root)
{
	int		status = reply->http_status;
	int64_t inner;

	if (status < 200 || status > 299)
		return status;
	if (member_is(root, "code", CODE_UNAUTHORIZED))
		return 401;
	if (member_is(root, "code", CODE_GENERAL_ERROR))
		return 500;
	if (member_is(root, "code", CODE_NO_SCORE))
		return 404;
	if (cs_json_get_int64(root, "statusCode", &inner) && inner >= 400 &&
		inner <= 599)
		return (int) inner;
	return status;
}

/* Does an element of details[].path name the number we sent? */
static bool
path_names_number(struct json_object *path)
{
	size_t count = 1;

	if (json_object_is_type(path, json_type_array))
		count = json_object_array_length(path);
	for (size_t i = 0; i < count; i++)
	{
		struct json_object *step = path;
		const char		   *text;

		if (json_object_is_type(path, json_type_array))
			step = json_object_array_get_idx(path, i);
		if (!json_object_is_type(step, json_type_string))
			continue;
		text = json_object_get_string(step);
		if (strcmp(text, "mobileNumber") == 0 ||
			strcmp(text, "cellphoneNumber") == 0)
			return true;
	}
	return false;
}

/* docs, shared/errors.md: {"statusCode": 400, "details": [{"path": []}]}. */
static bool
number_was_refused(struct json_object *root)
{
	struct json_object *details = cs_json_get(root, "details");

	if (!json_object_is_type(details, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(details); i++)
	{
		struct json_object *detail = json_object_array_get_idx(details, i);

		if (path_names_number(cs_json_get(detail, "path")))
			return true;
	}
	return false;
}

/* [["score", 337], ["band", 1]] (guides, telco-score-api). */
static bool
is_list_of_pairs(struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++)
	{
		struct json_object *pair = json_object_array_get_idx(list, i);

		if (!json_object_is_type(pair, json_type_array) ||
			json_object_array_length(pair) != 2 ||
			!json_object_is_type(json_object_array_get_idx(pair, 0),
								 json_type_string))
			return false;
	}
	return true;
}

static bool
is_product(struct json_object *product)
{
	return json_object_is_type(product, json_type_object) ||
		   is_list_of_pairs(product);
}

/*
 * "911;", the type that the guide gives `scores`: each name is a product in the
 * answer itself, and there is at least one.
 */
static bool
names_fit(struct json_object *root, const char *names)
{
	int products = 0;

	while (*names != '\0')
	{
		char   name[PRODUCT_NAME_SIZE];
		size_t len = strcspn(names, ";");

		if (len >= sizeof(name))
			return false;
		memcpy(name, names, len);
		name[len] = '\0';
		if (len > 0 && !is_product(cs_json_get(root, name)))
			return false;
		products += len > 0;
		names += len + (names[len] == ';');
	}
	return products > 0;
}

/* An object whose every member is a product, or names of such. */
static bool
scores_fit(struct json_object *root)
{
	struct json_object	   *scores = cs_json_get(root, "scores");
	struct json_object_iter product;

	if (json_object_is_type(scores, json_type_string))
		return cs_json_get_text(root, "scores") != NULL &&
			   names_fit(root, cs_json_get_text(root, "scores"));
	if (!json_object_is_type(scores, json_type_object))
		return false;
	json_object_object_foreachC(scores, product)
	{
		if (!is_product(product.val))
			return false;
	}
	return true;
}

/* FinScore writes the name in lower case. */
static bool
same_request(const CsArguments *args, struct json_object *root)
{
	static const char *const names[] = {"requestId", "requestid", NULL};

	for (int i = 0; names[i] != NULL && args->request_id != NULL; i++)
	{
		if (cs_json_get(root, names[i]) != NULL &&
			!member_is(root, names[i], args->request_id))
			return false;
	}
	return true;
}

static const CsStatusMeaning number_refused[] = {
	{400, CS_ERR_SUBJECT, "subject is not accepted", false}, {0}};

static const CsStatusMeaning no_score[] = {
	{404, CS_ERR_SUBJECT, "subject cannot be scored", false}, {0}};

static const CsStatusMeaning general_error[] = {
	{500, CS_ERR_UNKNOWN, "provider reports a general error", false}, {0}};

/* The verdict on an object that came with 2xx and no error code. */
static void
classify_scores(const CsArguments *args, struct json_object *root,
				CsVerdict *verdict)
{
	const char *wrong = NULL;

	if (!json_object_is_type(root, json_type_object))
		wrong = "it is not an object";
	else if (!same_request(args, root))
		wrong = "it is about another request";
	else if (cs_json_get(root, "code") != NULL &&
			 (cs_json_get_text(root, "code") == NULL ||
			  strcmp(cs_json_get_text(root, "code"), CODE_OK) != 0))
		wrong = "its operation code is unknown";
	else if (!scores_fit(root))
		wrong = "its scores have an unknown shape";
	if (wrong == NULL)
		return;
	cs_verdict_fail(verdict, CS_ERR_NOT_UNDERSTOOD,
					"answer of LenderLink is not understood: %s", wrong);
	cs_verdict_quote(verdict, &cs_lenderlink, args, root);
}

static void
classify_lac(const CsAccount *account, const CsArguments *args,
			 const CsReply *reply, struct json_object *root,
			 const CsError *parse_error, CsVerdict *verdict)
{
	int					   status = effective_status(reply, root);
	const CsStatusMeaning *meanings = NULL;

	(void) account;
	if (number_was_refused(root))
		meanings = number_refused;
	else if (member_is(root, "code", CODE_NO_SCORE))
		meanings = no_score;
	else if (member_is(root, "code", CODE_GENERAL_ERROR))
		meanings = general_error;
	if (!cs_verdict_by_status(&cs_lenderlink, CS_FEE_CALL, meanings, args,
							  status, root, parse_error, verdict))
		classify_scores(args, root, verdict);
}

/* docs, Loan Applications Check: both spellings are in its samples. */
static const char *const reference[] = {"transactionId", "transactionid",
										NULL};

static const CsEndpoint endpoints[] = {{.name = "lac",
										.method = CS_POST,
										.fee = CS_FEE_CALL,
										.shared = true,
										.subject_name = "msisdn",
										.reference = reference,
										.normalise = normalise_msisdn,
										.build = build_lac,
										.classify = classify_lac},
									   {0}};

/* docs, shared/environments.md: production app. */
const CsProvider cs_lenderlink = {
	.name = "lenderlink",
	.title = "LenderLink",
	.default_base_url = "https://v2-app.lenderlink.ph",
	.options = options,
	.endpoints = endpoints,
	.polling = {0, 0, 600000},
	.credentials = cs_registry_client,
	.check_account = cs_registry_check_client,
	.needs_login = cs_registry_client_logs_in,
	.build_login = build_login,
	/* guides: {"token_type": "Bearer", "expires_in": 86400, "access_token"};
	 * docs: expires_in is an integer or a string. */
	.read_login = cs_registry_read_client_login,
};
