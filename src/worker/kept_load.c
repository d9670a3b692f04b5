/*-------------------------------------------------------------------------
 * kept_load.c
 *	  From a kept reply in the journal to a row of the table.
 *
 * What raises in reading one reply must not stop all that come after it, for ever:
 * it is read in a subtransaction, and left out.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/kept_load.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "pg/clock.h"
#include "pg/jsonb_digest.h"
#include "session/kept.h"

static void
fill(const CsKeptReply *reply, Jsonb *body, CsAnswerNew *row)
{
	const CsKeptRecord *r = &reply->record;

	row->answer.request_id = r->request_id;
	row->answer.answered_at = r->answered_at;
	row->answer.expires_at = r->expires_at;
	row->answer.body = body;
	row->question = r->question;
	row->subject = r->link.subject;
	row->server = reply->server;
	row->endpoint = reply->endpoint;
}

/* Which answer came of the call. */
static void
fill_answer(const CsKeptReply *reply, const CsKeptReading *reading,
			CsAnswerRow *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->read.read_at = reply->record.answered_at;
	answer->read.request_id = reply->record.request_id;
	cs_jsonb_digest(reading->answer, answer->read.digest);
	answer->provider_ref = reading->reference;
}

/* In the caller's context. */
static CsKeptReading
read_answer(const CsJournalHead *head, CsJournalPosition position,
			CsKeptReply *reply)
{
	CsKeptReading none = {NULL};

	return cs_kept_reply_read(head, position, reply) ? cs_kept_read(reply)
													 : none;
}

/* Another day it might do. */
static bool
ends_batch(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_OUT_OF_MEMORY ||
		   ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
			   ERRCODE_OPERATOR_INTERVENTION;
}

/* What the error says may be of the answer. */
static void
leave_out(MemoryContext caller)
{
	ErrorData *error;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(caller);
	if (ends_batch(error))
		ReThrowError(error);
	ereport(LOG, (errcode(error->sqlerrcode),
				  errmsg("credscore could not keep an answer"),
				  errdetail("Reading it ended with SQLSTATE %s.",
							unpack_sql_state(error->sqlerrcode))));
	FreeErrorData(error);
}

bool
cs_kept_load(const CsJournalHead *head, CsJournalPosition position,
			 CsAnswerRow *answer, CsAnswerNew *row, bool *lasts)
{
	MemoryContext		   caller = CurrentMemoryContext;
	ResourceOwner		   owner = CurrentResourceOwner;
	volatile CsKeptReading read = {NULL};
	CsKeptReading		   reading;
	CsKeptReply			   reply;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		read = read_answer(head, position, &reply);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		read.answer = NULL;
		leave_out(caller);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	reading = read;
	if (reading.answer == NULL)
		return false;
	*lasts = reading.lasts && reply.record.expires_at > cs_clock_now();
	fill_answer(&reply, &reading, answer);
	fill(&reply, reading.answer, row);
	return true;
}
