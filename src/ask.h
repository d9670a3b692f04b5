/*-------------------------------------------------------------------------
 * ask.h
 *	  Asking a question: the session's side.
 *
 * A question is an object with a state.  Whoever needs an answer starts it,
 * whoever wants the answer waits: the scalar function does both at once,
 * others may start many first.
 *------------------------------------------------------------------------- */
#ifndef CS_ASK_H
#define CS_ASK_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "error.h"
#include "memo.h"
#include "settings.h"

/* What to ask. */
typedef struct CsAsk
{
	const CsSettings *settings;
	const CsEndpoint *endpoint;
	CsArguments args;			/* normalised; "subject" among them */
} CsAsk;

/* A question that was started, in the scope that asks. */
typedef struct CsQuestion
{
	CsScope    *scope;
	CsMemoEntry *entry;
} CsQuestion;

extern void cs_ask_init(void);

/* Starts a question, or finds that this execution has asked it already. */
extern CsQuestion cs_ask_start(const CsAsk *ask);

/* Waits, interruptibly, until the question is settled. */
extern void cs_ask_wait(const CsQuestion *question);

/*
 * The outcome of a settled question, allocated in the current context: the
 * answer, or NULL and *failure.
 */
extern Jsonb *cs_ask_outcome(const CsQuestion *question, CsFailure **failure);

/*
 * The detail of a failure: what is known, then what was asked, the subject
 * masked; http_status 0: none.
 */
extern char *cs_ask_detail(const CsEndpoint *endpoint, const char *server,
						   const char *subject, const char *detail,
						   int http_status);

/* Is it settled already? */
extern bool cs_ask_settled(const CsQuestion *question);

/* Removes a question nobody may find again (an endpoint that is not shared). */
extern void cs_ask_forget(const CsQuestion *question);

#endif							/* CS_ASK_H */
