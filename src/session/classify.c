/*-------------------------------------------------------------------------
 * classify.c
 *	  What a settled question means: an answer as jsonb, or which failure.
 *
 * Outcomes are kept in the MEMO as bytes.  The tree of json-c lives only while
 * a reply is read.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/classify.h"

#include <json-c/json_object.h>

#include "mb/pg_wchar.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/json.h"
#include "base/text.h"
#include "pg/shmem.h"
#include "session/result_jsonb.h"

/* An answer of 5 kB takes some 60 kB until it is a jsonb. */
#define READING_FIRST_BLOCK (128 * 1024)

/* A failure as bytes: texts follow the head, each by offset, 0: none. */
typedef struct FlatFailure
{
	CsErrorCode code;
	int			http_status;
	int			attempts;
	CsBilled	billed;
	const char *provider; /* static */
	uint32		message;
	uint32		detail;
	uint32		server;
	uint32		provider_code;
} FlatFailure;

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
	head.billed = failure->billed;
	head.provider = failure->provider;
	head.message = flat_text(&flat, failure->message);
	head.detail = flat_text(&flat, failure->detail);
	head.server = flat_text(&flat, failure->server);
	head.provider_code = flat_text(&flat, failure->provider_code);
	memcpy(flat.data, &head, sizeof(head));
	cs_memo_store(scope, entry, CS_MEMO_FAILURE, flat.data, flat.len);
	pfree(flat.data);
}

CsFailure *
cs_classify_failure(const void *bytes)
{
	const FlatFailure *head = bytes;
	const char		  *flat = bytes;
	CsFailure		  *failure = palloc0(sizeof(CsFailure));

	failure->code = head->code;
	failure->http_status = head->http_status;
	failure->attempts = head->attempts;
	failure->billed = head->billed;
	failure->provider = head->provider;
	failure->message = head->message ? flat + head->message : "";
	failure->detail = head->detail ? flat + head->detail : NULL;
	failure->server = head->server ? flat + head->server : "";
	failure->provider_code =
		head->provider_code ? flat + head->provider_code : NULL;
	return failure;
}

/* Did a call that failed like this cost money? */
static CsBilled
was_billed(const CsEndpoint *endpoint, CsErrorCode code, int http_status,
		   int attempts)
{
	bool answered = http_status >= 200 && http_status < 300;

	if (!endpoint->billed || attempts == 0)
		return CS_BILLED_NO;
	switch (code)
	{
		case CS_ERR_UNREACHABLE:
		case CS_ERR_CREDENTIALS:
		case CS_ERR_RATE:
		case CS_ERR_QUEUE:
		case CS_ERR_UNAVAILABLE:
		case CS_ERR_PROCESSING:
			return CS_BILLED_NO;
		case CS_ERR_NOT_UNDERSTOOD:
		case CS_ERR_TOO_LARGE:
		case CS_ERR_MEMORY:
			return answered ? CS_BILLED_YES : CS_BILLED_UNKNOWN;
		default:
			return CS_BILLED_UNKNOWN;
	}
}

