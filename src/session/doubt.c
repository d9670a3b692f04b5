/*-------------------------------------------------------------------------
 * doubt.c
 *	  A call whose outcome nobody knows keeps its question from being bought again.
 *
 * What is not loaded yet is found in the journal, by the subject's chain, from the
 * last record back: a call that ended unknown, or one that a former courier sent and
 * that has no end.  One of the present courier is on its way, and who asks the same
 * shares it.  What is loaded is found in the table.
 *
 * An answer that came since, as when somebody took the risk, does not say what was
 * billed: the call is in doubt until somebody says so, or it is old.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/doubt.h"

#include "access/xlog.h"
#include "miscadmin.h"

#include "pg/clock.h"
#include "session/kept.h"
#include "session/noting.h"
#include "shared/journal.h"
#include "shared/journal_record.h"

/* A walk through a question's calls. */
typedef struct Walk
{
	CsKey			   question;
	TimestampTz		   since;
	CsJournalPosition *sent; /* of those whose end was met, and not they yet */
	int				   nsent;
	int				   most;
} Walk;

static void
add_end(Walk *w, CsJournalPosition sent)
{
	if (w->nsent == w->most)
	{
		w->most = Max(2 * w->most, 16);
		w->sent = w->sent == NULL
					  ? palloc(w->most * sizeof(CsJournalPosition))
					  : repalloc(w->sent, w->most * sizeof(CsJournalPosition));
	}
	w->sent[w->nsent++] = sent;
}

static bool
take_end(Walk *w, CsJournalPosition sent)
{
	for (int i = w->nsent - 1; i >= 0; i--)
		if (w->sent[i] == sent)
		{
			w->sent[i] = w->sent[--w->nsent];
			return true;
		}
	return false;
}

/* Reads a call of the question; false: the record is none. */
static bool
read_call(const Walk *w, const CsJournalHead *head, CsCallRecord *call)
{
	const char *body = cs_journal_record_body(head);
	CsNote		note;

	if ((head->type != CS_JOURNAL_SENT && head->type != CS_JOURNAL_ENDED) ||
		cs_journal_record_len(head) < sizeof(*call) + sizeof(note))
		return false;
	memcpy(call, body, sizeof(*call));
	memcpy(&note, body + sizeof(*call), sizeof(note));
	return cs_key_equal(&note.question, &w->question);
}

/* Does the record say that nobody knows what came of the call? */
static bool
is_unknown(Walk *w, const CsJournalHead *head, CsJournalPosition position,
		   const CsCallRecord *call)
{
	if (head->type == CS_JOURNAL_SENT)
		return !take_end(w, position) && call->run != cs_journal_run();
	add_end(w, call->sent);
	return call->outcome == CS_CALL_UNKNOWN &&
		   strcmp(call->sqlstate, CS_UNKNOWN_SQLSTATE) == 0;
}

static bool
find_in_journal(Walk *w, const CsKey *subject, CsUnknownCall *found)
{
	CsJournalChain chain = {
		.database = MyDatabaseId, .subject = *subject, .open = true};
	CsJournalPosition	 position;
	const CsJournalHead *head;
	CsCallRecord		 call;

	while ((head = cs_journal_chain_next(&chain, &position)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_call(w, head, &call) ||
			!is_unknown(w, head, position, &call) || call.called_at < w->since)
			continue;
		*found =
			(CsUnknownCall){call.request_id, call.attempt, call.called_at};
		if (cs_unknown_is_resolved(found))
			continue;
		cs_journal_chain_end();
		return true;
	}
	return false;
}

static bool
may_block(const CsAsk *ask)
{
	const CsLimits *limits = &ask->settings->limits;

	return limits->ledger == CS_LEDGER_SYNC && limits->unknown_ttl > 0 &&
		   !limits->retry_ambiguous && ask->endpoint->fee != CS_FEE_NONE &&
		   !RecoveryInProgress();
}

bool
cs_doubt_blocks(const CsAsk *ask, CsUnknownCall *call)
{
	int64 ttl_us = ask->settings->limits.unknown_ttl * CS_US_PER_S;
	Walk  walk = {.since = cs_clock_now() - ttl_us};
	bool  found;

	if (!may_block(ask))
		return false;
	cs_kept_await_journal();
	walk.question = cs_noting_digests(ask)->question;
	found = find_in_journal(&walk, &cs_noting_digests(ask)->subject, call) ||
			cs_unknown_find(&walk.question, walk.since, call);
	if (walk.sent != NULL)
		pfree(walk.sent);
	return found;
}
