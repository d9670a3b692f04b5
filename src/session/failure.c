/*-------------------------------------------------------------------------
 * failure.c
 *	  A question that has no answer: what is said of it, and kept in the MEMO.
 *
 * Failures are kept as bytes without pointers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/failure.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/text.h"
#include "shared/journal_record.h"

#define HTTP_TOO_LARGE 413

/* A failure as bytes: texts follow the head, each by offset, 0: none. */
typedef struct FlatFailure
{
	CsErrorCode code;
	int			http_status;
	int			attempts;
	bool		from_login;
	CsBilled	billed;
	const char *provider; /* static */
	uint32		message;
	uint32		detail;
	uint32		hint;
	uint32		server;
	uint32		provider_code;
} FlatFailure;

CsAbout
cs_failure_about(const CsAsk *ask)
{
	CsAbout about = {ask->endpoint, ask->settings,
					 cs_template_argument(&ask->args, "subject"), ask->secrets,
					 ask->nsecrets};

	return about;
}

static uint32
flat_text(StringInfo flat, const char *text)
{
	uint32 offset = flat->len;

	if (text == NULL || text[0] == '\0')
		return 0;
	appendBinaryStringInfo(flat, text, (int) strlen(text) + 1);
	return offset;
}

static void
store_failure(CsScope *scope, CsMemoEntry *entry, const CsFailure *failure)
{
	StringInfoData flat;
	FlatFailure	   head;

	initStringInfo(&flat);
	memset(&head, 0, sizeof(head));
	appendBinaryStringInfo(&flat, (char *) &head, sizeof(head));
	head.code = failure->code;
	head.http_status = failure->http_status;
	head.attempts = failure->attempts;
	head.from_login = failure->from_login;
	head.billed = failure->billed;
	head.provider = failure->provider;
	head.message = flat_text(&flat, failure->message);
	head.detail = flat_text(&flat, failure->detail);
	head.hint = flat_text(&flat, failure->hint);
	head.server = flat_text(&flat, failure->server);
	head.provider_code = flat_text(&flat, failure->provider_code);
	memcpy(flat.data, &head, sizeof(head));
	cs_memo_store_bytes(scope, entry, CS_MEMO_FAILURE, flat.data, flat.len);
	pfree(flat.data);
}

CsFailure *
cs_failure_fetch(const void *bytes)
{
	const FlatFailure *head = bytes;
	const char		  *flat = bytes;
	CsFailure		  *failure = palloc0(sizeof(CsFailure));

	failure->code = head->code;
	failure->http_status = head->http_status;
	failure->attempts = head->attempts;
	failure->from_login = head->from_login;
	failure->billed = head->billed;
	failure->provider = head->provider;
	failure->message = head->message ? flat + head->message : "";
	failure->detail = head->detail ? flat + head->detail : NULL;
	failure->hint = head->hint ? flat + head->hint : NULL;
	failure->server = head->server ? flat + head->server : "";
	failure->provider_code =
		head->provider_code ? flat + head->provider_code : NULL;
	return failure;
}

/* What happened, for failures that have no reply to read. */
static const char *
outcome_message(const CsOutcome *outcome)
{
	switch (outcome->code)
	{
		case CS_ERR_SWITCHED_OFF:
		case CS_ERR_SERVER_OFF:
		case CS_ERR_AWAY:
			return "calls to %s are switched off";
		default:
			break;
	}
	if (outcome->from_login && outcome->code != CS_ERR_CREDENTIALS)
		return "could not log in to %s";
	switch (outcome->code)
	{
		case CS_ERR_UNREACHABLE:
			return "could not reach %s";
		case CS_ERR_CREDENTIALS:
			return "%s refused the credentials";
		case CS_ERR_RATE:
			return "%s limits the rate of log-ins";
		case CS_ERR_QUEUE:
			return "no turn to ask %s";
		case CS_ERR_UNKNOWN:
			return "the outcome of a call to %s is unknown";
		case CS_ERR_TOO_LARGE:
			return "the answer of %s is too large";
		case CS_ERR_NOT_UNDERSTOOD:
			return "the answer of %s was not understood";
		case CS_ERR_BUDGET:
		case CS_ERR_MAPPING_BUDGET:
		case CS_ERR_SPEND:
			return "the daily budget leaves no call to %s";
		case CS_ERR_JOURNAL:
			return "the journal has no room for a call to %s";
		case CS_ERR_UNAVAILABLE:
			return "the breaker for calls to %s is open";
		default:
			return "could not ask %s";
	}
}

/* Providers speak UTF-8; elsewhere only their ASCII is shown. */
static char *
shown(const char *text)
{
	char *copy = pstrdup(text);

	if (GetDatabaseEncoding() != PG_UTF8)
		for (char *c = copy; *c != '\0'; c++)
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
	return copy;
}

