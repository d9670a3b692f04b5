/*-------------------------------------------------------------------------
 * ask.c
 *	  Asking a question: the session's side.
 *
 *	  MEMO		has this execution asked already?
 *	  SUBMIT	fill a slot, wake the courier
 *	  wait		until the slot is settled
 *	  CLASSIFY	read the body: answer, or which failure; make jsonb
 *
 * A question that is being asked belongs to its scope; when that ends, or
 * the transaction aborts, it is abandoned.  The courier then drops it unsent
 * or receives what was sent all the same.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "ask.h"

#include <json-c/json_object.h>

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "compat.h"
#include "json.h"
#include "request.h"
#include "result_jsonb.h"
#include "shmem.h"
#include "slots.h"

/* A waiting session looks this often whether the courier is alive. */
#define COURIER_CHECK_MS	1000

/* The courier restarts within a second, and turns at least once a second;
 * one that is away or silent for this long will not answer. */
#define COURIER_AWAY_MS		10000
#define COURIER_SILENT_MS	30000

/* A question on its way. */
typedef struct Running
{
	dlist_node	node;			/* in the list of all of this process */
	CsScope    *scope;
	CsMemoEntry *entry;
	int			slot;
	const CsEndpoint *endpoint;
	const CsSettings *settings;
	const char *subject;		/* normalised */
	char	   *passcode;		/* to be kept out of failures; or NULL */
} Running;

/* A failure as bytes: texts follow the head, each by offset, 0: none. */
typedef struct FlatFailure
{
	CsErrorCode code;
	int			http_status;
	int			attempts;
	CsBilled	billed;
	const char *provider;		/* static */
	uint32		message;
	uint32		detail;
	uint32		server;
	uint32		provider_code;
} FlatFailure;

static dlist_head all_running = DLIST_STATIC_INIT(all_running);

static void conclude(const CsQuestion *q);

/* --- giving up --- */

static void
abandon(Running *running)
{
	cs_slot_abandon(running->slot);
	dlist_delete(&running->node);
	running->slot = -1;
}

static void
at_scope_end(void *scope)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &all_running)
	{
		Running    *running = dlist_container(Running, node, iter.cur);

		if (running->scope == scope)
			abandon(running);
	}
}

/*
 * An abort ends every execution.  Their memory goes a little later, in which
 * time the questions would still be asked.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_ABORT)
		return;
	while (!dlist_is_empty(&all_running))
		abandon(dlist_container(Running, node, dlist_head_node(&all_running)));
}

void
cs_ask_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
}

/* --- starting --- */

static void
put_options(CsBuf *block, const CsSettings *settings)
{
	for (const CsOption *o = settings->provider->options; o->name != NULL; o++)
	{
		const char *value = cs_account_get(&settings->account, o->name);

		if (o->place == CS_ON_SERVER && value != NULL)
			cs_spec_put_pair(block, o->name, value);
	}
}

static void
put_log_in(CsBuf *block, const CsSettings *settings)
{
	CsRequest	login = {0};
	CsSpecRequest placed;
	CsError		err = {0};

	if (settings->provider->build_login(&settings->account, &login, &err) != CS_OK)
	{
		cs_request_free(&login);
		cs_buf_free(block);
		cs_error_raise_early(&err, NULL);
	}
	placed = cs_spec_put_request(block, &login);
	cs_request_free(&login);
	if (!block->failed)
		cs_spec_head(block)->login = placed;
}

/* Everything the courier needs, as one block; raises on refusal. */
static void
build_spec(const CsAsk *ask, CsBuf *block)
{
	const CsSettings *s = ask->settings;
	CsRequest	request = {0};
	CsSpec		head;
	CsError		err = {0};

	if (ask->endpoint->build(&s->account, &ask->args, &request, &err) != CS_OK)
	{
		cs_request_free(&request);
		cs_error_raise_early(&err, NULL);
	}
	cs_spec_begin(block);
	put_options(block, s);
	memset(&head, 0, sizeof(head));
	if (!block->failed)
		head = *cs_spec_head(block);	/* with the pairs */
	head.provider = cs_provider_index(s->provider);
	head.billed = ask->endpoint->billed;
	head.needs_login = s->needs_login && ask->endpoint->auth == CS_AUTH_TOKEN;
	head.server_key = s->server_key;
	head.account_key = s->account_key;
	head.limits = s->limits;
	head.server_name = cs_spec_put(block, s->server_name);
	head.ca_file = cs_spec_put(block, s->ca_file);
	head.proxy = cs_spec_put(block, s->proxy);
	head.base_url = cs_spec_put(block, s->account.base_url);
	head.request_id = cs_spec_put(block, ask->args.request_id);
	head.token = ask->endpoint->auth == CS_AUTH_TOKEN
		? cs_spec_put(block, s->fixed_token) : 0;
	head.request = cs_spec_put_request(block, &request);
	cs_request_free(&request);
	if (!block->failed)
		*cs_spec_head(block) = head;
	if (head.needs_login)
		put_log_in(block, s);
	if (!block->failed)
		cs_spec_head(block)->size = (uint32) block->len;
}

