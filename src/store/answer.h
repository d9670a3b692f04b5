/*-------------------------------------------------------------------------
 * answer.h
 *	  The table of kept answers.
 *
 * Sessions read it past the privileges that SQL asks for, as the server's memory:
 * who may ask a question may have the answer to it.
 *------------------------------------------------------------------------- */
#ifndef CS_ANSWER_H
#define CS_ANSWER_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#include "shared/key.h"

/* An answer, in the current memory context. */
typedef struct CsKeptAnswer
{
	pg_uuid_t	request_id; /* of the call that gave it */
	TimestampTz answered_at;
	TimestampTz expires_at;
	Jsonb	   *body;
} CsKeptAnswer;

/* Which one is looked for. */
typedef struct CsKeptSearch
{
	CsKey		question;
	CsKey		subject; /* of the question */
	TimestampTz since;	 /* answered then or later, */
	TimestampTz until;	 /* and then or earlier */
	bool
		flushed; /* only what is safe on disk: with ledger 'sync' the call that
				   * has brought it is on its way until then */
} CsKeptSearch;

/*
 * The latest answer that serves and has not expired, among all that is committed
 * by now, also after the statement's snapshot.  Raises 55P03 when the table was
 * locked for a second.
 */
extern bool cs_answer_find(const CsKeptSearch *search, CsKeptAnswer *found);

/* What the worker puts there. */
typedef struct CsAnswerNew
{
	CsKeptAnswer answer;
	CsKey		 question;
	CsKey		 subject;
	const char	*server;
	const char	*endpoint;
} CsAnswerNew;

/* Adds them, as the tables' owner, in the transaction that is open. */
extern void cs_answer_insert(const CsAnswerNew *rows, int n);

/* Removes those about a subject, as the tables' owner, in the transaction that is
 * open; how many. */
extern uint64 cs_answer_forget(const CsKey *subject);

/* Does this process do so just now? */
extern bool cs_answer_is_forgetting(void);

#endif /* CS_ANSWER_H */
