/*-------------------------------------------------------------------------
 * retry.h
 *	  What follows a call: the answer stands, or one more is made.
 *
 * Arithmetic only.  Whether a call may be sent again is billing.h's word; here
 * is decided whether it is worth it, and when.
 *------------------------------------------------------------------------- */
#ifndef CS_RETRY_H
#define CS_RETRY_H

#include "provider/billing.h"

typedef enum CsNext
{
	CS_NEXT_SETTLE, /* it stands */
	CS_NEXT_RENEW,	/* get a new token, send again at once */
	CS_NEXT_RETRY	/* send again after CsDecision.delay_ms */
} CsNext;

typedef struct CsRetryPolicy
{
	bool retry_ambiguous; /* the user accepts paying twice */
	bool can_renew;		  /* there is a token to renew, not yet renewed */
	int	 max_retries;
	int	 max_delay_ms; /* a longer Retry-After is not waited for */
} CsRetryPolicy;

typedef struct CsAttempt
{
	CsBilling billing;		  /* how the call ended, for money */
	int		  retries;		  /* made so far */
	int		  retry_after_ms; /* 0: not said */
	double	  random;		  /* 0 <= random < 1, for the jitter */
} CsAttempt;

typedef struct CsDecision
{
	CsNext next;
	int	   delay_ms;
} CsDecision;

/* The wait grows 1, 2, 4 ... times this, up to the cap, times a random. */
#define CS_RETRY_BASE_MS 200
#define CS_RETRY_CAP_MS	 10000

extern CsDecision
cs_retry_decide(const CsRetryPolicy *policy, const CsAttempt *attempt);

/* Full jitter: uniform over [0, min(cap, base * 2^retries)). */
extern int cs_retry_jitter(int retries, double random);

#endif /* CS_RETRY_H */
