/*-------------------------------------------------------------------------
 * login.h
 *	  Tokens for the courier: one log-in per account while others wait.
 *------------------------------------------------------------------------- */
#ifndef CS_LOGIN_H
#define CS_LOGIN_H

#include "postgres.h"

#include "lib/ilist.h"
#include "utils/timestamp.h"

#include "shared/slots.h"

typedef enum CsLoginState
{
	CS_LOGIN_READY,	  /* the token is there */
	CS_LOGIN_PENDING, /* the waiter will be called */
	CS_LOGIN_FAILED	  /* a log-in failed a moment ago */
} CsLoginState;

/* One who waits for a token; embed it. */
typedef struct CsLoginWaiter
{
	dlist_node node;

	/* token == NULL: the log-in failed with *failure. */
	void (*ready)(struct CsLoginWaiter *waiter, const char *token,
				  uint64 generation, const CsOutcome *failure);
} CsLoginWaiter;

/*
 * The token of a specification's account.  READY fills token (CS_TOKEN_MAX + 1
 * bytes) and generation, FAILED fills *failure.
 */
extern CsLoginState
cs_login_token(const CsSpec *spec, CsLoginWaiter *waiter, char *token,
			   uint64 *generation, CsOutcome *failure);

/* Gives up waiting; the log-in itself goes on. */
extern void cs_login_leave(CsLoginWaiter *waiter);

/* Starts log-ins whose wait is over; call it when cs_login_due says so. */
extern void cs_login_tick(TimestampTz now);

/* When cs_login_tick has to be called; DT_NOEND: never. */
extern TimestampTz cs_login_due(void);

#endif /* CS_LOGIN_H */
