/*-------------------------------------------------------------------------
 * login.h
 *	  Tokens for the courier: one log-in per account while others wait.
 *
 * A question gets its token before it queues at its server's gate, and holds
 * no place there meanwhile; the log-in itself goes through the gate like
 * every call.  Whose turn comes when the token's time is over waits for another.
 * So that tokens that live shorter than the queue do not keep everybody waiting
 * for ever, who has waited longest for one gets the first turn after it: every
 * log-in leads to a call.
 *------------------------------------------------------------------------- */
#ifndef CS_LOGIN_H
#define CS_LOGIN_H

#include "postgres.h"

#include "lib/ilist.h"

#include "shared/account.h"
#include "shared/reply.h"

typedef enum CsLoginState
{
	CS_LOGIN_READY,	  /* there is a token */
	CS_LOGIN_PENDING, /* the waiter will be called */
	CS_LOGIN_FAILED	  /* a log-in failed a moment ago */
} CsLoginState;

/* One who waits for a token; embed it. */
typedef struct CsLoginWaiter
{
	dlist_node node;
	bool longest; /* when called: nobody has waited longer for this token */

	/* failure == NULL: there is a token now. */
	void (*ready)(struct CsLoginWaiter *waiter, const CsOutcome *failure);
} CsLoginWaiter;

/*
 * Sees to it that an account has a token.  FAILED fills *failure; PENDING
 * calls the waiter, from the courier's loop or from within this function's
 * callees, but not before it returns.
 */
extern CsLoginState cs_login_ensure(CsAccountId account, CsLoginWaiter *waiter,
									CsOutcome *failure);

/* Gives up waiting; the log-in itself goes on. */
extern void cs_login_leave(CsLoginWaiter *waiter);

/* Ends the log-ins at servers that are switched off, unless they have left. */
extern void cs_login_refuse_all(void);

/* At the courier's end: lets go of the accounts of log-ins on their way. */
extern void cs_login_stop(void);

#endif /* CS_LOGIN_H */