/* The specification in shared memory. */
static dsa_pointer
share_spec(const CsAsk *ask)
{
	CsBuf		block = {0};
	dsa_pointer spec = InvalidDsaPointer;

	build_spec(ask, &block);
	if (!block.failed)
		spec = cs_shmem_allocate(block.len);
	if (DsaPointerIsValid(spec))
		memcpy(dsa_get_address(cs_shmem_area(), spec), block.data, block.len);
	cs_buf_free(&block);
	if (!DsaPointerIsValid(spec))
	{
		CHECK_FOR_INTERRUPTS();
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not hand a question to the credscore courier"),
				 errdetail("There is no shared memory for it."),
				 errhint("Look at the size of the dynamic shared memory file system.")));
	}
	return spec;
}

/*
 * Takes the outcome of a question that is settled already out of its slot.
 * Who has many questions on the way might hold every slot, and would wait for
 * a free one for ever.
 */
static bool
make_room(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &all_running)
	{
		Running    *running = dlist_container(Running, node, iter.cur);

		if (cs_slot_settled(running->slot))
		{
			CsQuestion	question = {running->scope, running->entry};

			conclude(&question);
			return true;
		}
	}
	return false;
}

static void
submit(CsScope *scope, CsMemoEntry *entry, const CsAsk *ask)
{
	Running    *running = MemoryContextAllocZero(scope->cxt, sizeof(Running));

	running->scope = scope;
	running->entry = entry;
	running->endpoint = ask->endpoint;
	running->settings = ask->settings;
	running->subject = MemoryContextStrdup(scope->cxt,
										   cs_argument_get(&ask->args, "subject"));
	if (cs_argument_get(&ask->args, "passcode") != NULL)
		running->passcode = MemoryContextStrdup(scope->cxt,
												cs_argument_get(&ask->args, "passcode"));
	running->slot = cs_slot_submit(&entry->key, share_spec(ask), make_room);
	dlist_push_tail(&all_running, &running->node);
	if (!scope->asks)
	{
		scope->asks = true;
		cs_scope_at_end(scope, at_scope_end);
	}
	entry->value.running = running;
	entry->state = CS_MEMO_RUNNING;
}

CsQuestion
cs_ask_start(const CsAsk *ask)
{
	CsQuestion	question;
	CsKey		key;

	cs_question_key(&key, &ask->settings->account_key, ask->settings->provider,
					ask->endpoint, &ask->args);
	question.scope = cs_scope_current();
	question.entry = cs_memo_enter(question.scope, &key);
	if (question.entry->state == CS_MEMO_NEW)
		submit(question.scope, question.entry, ask);
	return question;
}

/* --- failures --- */

static uint32
flat_text(StringInfo flat, const char *text)
{
	uint32		offset = flat->len;

	if (text == NULL || text[0] == '\0')
		return 0;
	appendBinaryStringInfo(flat, text, (int) strlen(text) + 1);
	return offset;
}

static void
store_failure(CsScope *scope, CsMemoEntry *entry, const CsFailure *failure)
{
	StringInfoData flat;
	FlatFailure head;

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

static CsFailure *
read_failure(const char *flat)
{
	const FlatFailure *head = (const FlatFailure *) flat;
	CsFailure  *failure = palloc0(sizeof(CsFailure));

	failure->code = head->code;
	failure->http_status = head->http_status;
	failure->attempts = head->attempts;
	failure->billed = head->billed;
	failure->provider = head->provider;
	failure->message = head->message ? flat + head->message : "";
	failure->detail = head->detail ? flat + head->detail : NULL;
	failure->server = head->server ? flat + head->server : "";
	failure->provider_code = head->provider_code ? flat + head->provider_code : NULL;
	return failure;
}

/* Did a call that failed like this cost money? */
static CsBilled
was_billed(const CsEndpoint *endpoint, CsErrorCode code, int http_status, int attempts)
{
	bool		answered = http_status >= 200 && http_status < 300;

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
		case CS_ERR_UNAVAILABLE:
			return "%s refuses to serve now";
		default:
			return "could not ask %s";
	}
}

