/*-------------------------------------------------------------------------
 * retry.c
 *	  What follows a call: the answer stands, or one more is made.
 *
 * No PostgreSQL header: unit tests link this file alone.
 *------------------------------------------------------------------------- */
#include "courier/retry.h"

int
cs_retry_jitter(int retries, double random)
{
	double span = CS_RETRY_BASE_MS;

	for (int i = 0; i < retries && span < CS_RETRY_CAP_MS; i++)
		span *= 2;
	if (span > CS_RETRY_CAP_MS)
		span = CS_RETRY_CAP_MS;
	return (int) (span * random);
}

static bool
may_repeat(const CsRetryPolicy *policy, CsRepeat repeat)
{
	return repeat == CS_REPEAT_YES ||
		   (repeat == CS_REPEAT_AT_RISK && policy->retry_ambiguous);
}

CsDecision
cs_retry_decide(const CsRetryPolicy *policy, const CsAttempt *attempt)
{
	CsDecision decision = {CS_NEXT_SETTLE, 0};

	if (attempt->billing.repeat == CS_REPEAT_NEW_TOKEN && policy->can_renew)
	{
		decision.next = CS_NEXT_RENEW;
		return decision;
	}
	if (!may_repeat(policy, attempt->billing.repeat) ||
		attempt->retries >= policy->max_retries)
		return decision;

	/* What the provider asks for wins; jitter keeps askers apart. */
	decision.delay_ms = cs_retry_jitter(attempt->retries, attempt->random);
	if (attempt->retry_after_ms > 0)
	{
		if (attempt->retry_after_ms > policy->max_delay_ms)
		{
			decision.delay_ms = 0;
			return decision;
		}
		decision.delay_ms = attempt->retry_after_ms +
							(int) (CS_RETRY_BASE_MS * attempt->random);
	}
	decision.next = CS_NEXT_RETRY;
	return decision;
}
