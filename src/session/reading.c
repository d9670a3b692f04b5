/*-------------------------------------------------------------------------
 * reading.c
 *	  What a reply means: an answer as jsonb, or which failure.
 *
 * Outcomes are kept in the MEMO as bytes.  The tree of json-c lives only while
 * a reply is read.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/reading.h"

#include <json-c/json_object.h>

#include "mb/pg_wchar.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "base/json.h"
#include "pg/clock.h"
#include "pg/shmem.h"
#include "session/noting.h"
#include "session/result_jsonb.h"
#include "shared/stats.h"

/* An answer of 5 kB takes some 60 kB until it is a jsonb. */
#define READING_FIRST_BLOCK (128 * 1024)

/* The tree of a longer reply is freed at once. */
#define LEFT_FOR_LATER (16 * 1024)

/* The tree of the last reply, until there is time to free it. */
static struct json_object *left_over;

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
	CsPair		pairs[CS_ACCOUNT_MAX_PAIRS + 1 + CS_QUESTION_MAX_SECRETS];
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

static void
keep_answer(const Reading *r, const Jsonb *answer)
{
	CsOrigin origin = cs_origin_of_outcome(r->outcome);

	cs_memo_store_answer(r->scope, r->entry, answer, &origin);
}

/* Keeps the answer, or why there is none; returns the answer. */
static Jsonb *
keep(Reading *r)
{
	Jsonb *answer = NULL;

	if (r->verdict.code == CS_ERR_NONE)
		answer = cs_result_jsonb(r->root, &r->verdict.error);
	if (answer != NULL && !r->outcome->kept &&
		r->about->endpoint->fee != CS_FEE_NONE)
		cs_noting_answer(r->about->settings, r->outcome->request_id, answer,
						 cs_registry_reference(r->about->endpoint, r->root));
	if (answer == NULL)
		cs_failure_of_reply(r->scope, r->entry, r->about, r->outcome,
							&r->verdict);
	else
		keep_answer(r, answer);
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

void
cs_reading_tidy(void)
{
	json_object_put(left_over);
	left_over = NULL;
}

/* Who reads what came out of the cache has nothing to wait for. */
static void
leave_tree(const Reading *r, bool cached)
{
	cs_reading_tidy();
	left_over = r->root;
	if (cached || r->reply.len > LEFT_FOR_LATER)
		cs_reading_tidy();
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
		leave_tree(r, age_s >= 0);
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
		keep_answer(r, answer);
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
cs_reading_store(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
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
		cs_failure_of_outcome(scope, entry, about, outcome);
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
	cs_stats_understood(&about->settings->server_key,
						r.verdict.code != CS_ERR_NOT_UNDERSTOOD &&
							r.verdict.code != CS_ERR_TOO_LARGE);
}

bool
cs_reading_cached(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
				  const CsCached *cached)
{
	const CsReplyBody *b = body_at(cached->body);
	int age_s = (int) ((cs_clock_ticks() - cached->stored_at) / CS_US_PER_S);
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