char *
cs_failure_detail(const CsEndpoint *endpoint, const char *server,
				  const char *subject, const char *detail, int http_status)
{
	StringInfoData text;
	char		   masked[CS_SUBJECT_SIZE];

	cs_text_mask(subject, masked, sizeof(masked));
	initStringInfo(&text);
	if (detail[0] != '\0')
		appendStringInfo(&text, "%s%s ", shown(detail),
						 detail[strlen(detail) - 1] == '.' ? "" : ".");
	appendStringInfo(&text, "Asked was %s of %s %s at server \"%s\"",
					 endpoint->name, endpoint->subject_name, shown(masked),
					 server);
	if (http_status != 0)
		appendStringInfo(&text, "; the HTTP status was %d", http_status);
	appendStringInfoChar(&text, '.');
	return text.data;
}

static char *
make_detail(const CsAbout *about, const char *detail, int http_status)
{
	return cs_failure_detail(about->endpoint, about->settings->server_name,
							 about->subject, detail, http_status);
}

/* Of a log-in at a host of its own; NULL: the general hint says it. */
static const char *
hint_of_login(const CsAbout *about, CsErrorCode code)
{
	const char *const *address = about->settings->provider->addresses;

	if (address == NULL)
		return NULL;
	if (code == CS_ERR_UNREACHABLE)
		return psprintf(
			"Nothing was sent, so nothing was billed. Check the server options %s, proxy and ca_file, and the network.",
			*address);
	if (code == CS_ERR_NOT_UNDERSTOOD)
		return psprintf(
			"Check the server option %s; if it is right, the provider answers in a form that this version does not know.",
			*address);
	return NULL;
}

/* NULL: the code's own says it. */
static const char *
make_hint(const CsAbout *about, CsErrorCode code, const CsOutcome *outcome)
{
	const char *server = quote_identifier(about->settings->server_name);
	const char *mapping = cs_settings_mapping(about->settings);

	switch (code)
	{
		case CS_ERR_UNREACHABLE:
		case CS_ERR_NOT_UNDERSTOOD:
			return outcome->from_login ? hint_of_login(about, code) : NULL;
		case CS_ERR_TOO_LARGE:
			return outcome->http_status == HTTP_TOO_LARGE
					   ? "Send less at once."
					   : NULL;
		case CS_ERR_SERVER_REFUSED:
			return psprintf("Correct it with ALTER SERVER %s.", server);
		case CS_ERR_SERVER_OFF:
			return psprintf("Switch it on with ALTER SERVER %s.", server);
		case CS_ERR_CREDENTIALS:
			return psprintf(
				"Correct the credentials with %s, or in their file.", mapping);
		case CS_ERR_MAPPING_VALUE:
			return psprintf(
				"Correct client_cert_file and client_key_file with %s, or in these files.",
				mapping);
		case CS_ERR_BUDGET:
			return psprintf(
				"Raise daily_budget with ALTER SERVER %s, or ask again when its day is over.",
				server);
		case CS_ERR_SPEND:
			return psprintf(
				"Raise daily_spend with ALTER SERVER %s, or ask again when its day is over.",
				server);
		case CS_ERR_MAPPING_BUDGET:
			return psprintf(
				"Raise daily_budget with %s, or ask again when its day is over.",
				mapping);
		default:
			return NULL;
	}
}

static CsFailure
make_failure(const CsAbout *about, CsErrorCode code, const CsOutcome *outcome,
			 int standing)
{
	CsFailure failure = {0};

	failure.code = code;
	failure.from_login = outcome->from_login;
	failure.hint = make_hint(about, code, outcome);
	failure.http_status = outcome->http_status;
	failure.attempts = outcome->attempts;
	failure.provider = about->settings->provider->name;
	failure.server = about->settings->server_name;
	if (outcome->attempts > 0)
		failure.billed =
			cs_billing_of(about->endpoint->fee, outcome->end, standing).billed;
	return failure;
}

CsFailure *
cs_failure_from_outcome(const CsAbout *about, const CsOutcome *outcome)
{
	CsFailure *failure = palloc(sizeof(CsFailure));
	char	  *message = palloc(CS_MESSAGE_SIZE);

	*failure = make_failure(about, outcome->code, outcome, outcome->standing);
	snprintf(message, CS_MESSAGE_SIZE, outcome_message(outcome),
			 about->settings->provider->title);
	failure->message = message;
	failure->detail =
		make_detail(about, outcome->detail, outcome->http_status);
	return failure;
}

void
cs_failure_of_outcome(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					  const CsOutcome *outcome)
{
	store_failure(scope, entry, cs_failure_from_outcome(about, outcome));
}

