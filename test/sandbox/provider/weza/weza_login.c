/*-------------------------------------------------------------------------
 * weza_login.c
 *	  Weza's log-in.
 *
 * It says when the token ends (expires_at), not how long it lives, and lists
 * the scopes with commas.  A token of scope platform.lending:read alone may
 * read only: the log calls its account "<client>:read".
 *------------------------------------------------------------------------- */
#include "provider/weza/weza_login.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/login.h"
#include "core/request.h"
#include "core/token.h"
#include "provider/weza/weza_call.h"
#include "provider/weza/weza_settings.h"

#define TOKEN_LIFETIME 86400
#define SEPARATORS	   " ,"

/* How a log-in may say until when its token lives; names in the same order. */
enum
{
	EXPIRES_IN_STRING = SB_LOGIN_OWN,
	NO_EXPIRES,
	EXPIRES_AT_SECONDS,
	EXPIRES_AT_MS
};

const char *const sb_weza_login_variants[] = {
	"expires_in_string", "no_expires", "expires_at_seconds", "expires_at_ms",
	NULL};

static const SbAccount accounts[] = {
	{"sandbox-client", "sandbox-secret"},
	{"second-client", "second-secret"},
	{"third-client", "third-secret"},
	{NULL, NULL},
};

/* The same, when they may only read. */
static const char *const readers[] = {
	"sandbox-client:read", "second-client:read", "third-client:read"};

static const char		 reading[] = "platform.lending:read";
static const char *const scopes[] = {"platform", "platform.lending", reading};

static const SbJsonRule rules[] = {
	{"grant_type", SB_JSON_FILLED, true},
	{"client_id", SB_JSON_FILLED, true},
	{"client_secret", SB_JSON_FILLED, true},
	{"scope", SB_JSON_FILLED, true},
	{NULL, 0, false},
};

bool
sb_weza_login_reads_only(const char *account)
{
	size_t i;

	for (i = 0; i < lengthof(readers); i++)
	{
		if (account == readers[i])
			return true;
	}
	return false;
}

/* JSON would be no form, so that its members are missed. */
void
sb_weza_login_identify(SbRequest *request)
{
	if (sb_request_read_form(request))
		sb_request_subject_at(request, "client_id");
}

static bool
is_scope(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < lengthof(scopes); i++)
	{
		if (strlen(scopes[i]) == len && memcmp(scopes[i], text, len) == 0)
			return true;
	}
	return false;
}

/*
 * The scopes that were asked for, with commas between them.  False when there
 * is one that nobody knows, or none.
 */
static bool
list_scopes(const char *asked, SbText *list)
{
	for (asked += strspn(asked, SEPARATORS); *asked != '\0';
		 asked += strspn(asked, SEPARATORS))
	{
		size_t len = strcspn(asked, SEPARATORS);

		if (!is_scope(asked, len))
			return false;
		if (list->len > 0)
			sb_text_char(list, ',');
		sb_text_mem(list, asked, len);
		asked += len;
	}
	return list->len > 0;
}

static void
put_expiry(SbRequest *request, int64_t expires_at)
{
	SbText *out = &request->out;
	int		variant = request->login_variant;
	bool	in_ms = variant == EXPIRES_AT_MS ||
				 (variant != EXPIRES_AT_SECONDS &&
				  sb_weza_settings.expires_at == SB_WEZA_SETTINGS_MS);

	if (variant == NO_EXPIRES)
		return;
	if (variant == EXPIRES_IN_STRING)
	{
		sb_text_str(out, ",\"expires_in\":\"");
		sb_text_int(out, expires_at - (int64_t) (sb_clock_epoch_ms / 1000));
		sb_text_char(out, '"');
		return;
	}
	sb_text_str(out, ",\"expires_at\":");
	sb_text_int(out, in_ms ? expires_at * 1000 : expires_at);
}

static void
put_token(SbRequest *request, const char *account, const SbText *scope)
{
	SbText	   *out = &request->out;
	int64_t		expires_at;
	const char *token =
		sb_token_issue(request, account, TOKEN_LIFETIME, &expires_at);

	sb_text_str(out, "{\"token_type\":\"Bearer\"");
	if (request->login_variant != SB_LOGIN_NO_TOKEN)
	{
		sb_text_str(out, ",\"access_token\":");
		sb_text_json(out, token, strlen(token));
	}
	put_expiry(request, expires_at);
	sb_text_str(out, ",\"scope\":");
	sb_text_json(out, scope->data, scope->len);
	sb_text_char(out, '}');
}

/* The account that the body names; NULL when there is none. */
static const SbAccount *
account_of(SbRequest *request)
{
	size_t		len;
	const char *secret = sb_json_string(request->body, "client_secret", &len);

	return sb_token_account(accounts, request->subject, request->subject_len,
							secret, len);
}

/* Refuses a body that is no form, or misses a member. */
static bool
complete(SbRequest *request)
{
	SbText			  where = {0};
	const SbJsonRule *broken = sb_json_broken(request->body, rules, &where);

	if (broken != NULL)
	{
		sb_text_str(&where, " is required in a form");
		sb_weza_call_refuse(request, 400, sb_text_end(&where));
	}
	else if (!sb_json_is(request->body, "grant_type", "client_credentials"))
		sb_weza_call_refuse(request, 400,
							"grant_type must be client_credentials");
	sb_text_free(&where);
	return request->status == 200;
}

void
sb_weza_login_answer(SbRequest *request)
{
	const SbAccount *account;
	SbText			 scope = {0};

	if (!complete(request))
		return;
	account = account_of(request);
	if (account == NULL)
		sb_weza_call_refuse(request, 401, "Client authentication failed");
	else if (!list_scopes(sb_json_string(request->body, "scope", NULL),
						  &scope))
		sb_weza_call_refuse(request, 400, "scope is unknown");
	else
		put_token(request,
				  scope.len == strlen(reading) &&
						  memcmp(scope.data, reading, scope.len) == 0
					  ? readers[account - accounts]
					  : account->name,
				  &scope);
	sb_text_free(&scope);
}
