/*-------------------------------------------------------------------------
 * billing.c
 *	  What the end of a call means for money: the one place that decides.
 *
 * The rule behind the table: an answer is billed; what provably was not sent,
 * or was refused before any work was done (401, 403, 429, 503), is not; of
 * everything else nobody knows until the invoice comes.  What may have been
 * billed is not sent again by itself.  None of the providers documents more
 * than that answers cost money, and Patascore no answer but the report itself.
 *------------------------------------------------------------------------- */
#include "provider/billing.h"

/* What stands for no status, and for any. */
#define NONE 0
#define ANY	 999

/* The first row that fits counts. */
static const struct
{
	CsCallEnd	end;
	int			low;
	int			high;
	CsBilled	billed;
	CsRepeat	repeat;
	bool		keep;
	CsSign		sign;
	CsErrorCode code;
	const char *meaning;
} rows[] = {
	{CS_CALL_WITHHELD, NONE, ANY, CS_BILLED_NO, CS_REPEAT_YES, false,
	 CS_SIGN_NONE, CS_ERR_UNREACHABLE, "nobody waits any more"},
	{CS_CALL_NOT_SENT, NONE, ANY, CS_BILLED_NO, CS_REPEAT_YES, false,
	 CS_SIGN_FAILURE, CS_ERR_UNREACHABLE, "provider could not be reached"},
	{CS_CALL_UNFIT, NONE, ANY, CS_BILLED_NO, CS_REPEAT_NO, false, CS_SIGN_NONE,
	 CS_ERR_MAPPING_VALUE, "client certificate cannot be used"},

	/* TLS 1.3 says so when the request has left already: it is not read. */
	{CS_CALL_UNTRUSTED, NONE, ANY, CS_BILLED_NO, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_CREDENTIALS,
	 "provider refused the client certificate"},
	{CS_CALL_LOST, NONE, ANY, CS_BILLED_UNKNOWN, CS_REPEAT_AT_RISK, false,
	 CS_SIGN_FAILURE, CS_ERR_UNKNOWN, "provider's answer was lost"},

	/* An answer that came, and that we cannot take. */
	{CS_CALL_TOO_LARGE, 200, 299, CS_BILLED_YES, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_TOO_LARGE, "provider's answer is too large"},
	{CS_CALL_TOO_LARGE, NONE, ANY, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_TOO_LARGE, "provider's answer is too large"},
	{CS_CALL_GARBLED, 200, 299, CS_BILLED_YES, CS_REPEAT_NO, false,
	 CS_SIGN_FAILURE, CS_ERR_NOT_UNDERSTOOD, "provider's answer is garbled"},
	{CS_CALL_GARBLED, NONE, ANY, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_FAILURE, CS_ERR_NOT_UNDERSTOOD, "provider's answer is garbled"},

	/* Codes that mean the same with every provider (RFC 9110). */
	{CS_CALL_REPLY, 202, 202, CS_BILLED_YES, CS_REPEAT_NO, false, CS_SIGN_LIFE,
	 CS_ERR_NONE, "provider accepted the request"},
	{CS_CALL_REPLY, 200, 299, CS_BILLED_YES, CS_REPEAT_NO, true, CS_SIGN_LIFE,
	 CS_ERR_NONE, "provider answered"},
	{CS_CALL_REPLY, 400, 400, CS_BILLED_UNKNOWN, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD,
	 "provider did not accept the request"},
	{CS_CALL_REPLY, 401, 401, CS_BILLED_NO, CS_REPEAT_NEW_TOKEN, false,
	 CS_SIGN_LIFE, CS_ERR_CREDENTIALS, "provider refused the credentials"},
	{CS_CALL_REPLY, 403, 403, CS_BILLED_NO, CS_REPEAT_NO, false, CS_SIGN_LIFE,
	 CS_ERR_CREDENTIALS, "provider refused access"},
	{CS_CALL_REPLY, 404, 404, CS_BILLED_UNKNOWN, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD,
	 "provider did not accept the request"},
	{CS_CALL_REPLY, 413, 413, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_TOO_LARGE, "provider found the request too large"},
	{CS_CALL_REPLY, 422, 422, CS_BILLED_UNKNOWN, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD,
	 "provider did not accept the request"},
	{CS_CALL_REPLY, 429, 429, CS_BILLED_NO, CS_REPEAT_YES, false, CS_SIGN_NONE,
	 CS_ERR_RATE, "provider's rate limit is reached"},
	{CS_CALL_REPLY, 503, 503, CS_BILLED_NO, CS_REPEAT_YES, false,
	 CS_SIGN_FAILURE, CS_ERR_UNAVAILABLE, "provider is unavailable"},
	{CS_CALL_REPLY, 500, 599, CS_BILLED_UNKNOWN, CS_REPEAT_AT_RISK, false,
	 CS_SIGN_FAILURE, CS_ERR_UNKNOWN, "provider failed to answer"},
	{CS_CALL_REPLY, 300, 399, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD, "provider redirects elsewhere"},
	{CS_CALL_REPLY, 400, 499, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD,
	 "provider did not accept the request"},
	{CS_CALL_REPLY, NONE, ANY, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD, "provider's status is unknown"},
};

