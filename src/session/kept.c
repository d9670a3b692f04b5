/*-------------------------------------------------------------------------
 * kept.c
 *	  Kept answers: between the server's memory and a call.
 *
 * An answer is in the journal from the moment on that its call ended, as the reply
 * that it was, and in the table once the worker has loaded it.  A session looks at
 * the journal first: what has been loaded meanwhile it finds in the table.
 *
 * How old an answer may be is what keep_answers says now, and max_age; the table
 * has it as long as keep_answers said when it came.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/kept.h"

#include <json-c/json_object.h>

#include "access/xlog.h"
#include "miscadmin.h"

#include "base/json.h"
#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/error.h"
#include "pg/wakeup.h"
#include "session/noting.h"
#include "session/result_jsonb.h"
#include "shared/journal.h"
#include "shared/journal_flush.h"

/* After a start the journal's end is found first: so long it is waited for. */
#define READY_WAIT_MS 10000
#define READY_LOOK_MS 10

/* An answer that is not flushed yet is waited for as its outcome is. */
#define FLUSH_WAIT_MS 10000

/* --- what a reply is read as --- */

/* The reply's endpoint, as it is today. */
static const CsEndpoint *
endpoint_of(const CsKeptReply *reply)
{
	const CsProvider *provider = cs_registry_by_name(reply->provider);

	return provider != NULL ? cs_registry_endpoint(provider, reply->endpoint)
							: NULL;
}

static CsKeptReading
understand(const CsEndpoint *endpoint, const CsKeptReply *reply,
		   struct json_object *root)
{
	char		  request_id[2 * UUID_LEN + 5];
	CsPair		  subject = {"subject", reply->subject};
	CsArguments	  args = {&subject, 1, request_id, NULL, 0};
	CsAccount	  account = {"", NULL, 0};
	CsReply		  as_came = {reply->record.http_status, reply->body,
							 reply->record.total};
	CsKeptReading reading = {.reference = ""};
	CsVerdict	  verdict;
	CsError		  err = {0};

	memset(&verdict, 0, sizeof(verdict));
	cs_journal_record_uuid_text(&reply->record.request_id, request_id);
	endpoint->classify(&account, &args, &as_came, root, NULL, &verdict);
	if (verdict.code != CS_ERR_NONE)
		return reading;
	reading.answer = cs_result_jsonb(root, &err);
	reading.lasts = verdict.fresh_s == 0;
	reading.reference = pstrdup(cs_registry_reference(endpoint, root));
	return reading;
}

CsKeptReading
cs_kept_read(const CsKeptReply *reply)
{
	const CsEndpoint	  *endpoint = endpoint_of(reply);
	struct json_object	  *root = NULL;
	CsError				   err = {0};
	volatile CsKeptReading reading = {.reference = ""};

	if (endpoint == NULL ||
		cs_json_parse(reply->body, reply->record.total, &root, &err) != CS_OK)
		return reading;
	PG_TRY();
	{
		reading = understand(endpoint, reply, root);
	}
	PG_FINALLY();
	{
		json_object_put(root);
	}
	PG_END_TRY();
	return reading;
}

/* --- looking --- */

static bool
cannot_be_read(void)
{
	CsJournalView journal;

	cs_journal_view(&journal);
	return journal.failure[0] != '\0';
}

/* Who went on might buy what lies there, and each further row would wait as long. */
static void
refuse_unread(void)
{
	cs_error_raise(
		ERROR, CS_ERR_JOURNAL, "the journal of credscore is not read yet",
		"What it has may be the answer, so nothing was asked.",
		"Ask again in a moment; see the rows \"journal\" and \"worker_processes\" of credscore_health().");
}

void
cs_kept_await_journal(void)
{
	CsInstant until = cs_clock_ticks() + READY_WAIT_MS * CS_US_PER_MS;

	while (!cs_journal_is_ready() && !RecoveryInProgress())
	{
		if (cs_clock_ticks() >= until || cannot_be_read())
			refuse_unread();
		(void) cs_wakeup_sleep(READY_LOOK_MS,
							   CS_WAIT_EVENT("CredscoreKeptAnswer"));
	}
	CHECK_FOR_INTERRUPTS();
}

