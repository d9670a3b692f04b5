/*-------------------------------------------------------------------------
 * retry.h
 *	  What follows a call: the answer stands, or one more is made.
 *
 * Arithmetic only.  The rule: a billed call is sent again only when it
 * provably was not sent, or was refused with 429 or 503.
 *------------------------------------------------------------------------- */
#ifndef CS_RETRY_H
#define CS_RETRY_H

#include "base/core.h"

typedef enum CsNext
{
	CS_NEXT_SETTLE, /* it stands; CsDecision.code says as what */
	CS_NEXT_RENEW,	/* get a new token, send again at once */
	CS_NEXT_RETRY	/* send again after CsDecision.delay_ms */
} CsNext;

typedef struct CsRetryPolicy
{
	bool billed;
	bool retry_ambiguous; /* the user accepts paying twice */
	bool can_renew;		  /* there is a token to renew, not yet renewed */
	int	 max_retries;
	int	 max_delay_ms; /* a longer Retry-After is not waited for */
} CsRetryPolicy;

typedef struct CsAttempt
{
	CsCallEnd end;
	int		  status;		  /* what the reply really stands for */
	int		  retries;		  /* made so far */
	int		  retry_after_ms; /* 0: not said */
	double	  random;		  /* 0 <= random < 1, for the jitter */
} CsAttempt;

typedef struct CsDecision
{
	CsNext		next;
	CsErrorCode code; /* CS_NEXT_SETTLE: CS_ERR_NONE when the reply
								 * has to be read */
	int			delay_ms;
} CsDecision;

/* The wait grows 1, 2, 4 ... times this, up to the cap, times a random. */
#define CS_RETRY_BASE_MS 200
#define CS_RETRY_CAP_MS	 10000

extern CsDecision
cs_retry_decide(const CsRetryPolicy *policy, const CsAttempt *attempt);

/*
 * May a billed call that ended so cost money?  Not when nothing was sent, nor
 * when it was refused: credentials, rate, or no service.
 */
extern bool cs_retry_may_be_billed(CsCallEnd end, int status);

/* Full jitter: uniform over [0, min(cap, base * 2^retries)). */
extern int cs_retry_jitter(int retries, double random);

#endif /* CS_RETRY_H */
