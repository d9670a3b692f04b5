/*-------------------------------------------------------------------------
 * kept.h
 *	  Kept answers: between the server's memory and a call.
 *------------------------------------------------------------------------- */
#ifndef CS_KEPT_H
#define CS_KEPT_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "session/memo.h"
#include "session/origin.h"
#include "session/question.h"
#include "shared/kept_reply.h"
#include "store/answer.h"

/*
 * Looks for an answer that is kept and serves: it is put into the MEMO, and true is
 * returned.  Raises 55P03, and what the database's key of digests does.
 */
extern bool cs_kept_answer(CsScope *scope, CsMemoEntry *entry,
						   const CsAsk *ask, CsOrigin *origin);

/* The same for the answer to a question that was the latest at a time. */
extern bool
cs_kept_answer_at(const CsAsk *ask, TimestampTz at, CsKeptAnswer *found);

/* Nobody asks before the journal's end is found, and what lies before it may be the
 * answer: waits for that, some seconds, interruptibly. */
extern void cs_kept_await_journal(void);

/* What a reply from the journal is read as. */
typedef struct CsKeptReading
{
	Jsonb *answer; /* NULL: it is none */
	bool   lasts;  /* it may be kept in the table; else it serves for some time
					* only, and in memory */
	const char
		*reference; /* what the provider calls it; "": it does not say */
} CsKeptReading;

/* In the current memory context. */
extern CsKeptReading cs_kept_read(const CsKeptReply *reply);

#endif /* CS_KEPT_H */
