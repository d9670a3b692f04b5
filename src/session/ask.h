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

#include "session/ask_stats.h"
#include "session/failure.h"
#include "session/memo.h"
#include "session/question.h"

/* A question that was started, in the scope that asks. */
typedef struct CsQuestion
{
	CsScope		*scope;
	CsMemoEntry *entry;
} CsQuestion;

extern void cs_ask_init(void);

/*
 * Starts a question, or finds that this execution has asked it already.  At
 * most credscore.max_in_flight questions of a session are on their way; one
 * beyond stays here until another is settled.  Raises CS402 beyond
 * credscore.max_calls_per_statement.
 */
extern CsQuestion cs_ask_start(const CsAsk *ask);

/*
 * Starts a question whose answer will be asked for, in its turn behind those
 * started before.  Does nothing beyond credscore.max_calls_per_statement.
 * `stats` must live as long as the scope.  Returns the question's entry, which
 * lives as long as the scope, too.
 */
extern CsMemoEntry *cs_ask_ahead(const CsAsk *ask, CsAskStats *stats);

/*
 * Is a question started and not settled?  One that was not started, because
 * there was nothing to ask or no call left, is not; nobody waits for it.
 */
extern bool cs_ask_is_running(const CsMemoEntry *entry);

/*
 * Waits until something happens to the questions of this session, which may or
 * may not be to this running one.
 */
extern void cs_ask_wait_turn(const CsMemoEntry *entry);

/* Takes what is settled and starts what waits for its turn. */
extern void cs_ask_pump(void);

/* Waits, interruptibly, until the question is settled. */
extern void cs_ask_wait(const CsQuestion *question);

/*
 * The outcome of a settled question, allocated in the current context: the
 * answer and *origin, which may be NULL for who does not want to know; or NULL
 * and *failure.
 */
extern Jsonb *cs_ask_outcome(const CsQuestion *question, CsOrigin *origin,
							 CsFailure **failure);

/* Removes a question nobody may find again (an endpoint that is not shared). */
extern void cs_ask_forget(const CsQuestion *question);

#endif /* CS_ASK_H */
