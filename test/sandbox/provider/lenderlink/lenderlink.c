/*-------------------------------------------------------------------------
 * lenderlink.c
 *	  LenderLink: POST /oauth/token, /oauth2/token, /api/v1/telco/score.
 *
 * Product "911;" takes mobileNumber, "CVSCR2;" cellphoneNumber; what they are
 * answered with is in lenderlink_scores.c.
 *
 * What is undocumented is in settings[].
 *------------------------------------------------------------------------- */
#include <stdio.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/login.h"
#include "core/request.h"
#include "core/token.h"
#include "provider/lenderlink/lenderlink_scores.h"
#include "provider/registry.h"

#define TOKEN_LIFETIME 86400

typedef enum Magic
{
	MAGIC_NONE,
	MAGIC_NO_SCORE,
	MAGIC_GENERAL_ERROR,
	MAGIC_UNAUTHORIZED_CODE,
	MAGIC_NO_HIT,
	MAGIC_NULL_SCORE
} Magic;

static const SbMagic magic[] = {
	{"0001", 0, MAGIC_NO_HIT, "no application ever: all counters 0"},
	{"0009", 0, MAGIC_NULL_SCORE, "scorePtd, bandPtd and cvScore null"},
	{"1000", 0, MAGIC_NO_SCORE, "HTTP 200, code \"1000\": no score available"},
	{"1111", 0, MAGIC_GENERAL_ERROR, "HTTP 200, code \"1111\": general error"},
	{"1401", 0, MAGIC_UNAUTHORIZED_CODE,
	 "HTTP 200, code \"401\": unauthorized"},
	{NULL, 0, 0, NULL},
};

static int duplicate_status;
static int expires_in_type;
static int lac_oddities;
static int lac_place;

/* expires_in_type */
enum
{
	EXPIRES_IN_NUMBER,
	EXPIRES_IN_STRING
};

static const char *const expires_in_types[] = {"number", "string", NULL};
static const char *const lac_places[] = {
	[SB_LAC_TOTALS] = "totals",
	[SB_LAC_PRODUCT] = "product",
	[SB_LAC_TOP] = "top",
	NULL,
};

static const SbSetting settings[] = {
	{"duplicate_status", SB_SETTING_INT, &duplicate_status, NULL},
	{"expires_in_type", SB_SETTING_CHOICE, &expires_in_type, expires_in_types},
	{"lac_oddities", SB_SETTING_BOOL, &lac_oddities, NULL},
	{"lac_place", SB_SETTING_CHOICE, &lac_place, lac_places},
	{NULL, 0, NULL, NULL},
};

/* How a log-in may say until when its token lives; names in the same order. */
enum
{
	LOGIN_EXPIRES_IN_STRING = SB_LOGIN_OWN,
	LOGIN_NO_EXPIRES,
	LOGIN_EXPIRES_AT_SECONDS,
	LOGIN_EXPIRES_AT_MS
};

static const char *const login_variants[] = {"expires_in_string", "no_expires",
											 "expires_at_seconds",
											 "expires_at_ms", NULL};

static const SbAccount accounts[] = {
	{"sandbox-client", "sandbox-secret"},
	{"second-client", "second-secret"},
	{NULL, NULL},
};

/* joi's error, as LenderLink prints it; "key" is the member at fault. */
static void
put_validation_error(SbRequest *request, const char *key, const char *what,
					 const char *type)
{
	SbText *out = &request->out;
	SbText	message = {0};

	sb_text_str(&message, "\"");
	sb_text_str(&message, key);
	sb_text_str(&message, "\" ");
	sb_text_str(&message, what);
	request->status = 400;
	sb_text_str(out,
				"{\"statusCode\":400,\"error\":\"Bad Request\",\"message\":");
	sb_text_json(out, message.data, message.len);
	sb_text_str(out, ",\"details\":[{\"message\":");
	sb_text_json(out, message.data, message.len);
	sb_text_str(out, ",\"path\":[\"");
	sb_text_str(out, key);
	sb_text_str(out, "\"],\"type\":\"");
	sb_text_str(out, type);
	sb_text_str(out, "\",\"context\":{\"label\":\"");
	sb_text_str(out, key);
	sb_text_str(out, "\",\"key\":\"");
	sb_text_str(out, key);
	sb_text_str(out, "\"}}]}");
	sb_text_free(&message);
}

static void
refuse(SbRequest *request, int status, const char *message)
{
	const char *reason = MHD_get_reason_phrase_for((unsigned int) status);

	if (message == NULL && status == 403)
		message = "Insufficient scope";
	else if (message == NULL && status == 500)
		message = "An internal server error occurred";
	else if (message == NULL && status == 422)
		message = "The number does not belong to the product's operator";
	else if (message == NULL)
		message = reason;
	request->status = status;
	sb_text_str(&request->out, "{\"statusCode\":");
	sb_text_int(&request->out, status);
	sb_text_str(&request->out, ",\"error\":");
	sb_text_json(&request->out, reason, strlen(reason));
	sb_text_str(&request->out, ",\"message\":");
	sb_text_json(&request->out, message, strlen(message));
	sb_text_char(&request->out, '}');
}