CsFailure *
cs_failure_from_reply(const CsAbout *about, const CsOutcome *outcome,
					  const CsVerdict *verdict)
{
	const CsError *err = &verdict->error;
	CsFailure	  *failure = palloc(sizeof(CsFailure));

	*failure =
		make_failure(about, err->code, outcome, verdict->effective_status);
	failure->message = shown(err->message);
	failure->detail = make_detail(about, err->detail, outcome->http_status);
	failure->provider_code =
		err->provider_code[0] ? shown(err->provider_code) : NULL;
	return failure;
}

void
cs_failure_of_reply(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					const CsOutcome *outcome, const CsVerdict *verdict)
{
	store_failure(scope, entry,
				  cs_failure_from_reply(about, outcome, verdict));
}

/* What helps whom a question was not asked for. */
static const char *
hint_of_miss(const CsAbout *about, bool reader)
{
	if (about->endpoint->fee == CS_FEE_NONE && reader)
		return "The role may only read what is in memory.";
	if (about->endpoint->fee == CS_FEE_NONE || !about->endpoint->shared)
		return "SET credscore.mode = 'live' to ask.";
	return reader
			   ? "The role may only read what was bought; on_error => 'null' or 'report' lets misses pass."
			   : "SET credscore.mode = 'live' to ask, which may cost money: credscore_estimate() says how many calls; on_error => 'null' or 'report' lets misses pass.";
}

void
cs_failure_not_asked(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					 bool reader)
{
	CsOutcome none;
	CsFailure failure;

	memset(&none, 0, sizeof(none));
	failure = make_failure(about, CS_ERR_NOT_CACHED, &none, 0);
	failure.message = "there is no answer in memory";
	failure.detail = make_detail(about, "", 0);
	failure.hint = hint_of_miss(about, reader);
	store_failure(scope, entry, &failure);
}

/* That the server wants to be told what its answers are bought for. */
static char *
detail_of_purpose(const char *server)
{
	return psprintf(
		"The server \"%s\" has require_purpose on, and credscore.purpose is not set.",
		server);
}

void
cs_failure_without_purpose(CsScope *scope, CsMemoEntry *entry,
						   const CsAbout *about)
{
	CsOutcome none;
	CsFailure failure;

	memset(&none, 0, sizeof(none));
	failure = make_failure(about, CS_ERR_PURPOSE, &none, 0);
	failure.message = psprintf("%s is not asked without a purpose",
							   about->settings->provider->title);
	failure.detail =
		make_detail(about, detail_of_purpose(about->settings->server_name), 0);
	store_failure(scope, entry, &failure);
}

char *
cs_failure_doubt(const CsUnknownCall *call)
{
	char request[2 * UUID_LEN + 5];

	cs_journal_record_uuid_text(&call->request_id, request);
	return psprintf("Call %s, of %s, was sent, and may have been billed.",
					request, timestamptz_to_str(call->called_at));
}

void
cs_failure_in_doubt(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					const CsUnknownCall *call)
{
	const CsSettings *settings = about->settings;
	char			  request[2 * UUID_LEN + 5];
	CsOutcome		  none;
	CsFailure		  failure;

	cs_journal_record_uuid_text(&call->request_id, request);
	memset(&none, 0, sizeof(none));
	failure = make_failure(about, CS_ERR_UNKNOWN, &none, 0);
	failure.message =
		psprintf("the outcome of an earlier call to %s is unknown",
				 settings->provider->title);
	failure.detail = make_detail(about, cs_failure_doubt(call), 0);
	failure.hint = psprintf(
		"Find out whether it was, and say so with credscore_resolve('%s', ...); or accept paying twice with retry_ambiguous of ALTER SERVER %s.",
		request, quote_identifier(settings->server_name));
	store_failure(scope, entry, &failure);
}

void
cs_failure_no_request(const char *server)
{
	cs_error_raise(ERROR, CS_ERR_PURPOSE,
				   "a request is not made without a purpose",
				   detail_of_purpose(server), NULL);
	pg_unreachable();
}

void
cs_failure_beyond_limit(int limit)
{
	CsError err = {0};

	cs_core_error(&err, CS_ERR_BUDGET, "statement asks more than %d questions",
				  limit);
	cs_error_raise_early(
		&err,
		"If so many are meant, raise credscore.max_calls_per_statement; else look for a missing WHERE clause.");
}

void
cs_failure_on_standby(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
		 errmsg("cannot call a credit provider during recovery"),
		 errdetail(
			 "The primary would not know what a standby buys, nor count it in its daily_budget."),
		 errhint("Set credscore.calls_on_standby to allow it.")));
	pg_unreachable();
}

void
cs_failure_raise(int elevel, const CsFailure *failure)
{
	cs_error_raise(elevel, failure->code, failure->message, failure->detail,
				   failure->hint);
}
