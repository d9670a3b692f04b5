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

/* May a call that ended like this be sent again? */
static bool
may_repeat(const CsRetryPolicy *policy, const CsAttempt *attempt)
{
	bool ambiguous_ok = !policy->billed || policy->retry_ambiguous;

	switch (attempt->end)
	{
		case CS_CALL_NOT_SENT:
			return true;
		case CS_CALL_LOST:
			return ambiguous_ok;
		case CS_CALL_TOO_LARGE:
		case CS_CALL_GARBLED:
			return false;
		case CS_CALL_REPLY:
			break;
	}
	if (attempt->status == 429 || attempt->status == 503)
		return true;
	return attempt->status >= 500 && ambiguous_ok;
}

bool
cs_retry_may_be_billed(CsCallEnd end, int status)
{
	if (end != CS_CALL_REPLY)
		return end != CS_CALL_NOT_SENT;
	return status != 401 && status != 403 && status != 429 && status != 503;
}

static CsErrorCode
code_of(CsCallEnd end)
{
	switch (end)
	{
		case CS_CALL_NOT_SENT:
			return CS_ERR_UNREACHABLE;
		case CS_CALL_LOST:
			return CS_ERR_UNKNOWN;
		case CS_CALL_TOO_LARGE:
			return CS_ERR_TOO_LARGE;
		case CS_CALL_GARBLED:
			return CS_ERR_NOT_UNDERSTOOD;
		case CS_CALL_REPLY:
			break;
	}
	return CS_ERR_NONE;
}

CsDecision
cs_retry_decide(const CsRetryPolicy *policy, const CsAttempt *attempt)
{
	CsDecision decision = {CS_NEXT_SETTLE, code_of(attempt->end), 0};

	if (attempt->end == CS_CALL_REPLY && attempt->status == 401 &&
		policy->can_renew)
	{
		decision.next = CS_NEXT_RENEW;
		return decision;
	}
	if (!may_repeat(policy, attempt) ||
		attempt->retries >= policy->max_retries)
		return decision;

	/* What the provider asks for wins; jitter keeps askers apart. */
	decision.delay_ms = cs_retry_jitter(attempt->retries, attempt->random);
	if (attempt->retry_after_ms > 0)
	{
		if (attempt->retry_after_ms > policy->max_delay_ms)
			return decision;
		decision.delay_ms = attempt->retry_after_ms +
							(int) (CS_RETRY_BASE_MS * attempt->random);
	}
	decision.next = CS_NEXT_RETRY;
	return decision;
}