/* What happened, for failures that have no reply to read. */
static const char *
outcome_message(const CsOutcome *outcome)
{
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
			return "the daily budget leaves no call to %s";
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
cs_classify_detail(const CsEndpoint *endpoint, const char *server,
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
	return cs_classify_detail(about->endpoint, about->settings->server_name,
							  about->subject, detail, http_status);
}

static CsFailure
make_failure(const CsAbout *about, CsErrorCode code, const CsOutcome *outcome)
{
	CsFailure failure = {0};

	failure.code = code;
	failure.http_status = outcome->http_status;
	failure.attempts = outcome->attempts;
	failure.provider = about->settings->provider->name;
	failure.server = about->settings->server_name;
	failure.billed = was_billed(about->endpoint, code, outcome->http_status,
								outcome->attempts);
	return failure;
}

static void
store_outcome_failure(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					  const CsOutcome *outcome)
{
	CsFailure failure = make_failure(about, outcome->code, outcome);
	char	  message[CS_MESSAGE_SIZE];

	snprintf(message, sizeof(message), outcome_message(outcome),
			 about->settings->provider->title);
	failure.message = message;
	failure.detail = make_detail(about, outcome->detail, outcome->http_status);
	store_failure(scope, entry, &failure);
}

/* --- reading replies --- */

static void
store_error(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
			const CsOutcome *outcome, const CsError *err)
{
	CsFailure failure = make_failure(about, err->code, outcome);

	failure.message = shown(err->message);
	failure.detail = make_detail(about, err->detail, outcome->http_status);
	failure.provider_code =
		err->provider_code[0] ? shown(err->provider_code) : NULL;
	store_failure(scope, entry, &failure);
}

/* Does an answer, or a refusal, of this age still serve? */
static bool
is_fresh(const CsVerdict *verdict, int age_s)
{
	if (verdict->code == CS_ERR_SUBJECT)
		return true;
	return verdict->code == CS_ERR_NONE &&
		   (verdict->fresh_s == 0 || age_s < verdict->fresh_s);
}

/* A reply on its way through the reading. */
typedef struct Reading
{
	CsScope			   *scope;
	CsMemoEntry		   *entry;
	const CsAbout	   *about;
	const CsOutcome	   *outcome;
	CsReply				reply;
	dsa_pointer			raw; /* where it may lie in the cache, as it came */
	struct json_object *root;
	CsVerdict			verdict;
} Reading;

/* What a provider's words are searched for: the subject, and what is secret. */
static int
collect_hidden(const CsAbout *about, CsPair *pairs)
{
	int n = cs_settings_secrets(about->settings, pairs);

	pairs[n++] = (CsPair){"subject", about->subject};
	for (int i = 0; i < about->nsecrets; i++)
		pairs[n++] = about->secrets[i];
	return n;
}

static void
judge(Reading *r)
{
	CsPair		pairs[CS_SPEC_MAX_PAIRS + 1 + CS_QUESTION_MAX_SECRETS];
	CsArguments args = {pairs, collect_hidden(r->about, pairs),
						r->outcome->request_id, NULL, 0};
	CsError		parse_error = {0};
	CsStatus	parsed = CS_FAIL;

	if (r->reply.len > 0)
		parsed =
			cs_json_parse(r->reply.body, r->reply.len, &r->root, &parse_error);
	memset(&r->verdict, 0, sizeof(r->verdict));
	r->about->endpoint->classify(
		&r->about->settings->account, &args, &r->reply, r->root,
		r->reply.len > 0 && parsed != CS_OK ? &parse_error : NULL,
		&r->verdict);
	r->verdict.error.code = r->verdict.code;
}

/* Keeps the answer, or why there is none; returns the answer. */
static Jsonb *
keep(Reading *r)
{
	Jsonb *answer = NULL;

	if (r->verdict.code == CS_ERR_NONE)
		answer = cs_result_jsonb(r->root, &r->verdict.error);
	if (answer == NULL)
		store_error(r->scope, r->entry, r->about, r->outcome,
					&r->verdict.error);
	else
		cs_memo_store(r->scope, r->entry, CS_MEMO_ANSWER, answer,
					  VARSIZE(answer));
	return answer;
}

/*
 * Where replies are read.  It keeps its first block, which has room for most
 * of them: memory that malloc gives and takes in large pieces, among the small
 * ones of json-c, costs as much as the reading.
 */
static MemoryContext
reading_context(void)
{
	static MemoryContext cxt;

	if (cxt == NULL)
		cxt = AllocSetContextCreate(TopMemoryContext, "credscore answer",
									READING_FIRST_BLOCK, READING_FIRST_BLOCK,
									ALLOCSET_DEFAULT_MAXSIZE);
	MemoryContextReset(cxt);
	return cxt;
}

/*
 * Puts an answer's jsonb where the reply lies in the cache, so that nobody has
 * to read that again.  Answers there are in UTF8.
 */
static void
refine(const Reading *r, const Jsonb *answer)
{
	dsa_pointer	 body;
	CsReplyBody *b;

	if (!DsaPointerIsValid(r->raw) || GetDatabaseEncoding() != PG_UTF8)
		return;
	body = cs_reply_create((const char *) answer, VARSIZE(answer), 1);
	if (!DsaPointerIsValid(body))
		return;
	b = dsa_get_address(cs_shmem_area(), body);
	b->form = CS_BODY_JSONB;
	b->fresh_s = r->verdict.fresh_s;
	cs_answer_cache_refine(&r->entry->key, r->raw, body);
}

/*
 * Reads a reply in a memory context of its own.  age_s < 0: whatever it means
 * is kept; else only what is fresh at that age.
 */
static bool
read_reply(Reading *r, int age_s)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext cxt = reading_context();
	volatile bool kept = false;

	MemoryContextSwitchTo(cxt);
	PG_TRY();
	{
		judge(r);
		if (age_s < 0 || is_fresh(&r->verdict, age_s))
		{
			Jsonb *answer = keep(r);

			kept = true;
			if (answer != NULL)
				refine(r, answer);
		}
	}
	PG_FINALLY();
	{
		json_object_put(r->root);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextReset(cxt);
	return kept;
}

/* An answer that somebody else read: a Jsonb in UTF8. */
static void
take_jsonb(Reading *r, const CsReplyBody *body)
{
	const Jsonb *answer = (const Jsonb *) body->bytes;

	if (GetDatabaseEncoding() == PG_UTF8)
	{
		cs_memo_store(r->scope, r->entry, CS_MEMO_ANSWER, answer, body->len);
		return;
	}
	/* Elsewhere its text is read as if it had come. */
	r->reply.body = JsonbToCString(
		NULL, unconstify(JsonbContainer *, &answer->root), body->len);
	r->reply.len = strlen(r->reply.body);
	(void) read_reply(r, -1);
}

static const CsReplyBody *
body_at(dsa_pointer body)
{
	return DsaPointerIsValid(body) ? dsa_get_address(cs_shmem_area(), body)
								   : NULL;
}

void
cs_classify_store(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
				  const CsOutcome *outcome, dsa_pointer body)
{
	const CsReplyBody *b = body_at(body);
	Reading			   r = {.scope = scope,
							.entry = entry,
							.about = about,
							.outcome = outcome,
							.reply = {outcome->http_status, "", 0}};

	if (outcome->code != CS_ERR_NONE)
	{
		store_outcome_failure(scope, entry, about, outcome);
		return;
	}
	if (b != NULL && b->form == CS_BODY_JSONB)
	{
		take_jsonb(&r, b);
		return;
	}
	if (b != NULL)
	{
		r.reply.body = b->bytes;
		r.reply.len = b->len;
		if (about->endpoint->shared && about->settings->limits.cache_ttl > 0)
			r.raw = body;
	}
	(void) read_reply(&r, -1);
}

bool
cs_classify_cached(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
				   const CsCached *cached)
{
	const CsReplyBody *b = body_at(cached->body);
	int				   age_s =
		(int) ((GetCurrentTimestamp() - cached->stored_at) / USECS_PER_SEC);
	Reading r = {.scope = scope,
				 .entry = entry,
				 .about = about,
				 .outcome = &cached->outcome,
				 .reply = {cached->outcome.http_status, b->bytes, b->len},
				 .raw = cached->body};

	if (b->form == CS_BODY_JSONB)
	{
		if (b->fresh_s > 0 && age_s >= b->fresh_s)
			return false;
		take_jsonb(&r, b);
		return true;
	}
	return read_reply(&r, age_s);
}

void
cs_classify_not_asked(CsScope *scope, CsMemoEntry *entry, const CsAbout *about)
{
	CsOutcome none;
	CsFailure failure;

	memset(&none, 0, sizeof(none));
	failure = make_failure(about, CS_ERR_NOT_CACHED, &none);
	failure.message = "there is no answer in the cache";
	failure.detail = make_detail(about, "", 0);
	store_failure(scope, entry, &failure);
}
