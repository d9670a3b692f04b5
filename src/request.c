/*-------------------------------------------------------------------------
 * request.c
 *	  From the arguments of a SQL function to a question.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "request.h"

#include "common/string.h"
#include "pgtime.h"
#include "utils/datetime.h"

#include "digest.h"

/* Provider, endpoint, account, then name and value of each argument. */
#define MAX_PARTS	(3 + 2 * CS_SPEC_MAX_PAIRS)

void
cs_request_id(char out[CS_REQUEST_ID_SIZE])
{
	uint8		b[16];

	if (!pg_strong_random(b, sizeof(b)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(out, CS_REQUEST_ID_SIZE,
			 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
			 b[10], b[11], b[12], b[13], b[14], b[15]);
}

void
cs_question_key(CsKey *key, const CsKey *account_key,
				const CsProvider *provider, const CsEndpoint *endpoint,
				const CsArguments *args)
{
	char		account[2 * CS_KEY_SIZE + 1];
	const char *parts[MAX_PARTS];
	int			n = 0;

	if (!endpoint->shared)
	{
		if (!pg_strong_random(key->bytes, sizeof(key->bytes)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		return;
	}
	for (int i = 0; i < CS_KEY_SIZE; i++)
		snprintf(account + 2 * i, 3, "%02x", account_key->bytes[i]);
	parts[n++] = provider->name;
	parts[n++] = endpoint->name;
	parts[n++] = account;
	for (int i = 0; i < args->npairs; i++)
	{
		parts[n++] = args->pairs[i].name;
		parts[n++] = args->pairs[i].value;
	}
	Assert(n <= MAX_PARTS);
	cs_digest(key, parts, n);
}

char *
cs_utc_text(const char *argument, TimestampTz time, CsError *err)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (TIMESTAMP_NOT_FINITE(time) ||
		timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0 ||
		tm.tm_year < 1 || tm.tm_year > 9999)
	{
		cs_error_set(err, CS_ERR_ARGUMENT, "invalid value for argument \"%s\"", argument);
		cs_error_detail(err, "It must be a time in the years 1 to 9999.");
		return NULL;
	}
	if (fsec != 0)
		return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06d", tm.tm_year, tm.tm_mon,
						tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fsec);
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year, tm.tm_mon,
					tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