static const SbJsonRule login_rules[] = {
	{"grant_type", SB_JSON_FILLED, true},
	{"client_id", SB_JSON_FILLED, true},
	{"client_secret", SB_JSON_FILLED, true},
	{NULL, 0, false},
};

/* Refuses a body with a member missing, the first of the rules first. */
static bool
check_body(SbRequest *request, const SbJsonRule *rules)
{
	SbText			  where = {0};
	const SbJsonRule *broken = sb_json_broken(request->body, rules, &where);

	sb_text_free(&where);
	if (broken != NULL)
		put_validation_error(request, broken->path, "is required",
							 "any.required");
	return broken == NULL;
}

static void
identify_login(SbRequest *request)
{
	if (sb_request_read_json_or_form(request))
		sb_request_subject_at(request, "client_id");
}

static void
put_token(SbRequest *request, const char *account)
{
	SbText	   *out = &request->out;
	int			variant = request->login_variant;
	int64_t		expires_at;
	const char *token =
		sb_token_issue(request, account, TOKEN_LIFETIME, &expires_at);
	int64_t lifetime = expires_at - (int64_t) (sb_clock_epoch_ms / 1000);
	bool	quoted = variant == LOGIN_EXPIRES_IN_STRING ||
				  expires_in_type == EXPIRES_IN_STRING;

	sb_text_str(out, "{\"token_type\":\"Bearer\"");
	if (variant == LOGIN_EXPIRES_AT_SECONDS || variant == LOGIN_EXPIRES_AT_MS)
	{
		sb_text_str(out, ",\"expires_at\":");
		sb_text_int(out, variant == LOGIN_EXPIRES_AT_MS ? expires_at * 1000
														: expires_at);
	}
	else if (variant != LOGIN_NO_EXPIRES)
	{
		sb_text_str(out, quoted ? ",\"expires_in\":\"" : ",\"expires_in\":");
		sb_text_int(out, lifetime);
		sb_text_str(out, quoted ? "\"" : "");
	}
	if (variant != SB_LOGIN_NO_TOKEN)
	{
		sb_text_str(out, ",\"access_token\":");
		sb_text_json(out, token, strlen(token));
	}
	sb_text_char(out, '}');
}

static void
answer_token(SbRequest *request)
{
	size_t			 len;
	const char		*secret;
	const SbAccount *account;

	if (!check_body(request, login_rules))
		return;
	if (!sb_json_is(request->body, "grant_type", "client_credentials"))
	{
		put_validation_error(request, "grant_type",
							 "must be [client_credentials]", "any.only");
		return;
	}
	secret = sb_json_string(request->body, "client_secret", &len);
	account = sb_token_account(accounts, request->subject,
							   request->subject_len, secret, len);
	if (account == NULL)
		refuse(request, 401, NULL);
	else
		put_token(request, account->name);
}

/* The string at a path, and its length unless NULL; NULL when it is empty. */
static const char *
filled(json_object *body, const char *path, size_t *len)
{
	const char *text = sb_json_string(body, path, len);

	return text != NULL && *text != '\0' ? text : NULL;
}

/* Which form a request has: by its product, else by the number's name. */
static int
form_of(json_object *body)
{
	const char *products = filled(body, "productIds", NULL);

	if (products != NULL)
		return strncmp(products, "CVSCR2", 6) == 0 ? SB_LAC_CVSCR2
												   : SB_LAC_911;
	return filled(body, sb_lenderlink_scores_number(SB_LAC_CVSCR2), NULL) !=
				   NULL
			   ? SB_LAC_CVSCR2
			   : SB_LAC_911;
}

static void
identify_score(SbRequest *request)
{
	size_t		len;
	const char *id;

	(void) sb_request_read_json_or_form(request);
	request->variant = form_of(request->body);
	sb_request_subject_at(request,
						  sb_lenderlink_scores_number(request->variant));
	id = filled(request->body, "requestId", &len);
	if (id != NULL)
		snprintf(request->request_id, sizeof(request->request_id), "%.*s",
				 (int) len, id);
}

static bool
good_number(const SbRequest *request)
{
	return request->subject_len == 12 &&
		   strncmp(request->subject, "63", 2) == 0 &&
		   strspn(request->subject, "0123456789") == 12 &&
		   (request->variant == SB_LAC_CVSCR2 || request->subject[2] == '9');
}