static bool
serves(const CsKeptRecord *r, const CsKeptSearch *search)
{
	return r->answered_at >= search->since &&
		   r->answered_at <= search->until && r->expires_at > cs_clock_now() &&
		   cs_key_equal(&r->question, &search->question);
}

/*
 * What was told to nobody yet, or lay there when the server ended, is perhaps not on
 * disk: that is waited for, since not to see it would be to buy it again.  Where that
 * was in vain it is not waited for at each answer anew.
 */
static void
await_flush(CsJournalPosition position)
{
	static CsJournalPosition stuck_at;
	CsJournalFlushView		 view;

	cs_journal_flush_view(&view);
	if (cs_journal_flush_await(position,
							   stuck_at == view.flushed ? 0 : FLUSH_WAIT_MS) !=
		CS_JOURNAL_WAITS)
		return;
	stuck_at = view.flushed;
	cs_journal_flush_missed();
}

static bool
take_reply(const CsJournalHead *head, CsJournalPosition position,
		   CsKeptAnswer *found)
{
	CsKeptReply	  reply;
	CsKeptReading reading;

	if (!cs_kept_reply_read(head, position, &reply))
		return false;
	reading = cs_kept_read(&reply);
	if (reading.answer == NULL || !reading.lasts)
		return false;
	found->body = reading.answer;
	found->request_id = reply.record.request_id;
	found->answered_at = reply.record.answered_at;
	found->expires_at = reply.record.expires_at;
	return true;
}

/*
 * From the latest on back, among those that are not in the table yet.  What lies
 * before somebody was forgotten does not count, here nor in the table.
 */
static bool
find_in_journal(const CsKeptSearch *search, CsKeptAnswer *found,
				bool *forgotten)
{
	CsJournalChain		 chain = {.database = MyDatabaseId,
								  .subject = search->subject};
	CsJournalPosition	 position;
	const CsJournalHead *head;

	while ((head = cs_journal_chain_next(&chain, &position)) != NULL)
	{
		CsKeptRecord r;

		if (head->type == CS_JOURNAL_FORGOTTEN)
		{
			*forgotten = true;
			break;
		}
		if (head->type != CS_JOURNAL_KEPT ||
			cs_journal_record_len(head) < sizeof(r))
			continue;
		memcpy(&r, cs_journal_record_body(head), sizeof(r));
		if (!serves(&r, search) || !take_reply(head, position, found))
			continue;
		cs_journal_chain_end();
		if (search->flushed)
			await_flush(position);
		return true;
	}
	cs_journal_chain_end();
	return false;
}

static bool
find(const CsKeptSearch *search, CsKeptAnswer *found)
{
	bool forgotten = false;

	cs_kept_await_journal();
	return find_in_journal(search, found, &forgotten) ||
		   (!forgotten && cs_answer_find(search, found));
}

/* --- for who asks --- */

bool
cs_kept_answer(CsScope *scope, CsMemoEntry *entry, const CsAsk *ask,
			   CsOrigin *origin)
{
	int64 age_ms = Min(ask->settings->limits.keep_answers * INT64CONST(1000),
					   ask->max_age_ms);
	CsKeptSearch search;
	CsKeptAnswer found;

	if (!cs_noting_keeps(ask) || age_ms == 0)
		return false;
	search = (CsKeptSearch){.question = cs_noting_digests(ask)->question,
							.subject = cs_noting_digests(ask)->subject,
							.since = cs_clock_now() - age_ms * CS_US_PER_MS,
							.until = DT_NOEND,
							.flushed = ask->settings->limits.ledger ==
									   CS_LEDGER_SYNC};
	if (!find(&search, &found))
		return false;
	*origin = cs_origin_of_kept(&found.request_id, found.answered_at);
	cs_memo_store_answer(scope, entry, found.body, origin);
	pfree(found.body);
	return true;
}

bool
cs_kept_answer_at(const CsAsk *ask, TimestampTz at, CsKeptAnswer *found)
{
	CsKeptSearch search = {.question = cs_noting_digests(ask)->question,
						   .subject = cs_noting_digests(ask)->subject,
						   .since = DT_NOBEGIN,
						   .until = at};

	return find(&search, found);
}