/* Providers speak UTF-8; elsewhere only their ASCII is shown. */
static char *
shown(const char *text)
{
	char	   *copy = pstrdup(text);

	if (GetDatabaseEncoding() != PG_UTF8)
		for (char *c = copy; *c != '\0'; c++)
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
	return copy;
}

char *
cs_ask_detail(const CsEndpoint *endpoint, const char *server, const char *subject,
			  const char *detail, int http_status)
{
	StringInfoData text;
	char		masked[CS_SUBJECT_SIZE];

	cs_mask_subject(subject, masked, sizeof(masked));
	initStringInfo(&text);
	if (detail[0] != '\0')
		appendStringInfo(&text, "%s%s ", shown(detail),
						 detail[strlen(detail) - 1] == '.' ? "" : ".");
	appendStringInfo(&text, "Asked was %s of %s %s at server \"%s\"",
					 endpoint->name, endpoint->subject_name, shown(masked), server);
	if (http_status != 0)
		appendStringInfo(&text, "; the HTTP status was %d", http_status);
	appendStringInfoChar(&text, '.');
	return text.data;
}

static char *
make_detail(const Running *running, const char *detail, int http_status)
{
	return cs_ask_detail(running->endpoint, running->settings->server_name,
						 running->subject, detail, http_status);
}

static CsFailure
make_failure(const Running *running, CsErrorCode code, const CsOutcome *outcome)
{
	CsFailure	failure = {0};

	failure.code = code;
	failure.http_status = outcome->http_status;
	failure.attempts = outcome->attempts;
	failure.provider = running->settings->provider->name;
	failure.server = running->settings->server_name;
	failure.billed = was_billed(running->endpoint, code, outcome->http_status,
								outcome->attempts);
	return failure;
}

static void
store_outcome_failure(const CsQuestion *q, const Running *running,
					  const CsOutcome *outcome)
{
	CsFailure	failure = make_failure(running, outcome->code, outcome);
	char		message[CS_MESSAGE_SIZE];

	snprintf(message, sizeof(message), outcome_message(outcome),
			 running->settings->provider->title);
	failure.message = message;
	failure.detail = make_detail(running, outcome->detail, outcome->http_status);
	store_failure(q->scope, q->entry, &failure);
}

/* --- reading replies --- */

static void
store_error(const CsQuestion *q, const Running *running, const CsOutcome *outcome,
			const CsError *err)
{
	CsFailure	failure = make_failure(running, err->code, outcome);

	failure.message = shown(err->message);
	failure.detail = make_detail(running, err->detail, outcome->http_status);
	failure.provider_code = err->provider_code[0] ? shown(err->provider_code) : NULL;
	store_failure(q->scope, q->entry, &failure);
}

/* What a provider's words are searched for: the subject, and what is secret. */
static int
collect_hidden(const Running *running, CsPair *pairs)
{
	int			n = cs_settings_secrets(running->settings, pairs);

	pairs[n++] = (CsPair) {"subject", running->subject};
	if (running->passcode != NULL)
		pairs[n++] = (CsPair) {"passcode", running->passcode};
	return n;
}

/* CLASSIFY: what the reply means, then its jsonb. */
static void
classify(const CsQuestion *q, const Running *running, const CsOutcome *outcome,
		 const CsReply *reply, struct json_object **root)
{
	CsPair		pairs[CS_SPEC_MAX_PAIRS + 2];
	CsArguments args = {pairs, collect_hidden(running, pairs), outcome->request_id, NULL, 0};
	CsError		parse_error = {0};
	CsVerdict	verdict;
	Jsonb	   *answer;
	CsStatus	parsed = CS_FAIL;

	if (reply->len > 0)
		parsed = cs_json_parse(reply->body, reply->len, root, &parse_error);
	memset(&verdict, 0, sizeof(verdict));
	running->endpoint->classify(&running->settings->account, &args, reply, *root,
								reply->len > 0 && parsed != CS_OK ? &parse_error : NULL,
								&verdict);
	if (verdict.code != CS_ERR_NONE)
	{
		verdict.error.code = verdict.code;
		store_error(q, running, outcome, &verdict.error);
		return;
	}
	answer = cs_result_jsonb(*root, &verdict.error);
	if (answer == NULL)
		store_error(q, running, outcome, &verdict.error);
	else
	{
		cs_memo_store(q->scope, q->entry, CS_MEMO_ANSWER, answer, VARSIZE(answer));
		pfree(answer);
	}
}

