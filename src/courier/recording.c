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
append(const CsRecording *r, CsJournalType type, const CsNote *note,
	   CsJournalPosition *position)
{
	return cs_journal_append(
		&(CsJournalEntry){
			.type = type,
			.database = note->database,
			.parts = {{&r->call, sizeof(r->call)}, {note, note->len}}},
		position);
}

bool
cs_recording_sent(CsRecording *r, const CsNote *note, const char *request_id,
				  int attempt)
{
	memset(&r->call, 0, sizeof(r->call));
	r->call.run = cs_journal_run();
	r->call.called_at = cs_clock_now();
	r->call.attempt = (int16) attempt;
	r->call.outcome = CS_CALL_UNKNOWN;
	r->call.billed = CS_BILLED_UNKNOWN;
	cs_journal_record_uuid(request_id, &r->call.request_id);
	r->left_at = cs_clock_ticks();
	return append(r, CS_JOURNAL_SENT, note, &r->sent);
}

bool
cs_recording_kept(const CsRecording *r, const CsSpec *spec, const CsNote *note,
				  const CsReply *reply, TimestampTz answered_at)
{
	const CsSharedAccount *account = cs_spec_account(spec);
	CsKeptReply			   kept;

	memset(&kept, 0, sizeof(kept));
	kept.record.link.subject = note->subject;
	kept.record.question = note->question;
	kept.record.account = note->account;
	kept.record.answered_at = answered_at;
	kept.record.expires_at =
		kept.record.answered_at + account->limits.keep_answers * CS_US_PER_S;
	kept.record.request_id = r->call.request_id;
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
	(void) append(r, CS_JOURNAL_ENDED, note, NULL);
	r->sent = 0;
}

void
cs_recording_shared(const CsRecording *r, const CsNote *note)
{
	CsRecording shared = *r;

	if (note == NULL || r->call.called_at == 0)
		return;
	shared.call.sent = 0;
	shared.call.source = CS_SOURCE_SHARED;
	shared.call.billed = CS_BILLED_NO;
	(void) append(&shared, CS_JOURNAL_ENDED, note, NULL);
}
