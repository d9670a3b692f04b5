/*-------------------------------------------------------------------------
 * recording.c
 *	  What the courier writes into the journal of one question's calls.
 *
 * Nothing here raises.  That the end of a call cannot be written does not happen,
 * since there was room for it when it left; should it happen all the same, the
 * ledger will say of that call that its end is not known.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/recording.h"

#include "utils/elog.h"

#include "pg/clock.h"
#include "pg/error.h"
#include "shared/kept_reply.h"

static bool
append(const CsCallRecord *call, CsJournalType type, const CsNote *note,
	   CsJournalPosition *position)
{
	return cs_journal_append(
		&(CsJournalEntry){.type = type,
						  .database = note->database,
						  .parts = {{call, sizeof(*call)}, {note, note->len}},
						  .linked = call->source == CS_SOURCE_CALL},
		position);
}

bool
cs_recording_sent(CsRecording *r, const CsRecordedCall *call)
{
	CsCallRecord *next = &r->next;

	memset(next, 0, sizeof(*next));
	next->link.subject = call->note->subject;
	next->run = cs_journal_run();
	next->called_at = cs_clock_now();
	next->attempt = (int16) call->attempt;
	next->outcome = CS_CALL_UNKNOWN;
	next->billed = CS_BILLED_UNKNOWN;
	cs_journal_record_uuid(call->request_id, &next->request_id);
	r->left_at = 0;
	return append(next, CS_JOURNAL_SENT, call->note, &r->sent);
}

void
cs_recording_left(CsRecording *r)
{
	r->call = r->next;
	r->call.called_at = cs_clock_now();
	r->left_at = cs_clock_ticks();
}

void
cs_recording_unsent(CsRecording *r, const CsNote *note)
{
	if (r->sent == 0 || r->left_at != 0)
		return;
	r->next.sent = r->sent;
	r->next.outcome = CS_CALL_UNSENT;
	r->next.billed = CS_BILLED_NO;
	(void) append(&r->next, CS_JOURNAL_ENDED, note, NULL);
	r->sent = 0;
}

bool
cs_recording_kept(const pg_uuid_t *request_id, const CsSpec *spec,
				  const CsNote *note, const CsReply *reply,
				  TimestampTz answered_at)
{
	const CsSharedAccount *account = cs_spec_account(spec);
	CsKeptReply			   kept;

	memset(&kept, 0, sizeof(kept));
	kept.record.link.subject = note->subject;
	kept.record.question = note->question;
	kept.record.answered_at = answered_at;
	kept.record.expires_at =
		kept.record.answered_at + account->limits.keep_answers * CS_US_PER_S;
	kept.record.request_id = *request_id;
	kept.record.http_status = reply->http_status;
	kept.record.total = (uint32) reply->len;
	kept.server = cs_block_text(account, account->server_name);
	kept.provider = cs_spec_provider(spec)->name;
	kept.endpoint = cs_spec_endpoint(spec)->name;
	kept.subject = cs_block_text(spec, spec->subject);
	kept.body = reply->body;
	return cs_kept_reply_append(note->database, &kept);
}

static CsCallOutcome
outcome_of(const CsRecordedEnd *end)
{
	if (end->billed == CS_BILLED_UNKNOWN)
		return CS_CALL_UNKNOWN;
	if (end->end != CS_CALL_REPLY)
		return CS_CALL_FAILED;
	return end->code == CS_ERR_NONE ? CS_CALL_ANSWERED : CS_CALL_REFUSED;
}

void
cs_recording_ended(CsRecording *r, const CsNote *note,
				   const CsRecordedEnd *end)
{
	cs_recording_unsent(r, note);
	if (r->sent == 0)
		return;
	r->call.sent = r->sent;
	r->call.duration_us =
		(int32) Min(cs_clock_ticks() - r->left_at, PG_INT32_MAX);
	r->call.bytes = (int32) Min(end->bytes, PG_INT32_MAX);
	r->call.http_status = (int16) end->http_status;
	r->call.outcome = outcome_of(end);
	r->call.billed = end->billed;
	if (end->code != CS_ERR_NONE)
		strlcpy(r->call.sqlstate,
				unpack_sql_state(cs_error_sqlstate(end->code)),
				sizeof(r->call.sqlstate));
	(void) append(&r->call, CS_JOURNAL_ENDED, note, &r->ended);
	r->sent = 0;
}

void
cs_recording_shared(const CsRecording *r, const CsNote *note)
{
	CsCallRecord shared = r->call;

	if (note == NULL || r->call.called_at == 0)
		return;
	shared.sent = 0;
	shared.source = CS_SOURCE_SHARED;
	shared.billed = CS_BILLED_NO;
	memset(&shared.link, 0, sizeof(shared.link));
	(void) append(&shared, CS_JOURNAL_ENDED, note, NULL);
}

/* Does a record say so? */
static bool
says_unknown(const CsJournalHead *head, const CsNote *note, CsCallRecord *call)
{
	const char *body = cs_journal_record_body(head);
	CsNote		of;

	if (head->type != CS_JOURNAL_ENDED ||
		cs_journal_record_len(head) < sizeof(*call) + sizeof(of))
		return false;
	memcpy(call, body, sizeof(*call));
	memcpy(&of, body + sizeof(*call), sizeof(of));
	return call->outcome == CS_CALL_UNKNOWN &&
		   cs_key_equal(&of.question, &note->question) &&
		   strcmp(call->sqlstate,
				  unpack_sql_state(cs_error_sqlstate(CS_ERR_UNKNOWN))) == 0;
}

bool
cs_recording_in_doubt(const CsNote *note, CsJournalPosition since,
					  pg_uuid_t *request_id)
{
	CsJournalChain		 chain = {.database = note->database,
								  .subject = note->subject,
								  .begun = true,
								  .at = cs_journal_chain_head(&note->subject),
								  .stop = since};
	CsJournalPosition	 position;
	const CsJournalHead *head;
	CsCallRecord		 call;
	bool				 found = false;

	while (!found && (head = cs_journal_chain_next(&chain, &position)) != NULL)
		found = says_unknown(head, note, &call);
	cs_journal_chain_end();
	if (found)
		*request_id = call.request_id;
	return found;
}