/* Refuses what is missing or malformed, first thing first. */
static bool
validate(SbRequest *request)
{
	const char *number_field = sb_lenderlink_scores_number(request->variant);

	if (request->body == NULL)
		refuse(request, 400, "Invalid request payload JSON format");
	else if (filled(request->body, number_field, NULL) == NULL)
		put_validation_error(request, number_field, "is required",
							 "any.required");
	else if (!good_number(request))
		put_validation_error(request, number_field,
							 "fails to match the required pattern",
							 "string.pattern.base");
	else if (filled(request->body, "productIds", NULL) == NULL)
		put_validation_error(request, "productIds", "is required",
							 "any.required");
	else if (!sb_lenderlink_scores_known(
				 request->variant, filled(request->body, "productIds", NULL)))
		put_validation_error(request, "productIds",
							 "must be a list of known products, "
							 "each followed by a semicolon",
							 "any.only");
	else if (filled(request->body, "requestId", NULL) == NULL)
		put_validation_error(request, "requestId", "is required",
							 "any.required");
	else if (request->repeated_id && duplicate_status != 0)
		refuse(request, duplicate_status, "requestId has been used before");
	else
		return true;
	return false;
}

static void
put_answer_head(SbRequest *request, const char *code, const char *result)
{
	size_t		len;
	const char *id = filled(request->body, "requestId", &len);
	uint64_t	hash = sb_hash(id, len, 0);
	SbText	   *out = &request->out;

	sb_text_str(out, "{\"requestId\":");
	if (request->wrong_subject)
		sb_text_str(out, "\"of-somebody-else\"");
	else
		sb_text_json(out, id, len);
	sb_text_str(out, ",\"transactionId\":\"");
	sb_text_hex(out, hash, 16);
	sb_text_hex(out, sb_hash_mix(hash + 1), 16);
	sb_text_str(out, "\",\"code\":\"");
	sb_text_str(out, code);
	sb_text_str(out, "\",\"result\":\"");
	sb_text_str(out, result);
	sb_text_char(out, '"');
}

static void
put_scores(SbRequest *request, int mark)
{
	SbText	   *out = &request->out;
	SbLacScores scores = {
		.form = request->variant,
		.seed = sb_hash(request->subject, request->subject_len, 0),
		.place = lac_place,
		.oddities = lac_oddities,
		.no_hit = mark == MAGIC_NO_HIT,
		.null_score = mark == MAGIC_NULL_SCORE,
	};

	if (request->wrong_subject)
		scores.seed++;
	put_answer_head(request, "0000", "ok");
	sb_text_str(out, ",\"scores\":{");
	sb_lenderlink_scores_put(out, &scores,
							 filled(request->body, "productIds", NULL));
	sb_text_char(out, '}');
	if (scores.form == SB_LAC_911 && scores.place == SB_LAC_TOP)
		sb_lenderlink_scores_put_ptd(out, &scores);
	sb_text_char(out, '}');
}

static void
answer_score(SbRequest *request)
{
	const char	  *token = sb_request_authorization(request, "Bearer");
	const SbMagic *mark =
		sb_magic_find(magic, request->subject, request->subject_len, true);

	if (token == NULL || !sb_token_check(request, token))
	{
		refuse(request, 401, NULL);
		return;
	}
	if (!validate(request) || sb_magic_refused(request))
		return;
	sb_text_reserve(&request->out, 4096);
	if (mark != NULL && mark->code == MAGIC_NO_SCORE)
	{
		put_answer_head(request, "1000", "OK but score not available");
		sb_text_str(&request->out, ",\"scores\":{}}");
	}
	else if (mark != NULL && mark->code == MAGIC_GENERAL_ERROR)
	{
		put_answer_head(request, "1111", "Error, general error");
		sb_text_char(&request->out, '}');
	}
	else if (mark != NULL && mark->code == MAGIC_UNAUTHORIZED_CODE)
	{
		put_answer_head(request, "401", "Unauthorized");
		sb_text_char(&request->out, '}');
	}
	else
		put_scores(request, mark != NULL ? mark->code : MAGIC_NONE);
}

static SbEndpoint endpoints[] = {
	{.path = "token",
	 .method = "POST",
	 .url = "/oauth/token",
	 .login = true,
	 .identify = identify_login,
	 .answer = answer_token},
	{.path = "token",
	 .method = "POST",
	 .url = "/oauth2/token",
	 .login = true,
	 .identify = identify_login,
	 .answer = answer_token},
	{.path = "score",
	 .method = "POST",
	 .url = "/api/v1/telco/score",
	 .identify = identify_score,
	 .answer = answer_score},
};

const SbProvider sb_lenderlink = {
	.name = "lenderlink",
	.endpoints = endpoints,
	.nendpoints = lengthof(endpoints),
	.refuse = refuse,
	.init = sb_lenderlink_scores_init,
	.settings = settings,
	.login_variants = login_variants,
	.duplicate_member = "\"code\":\"1111\",",
	.magic_help = "lenderlink score, by the last four digits",
	.magic = magic,
};
