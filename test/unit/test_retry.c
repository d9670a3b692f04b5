/*-------------------------------------------------------------------------
 * test_retry.c
 *	  What follows a call: the rule that nothing billed is sent twice.
 *------------------------------------------------------------------------- */
#include "courier/retry.h"

#include "tap.h"

/* Policies and attempts by position, so that the table below reads easily. */
typedef struct Case
{
	const char *name;
	bool		billed;
	bool		ambiguous;
	bool		can_renew;
	CsCallEnd	end;
	int			status;
	int			retries;
	CsNext		next;
	CsErrorCode code;
} Case;

static const Case cases[] = {
	{"an answer stands", true, false, true, CS_CALL_REPLY, 200, 0,
	 CS_NEXT_SETTLE, CS_ERR_NONE},
	{"401 renews", true, false, true, CS_CALL_REPLY, 401, 0, CS_NEXT_RENEW,
	 CS_ERR_NONE},
	{"401 stands after a renewal", true, false, false, CS_CALL_REPLY, 401, 0,
	 CS_NEXT_SETTLE, CS_ERR_NONE},
	{"400 stands", true, false, true, CS_CALL_REPLY, 400, 0, CS_NEXT_SETTLE,
	 CS_ERR_NONE},
	{"404 stands", true, true, true, CS_CALL_REPLY, 404, 0, CS_NEXT_SETTLE,
	 CS_ERR_NONE},
	{"302 stands", true, true, true, CS_CALL_REPLY, 302, 0, CS_NEXT_SETTLE,
	 CS_ERR_NONE},
	{"429 is sent again", true, false, false, CS_CALL_REPLY, 429, 0,
	 CS_NEXT_RETRY, CS_ERR_NONE},
	{"503 is sent again", true, false, false, CS_CALL_REPLY, 503, 1,
	 CS_NEXT_RETRY, CS_ERR_NONE},
	{"429 stands after the last retry", true, false, false, CS_CALL_REPLY, 429,
	 2, CS_NEXT_SETTLE, CS_ERR_NONE},
	{"500 billed stands", true, false, false, CS_CALL_REPLY, 500, 0,
	 CS_NEXT_SETTLE, CS_ERR_NONE},
	{"502 billed stands", true, false, false, CS_CALL_REPLY, 502, 0,
	 CS_NEXT_SETTLE, CS_ERR_NONE},
	{"504 billed stands", true, false, false, CS_CALL_REPLY, 504, 0,
	 CS_NEXT_SETTLE, CS_ERR_NONE},
	{"500 unbilled is sent again", false, false, false, CS_CALL_REPLY, 500, 0,
	 CS_NEXT_RETRY, CS_ERR_NONE},
	{"500 billed is sent again if the user accepts it", true, true, false,
	 CS_CALL_REPLY, 500, 0, CS_NEXT_RETRY, CS_ERR_NONE},
	{"not sent is sent again", true, false, false, CS_CALL_NOT_SENT, 0, 0,
	 CS_NEXT_RETRY, CS_ERR_UNREACHABLE},
	{"not sent stands after the last retry", true, false, false,
	 CS_CALL_NOT_SENT, 0, 2, CS_NEXT_SETTLE, CS_ERR_UNREACHABLE},
	{"lost billed is unknown", true, false, false, CS_CALL_LOST, 0, 0,
	 CS_NEXT_SETTLE, CS_ERR_UNKNOWN},
	{"lost after the status line is unknown", true, false, false, CS_CALL_LOST,
	 200, 0, CS_NEXT_SETTLE, CS_ERR_UNKNOWN},
	{"lost unbilled is sent again", false, false, false, CS_CALL_LOST, 0, 0,
	 CS_NEXT_RETRY, CS_ERR_UNKNOWN},
	{"lost billed is sent again if the user accepts it", true, true, false,
	 CS_CALL_LOST, 0, 0, CS_NEXT_RETRY, CS_ERR_UNKNOWN},
	{"too large stands", true, true, false, CS_CALL_TOO_LARGE, 200, 0,
	 CS_NEXT_SETTLE, CS_ERR_TOO_LARGE},
	{"garbled stands", true, true, false, CS_CALL_GARBLED, 200, 0,
	 CS_NEXT_SETTLE, CS_ERR_NOT_UNDERSTOOD},
};

#define NCASES ((int) (sizeof(cases) / sizeof(cases[0])))

static CsDecision
decide(int status, int retry_after_ms, int max_delay_ms, double random)
{
	CsRetryPolicy policy = {.max_retries = 2, .max_delay_ms = max_delay_ms};
	CsAttempt attempt = {cs_billing_of(CS_FEE_CALL, CS_CALL_REPLY, status), 0,
						 retry_after_ms, random};

	return cs_retry_decide(&policy, &attempt);
}

int
main(void)
{
	for (int i = 0; i < NCASES; i++)
	{
		const Case	 *c = &cases[i];
		CsRetryPolicy policy = {c->ambiguous, c->can_renew, 2, 60000};
		CsFee		  fee = c->billed ? CS_FEE_CALL : CS_FEE_NONE;
		CsBilling	  billing = cs_billing_of(fee, c->end, c->status);
		CsAttempt	  attempt = {billing, c->retries, 0, 0.5};
		CsDecision	  d = cs_retry_decide(&policy, &attempt);

		ok(d.next == c->next, "%s", c->name);
		if (c->next == CS_NEXT_SETTLE)
			ok(c->end == CS_CALL_REPLY || billing.code == c->code, "%s: code",
			   c->name);
	}

	ok(cs_retry_jitter(0, 0.0) == 0, "jitter begins at nothing");
	ok(cs_retry_jitter(0, 0.5) == CS_RETRY_BASE_MS / 2,
	   "jitter is a part of the base");
	ok(cs_retry_jitter(3, 0.5) == CS_RETRY_BASE_MS * 4,
	   "jitter doubles with each retry");
	ok(cs_retry_jitter(1000, 0.999) < CS_RETRY_CAP_MS,
	   "jitter stays below the cap");

	ok(decide(429, 3000, 60000, 0.0).delay_ms == 3000,
	   "Retry-After wins over the jitter");
	ok(decide(429, 3000, 60000, 0.9).delay_ms >= 3000,
	   "nobody comes before Retry-After");
	ok(decide(429, 3000, 60000, 0.9).delay_ms <= 3000 + CS_RETRY_BASE_MS,
	   "nor much later");
	ok(decide(503, 61000, 60000, 0.0).next == CS_NEXT_SETTLE,
	   "a Retry-After beyond patience is not waited for");
	return done_testing();
}
