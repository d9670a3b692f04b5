/*-------------------------------------------------------------------------
 * question.c
 *	  From the arguments of a SQL function to a question.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/question.h"

#include "common/string.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "pg/error.h"
#include "pg/guc.h"
#include "shared/journal.h"
#include "shared/spec.h"
#include "pg/shmem.h"
#include "session/noting.h"
#include "shared/key.h"

/* A UUID in text form, with its terminating NUL. */
#define REQUEST_ID_SIZE 37

/* Provider, endpoint, account, then name and value of each argument. */
#define MAX_PARTS (3 + 2 * CS_ACCOUNT_MAX_PAIRS)

/* A UUID's bytes, and how they are grouped in its text. */
#define UUID_SIZE 16
static const int uuid_groups[] = {4, 2, 2, 2, 6};

/* Random bytes are drawn for so many UUIDs at a time. */
#define DRAWN_UUIDS 32

static void
draw(void *bytes, size_t size)
{
	if (!pg_strong_random(bytes, size))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate random values")));
}

/* A fresh random UUID (version 4, RFC 4122 section 4.4). */
static void
make_request_id(char out[REQUEST_ID_SIZE])
{
	static uint8 drawn[DRAWN_UUIDS][UUID_SIZE];
	static int	 left;
	uint8		*b;

	if (left == 0)
	{
		draw(drawn, sizeof(drawn));
		left = DRAWN_UUIDS;
	}
	b = drawn[--left];
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < lengthof(uuid_groups); i++)
	{
		if (i > 0)
			*out++ = '-';
		out += hex_encode((const char *) b, uuid_groups[i], out);
		b += uuid_groups[i];
	}
	*out = '\0';
}

void
cs_question_key(CsKey *key, const CsAsk *ask)
{
	const CsEndpoint  *endpoint = ask->endpoint;
	const CsArguments *args = &ask->args;
	char			   account[2 * CS_KEY_SIZE + 1];
	const char		  *parts[MAX_PARTS];
	int				   n = 0;

	if (!endpoint->shared)
	{
		draw(key->bytes, sizeof(key->bytes));
		return;
	}
	account[hex_encode((const char *) ask->settings->account_key.bytes,
					   CS_KEY_SIZE, account)] = '\0';
	parts[n++] = ask->settings->provider->name;
	parts[n++] = endpoint->name;
	parts[n++] = account;
	for (int i = 0; i < args->npairs; i++)
	{
		parts[n++] = args->pairs[i].name;
		parts[n++] = args->pairs[i].value;
	}
	Assert(n <= MAX_PARTS);
	cs_key_digest(key, parts, n);
}

char *
cs_question_utc(const char *argument, TimestampTz time, CsError *err)
{
	struct pg_tm tm;
	fsec_t		 fsec;

	if (TIMESTAMP_NOT_FINITE(time) ||
		timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0 ||
		tm.tm_year < 1 || tm.tm_year > 9999)
	{
		cs_core_error(err, CS_ERR_ARGUMENT,
					  "invalid value for argument \"%s\"", argument);
		cs_core_detail(err, "It must be a time in the years 1 to 9999.");
		return NULL;
	}
	if (fsec != 0)
		return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06d", tm.tm_year,
						tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
						tm.tm_sec, fsec);
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year, tm.tm_mon,
					tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* --- specifications --- */

static void
build_request(const CsAsk *ask, const char *request_id, CsRequest *request)
{
	CsArguments args = ask->args;
	CsError		err = {0};

	args.request_id = request_id;
	if (ask->endpoint->build(&ask->settings->account, &args, request, &err) ==
		CS_OK)
		return;
	cs_template_free(request);
	cs_error_raise_early(&err, NULL);
}

void
cs_question_check(const CsAsk *ask)
{
	char	  request_id[REQUEST_ID_SIZE];
	CsRequest request = {0};

	make_request_id(request_id);
	build_request(ask, request_id, &request);
	cs_template_free(&request);
}

static void
refuse_without_memory(void)
{
	CHECK_FOR_INTERRUPTS();
	ereport(
		ERROR,
		(errcode(ERRCODE_OUT_OF_MEMORY),
		 errmsg("could not hand a question to the credscore courier"),
		 errdetail("There is no shared memory for it."),
		 errhint(
			 "Raise credscore.cache_size or credscore.max_questions, or ask fewer large questions at once.")));
}

static dsa_pointer
share(const CsAsk *ask, const char *request_id, const char *purpose,
	  CsJournalPosition looked_from)
{
	CsAccountId	  account = cs_settings_account(ask->settings);
	const CsNote *note = cs_noting_make(ask, purpose);
	const char	 *subject = cs_template_argument(&ask->args, "subject");
	CsRequest	  request = {0};
	CsKey		  subject_key;
	dsa_pointer	  spec;

	cs_key_digest(&subject_key, &subject, 1);
	build_request(ask, request_id, &request);
	cs_account_use(account);
	spec = cs_spec_share(&(CsSpecParts){
		.account = account,
		.endpoint =
			cs_registry_endpoint_index(ask->settings->provider, ask->endpoint),
		.max_in_flight = cs_guc_max_in_flight(),
		.request_id = request_id,
		.request = &request,
		.note = note,
		.subject_key = subject_key,
		.looked_from = looked_from,
		.subject = note != NULL && cs_noting_keeps(ask) ? subject : NULL});
	cs_template_free(&request);
	if (!DsaPointerIsValid(spec))
	{
		cs_account_release(account);
		refuse_without_memory();
	}
	return spec;
}

dsa_pointer
cs_question_share(const CsAsk *ask, CsJournalPosition looked_from)
{
	char request_id[REQUEST_ID_SIZE];

	make_request_id(request_id);
	return share(ask, request_id, cs_guc_purpose(), looked_from);
}

dsa_pointer
cs_question_share_as(const CsAsk *ask, const char *request_id,
					 const char *purpose)
{
	return share(ask, request_id, purpose,
				 cs_noting_looks(ask) ? cs_journal_end() : 0);
}