#define NROWS ((int) (sizeof(rows) / sizeof(rows[0])))

/* Every end has a row for any status, so there always is one. */
static int
find(CsCallEnd end, int status)
{
	int i = 0;

	while (i < NROWS - 1 && (rows[i].end != end || status < rows[i].low ||
							 status > rows[i].high))
		i++;
	return i;
}

CsBilling
cs_billing_of(CsFee fee, CsCallEnd end, int status)
{
	int		  i = find(end, status);
	CsBilling billing = {rows[i].billed, rows[i].repeat, rows[i].keep,
						 rows[i].sign,	 rows[i].code,	 rows[i].meaning};

	if (fee == CS_FEE_READY && end == CS_CALL_REPLY && status == 202)
	{
		billing.billed = CS_BILLED_NO;
		billing.code = CS_ERR_PROCESSING;
		billing.meaning = "provider is still processing it";
	}
	if (fee != CS_FEE_NONE)
		return billing;

	/* Nothing is at risk. */
	billing.billed = CS_BILLED_NO;
	if (billing.repeat == CS_REPEAT_AT_RISK)
		billing.repeat = CS_REPEAT_YES;
	return billing;
}

const char *
cs_billing_name(CsBilled billed)
{
	static const char *const names[] = {"no", "yes", "unknown"};

	return names[billed];
}

bool
cs_billing_row(int i, CsBillingRow *row)
{
	static const CsBillingRow shown[] = {
		{"not sent: no address, no connection, no TLS", CS_CALL_NOT_SENT, 0},
		{"200, 201 and other 2xx", CS_CALL_REPLY, 200},
		{"202", CS_CALL_REPLY, 202},
		{"400, 404, 422, if about the subject", CS_CALL_REPLY, 404},
		{"401", CS_CALL_REPLY, 401},
		{"403", CS_CALL_REPLY, 403},
		{"413", CS_CALL_REPLY, 413},
		{"429", CS_CALL_REPLY, 429},
		{"503", CS_CALL_REPLY, 503},
		{"500, 502, 504 and other 5xx", CS_CALL_REPLY, 500},
		{"another 3xx or 4xx", CS_CALL_REPLY, 405},
		{"lost, or cut short, after sending", CS_CALL_LOST, 0},
		{"too large, after a status of 2xx", CS_CALL_TOO_LARGE, 200},
		{"not HTTP or not gzip, after a status of 2xx", CS_CALL_GARBLED, 200},
		{"too large or garbled otherwise", CS_CALL_GARBLED, 0},
	};

	if (i < 0 || i >= (int) (sizeof(shown) / sizeof(shown[0])))
		return false;
	*row = shown[i];
	return true;
}