/* Takes the outcome out of its slot and into the MEMO. */
static void
conclude(const CsQuestion *q)
{
	Running    *running = q->entry->value.running;
	struct json_object *volatile root = NULL;
	dsa_pointer body;
	CsOutcome	outcome;
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "credscore answer",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);

	cs_slot_collect(running->slot, &outcome, &body);
	dlist_delete(&running->node);
	running->slot = -1;
	q->entry->state = CS_MEMO_NEW;
	PG_TRY();
	{
		CsReply		reply = {outcome.http_status, "", 0};

		if (DsaPointerIsValid(body))
		{
			CsReplyBody *b = dsa_get_address(cs_shmem_area(), body);

			reply.body = b->bytes;
			reply.len = b->len;
		}
		if (outcome.code != CS_ERR_NONE)
			store_outcome_failure(q, running, &outcome);
		else
			classify(q, running, &outcome, &reply, (struct json_object **) &root);
	}
	PG_FINALLY();
	{
		json_object_put(root);
		if (DsaPointerIsValid(body))
			cs_reply_release(body);
	}
	PG_END_TRY();

	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	pfree(unconstify(char *, running->subject));
	if (running->passcode != NULL)
	{
		cs_wipe(running->passcode, strlen(running->passcode));
		pfree(running->passcode);
	}
	pfree(running);
}

/* --- waiting --- */

/*
 * Gives a question up when no courier will answer it: none could be started,
 * or it does not turn its loop.
 */
static void
check_courier(const CsQuestion *q)
{
	Running    *running = q->entry->value.running;
	TimestampTz now = GetCurrentTimestamp();
	CsCourierState courier;
	CsOutcome	outcome;
	bool		away;

	cs_courier_state(&courier);
	away = courier.pid == 0 &&
		TimestampDifferenceExceeds(Max(courier.stopped_at, PgStartTime), now,
								   COURIER_AWAY_MS);
	if (!away && (courier.pid == 0 ||
				  !TimestampDifferenceExceeds(courier.heartbeat, now, COURIER_SILENT_MS)))
		return;

	memset(&outcome, 0, sizeof(outcome));
	outcome.code = cs_slot_sent(running->slot) ? CS_ERR_UNKNOWN : CS_ERR_UNREACHABLE;
	outcome.attempts = outcome.code == CS_ERR_UNKNOWN;
	strlcpy(outcome.detail, away
			? "The courier process of credscore is not running; see the server log and max_worker_processes."
			: "The courier process of credscore does not respond.",
			sizeof(outcome.detail));
	abandon(running);
	store_outcome_failure(q, running, &outcome);
}

bool
cs_ask_settled(const CsQuestion *question)
{
	CsMemoEntry *entry = question->entry;

	return entry->state != CS_MEMO_RUNNING ||
		cs_slot_settled(((Running *) entry->value.running)->slot);
}

void
cs_ask_wait(const CsQuestion *question)
{
	while (question->entry->state == CS_MEMO_RUNNING && !cs_ask_settled(question))
	{
		int			events = WaitLatch(MyLatch,
									   WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
									   COURIER_CHECK_MS, CS_WAIT_EVENT("CredscoreAnswer"));

		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (events & WL_TIMEOUT)
			check_courier(question);
	}
	if (question->entry->state == CS_MEMO_RUNNING)
		conclude(question);
}

Jsonb *
cs_ask_outcome(const CsQuestion *question, CsFailure **failure)
{
	void	   *bytes = cs_memo_fetch(question->scope, question->entry);

	if (question->entry->state == CS_MEMO_ANSWER)
		return bytes;
	*failure = read_failure(bytes);
	return NULL;
}

void
cs_ask_forget(const CsQuestion *question)
{
	cs_memo_remove(question->scope, question->entry);
}
