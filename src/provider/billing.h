/*-------------------------------------------------------------------------
 * billing.h
 *	  What the end of a call means for money: the one place that decides.
 *
 * A call is one exchange on the wire.  From how it ended, and what its
 * endpoint costs, follows whether it is billed, whether it may be sent again,
 * whether its reply may be kept, what it tells of the server's health, and
 * what it is called when it stands.  Retries, budget, breaker, statistics,
 * reports and the cache ask here and decide nothing of this themselves.
 *
 * Pure functions over a table.
 *------------------------------------------------------------------------- */
#ifndef CS_BILLING_H
#define CS_BILLING_H

#include "base/core.h"

/* What an endpoint's calls cost. */
typedef enum CsFee
{
	CS_FEE_NONE, /* nothing: log-ins, and questions that are free */
	CS_FEE_CALL, /* each call that is answered */
	CS_FEE_READY /* likewise, but nothing while the answer is not ready: 202 */
} CsFee;

/* Is a call billed?  Said in reports as no, yes or unknown. */
typedef enum CsBilled
{
	CS_BILLED_NO,
	CS_BILLED_YES,
	CS_BILLED_UNKNOWN
} CsBilled;

/* May the same be sent once more? */
typedef enum CsRepeat
{
	CS_REPEAT_NO,		 /* what it says will not change by that */
	CS_REPEAT_AT_RISK,	 /* only who accepts paying twice: retry_ambiguous */
	CS_REPEAT_NEW_TOKEN, /* once, with a token that was asked for anew */
	CS_REPEAT_YES
} CsRepeat;

/* What a call tells of the server's health, to its breaker. */
typedef enum CsSign
{
	CS_SIGN_NONE, /* nothing */
	CS_SIGN_LIFE, /* it works, though it may have said no */
	CS_SIGN_FAILURE
} CsSign;

typedef struct CsBilling
{
	CsBilled	billed;
	CsRepeat	repeat;
	bool		keep;	 /* the reply holds for others who ask, and later */
	CsSign		sign;	 /* for the breaker */
	CsErrorCode code;	 /* when it stands; CS_ERR_NONE: the reply says more */
	const char *meaning; /* "provider refused the credentials": for messages */
} CsBilling;

/*
 * The consequences of a call that ended so.  `status` is what a reply really
 * stands for (cs_registry_effective_status), or the one that was read before
 * the reply failed; 0 when none was.
 */
extern CsBilling cs_billing_of(CsFee fee, CsCallEnd end, int status);

/* "no", "yes", "unknown" */
extern const char *cs_billing_name(CsBilled billed);

/* The table for a reader: one row; false beyond the last. */
typedef struct CsBillingRow
{
	const char *how; /* "400, 404, 422" */
	CsCallEnd	end;
	int			status; /* one that the row holds for */
} CsBillingRow;

extern bool cs_billing_row(int i, CsBillingRow *row);

#endif /* CS_BILLING_H */
