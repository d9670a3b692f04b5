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
	row->account = r->account;
	row->server = reply->server;
	row->endpoint = reply->endpoint;
}

/* In the caller's context; NULL: it is none. */
static Jsonb *
read_answer(const CsJournalHead *head, CsJournalPosition position,
			CsKeptReply *reply, bool *lasts)
{
	if (!cs_kept_reply_read(head, position, reply))
		return NULL;
	return cs_kept_read(reply, lasts);
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
			 CsAnswerNew *row, bool *lasts)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Jsonb *volatile body = NULL;
	CsKeptReply reply;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		body = read_answer(head, position, &reply, lasts);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		body = NULL;
		leave_out(caller);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	if (body == NULL)
		return false;
	*lasts = *lasts && reply.record.expires_at > cs_clock_now();
	fill(&reply, body, row);
	return true;
}
