/*-------------------------------------------------------------------------
 * question.c
 *	  From the arguments of a SQL function to a question.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/question.h"

#include "common/string.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/datetime.h"

#include "pg/error.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "shared/key.h"

/* A UUID in text form, with its terminating NUL. */
#define REQUEST_ID_SIZE 37

/* Provider, endpoint, account, then name and value of each argument. */
#define MAX_PARTS (3 + 2 * CS_SPEC_MAX_PAIRS)

/* A fresh random UUID (version 4, RFC 4122 section 4.4). */
static void
make_request_id(char out[REQUEST_ID_SIZE])
{
	uint8 b[16];

	if (!pg_strong_random(b, sizeof(b)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate random values")));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(
		out, REQUEST_ID_SIZE,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
		b[11], b[12], b[13], b[14], b[15]);
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
		if (!pg_strong_random(key->bytes, sizeof(key->bytes)))
			ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
							errmsg("could not generate random values")));
		return;
	}
	for (int i = 0; i < CS_KEY_SIZE; i++)
		snprintf(account + 2 * i, 3, "%02x",
				 ask->settings->account_key.bytes[i]);
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
put_options(CsBuf *block, const CsSettings *settings)
{
	for (const CsOption *o = settings->provider->options; o->name != NULL; o++)
	{
		const char *value = cs_template_option(&settings->account, o->name);

		if (o->place == CS_ON_SERVER && value != NULL)
			cs_spec_put_pair(block, o->name, value);
	}
}

static void
put_log_in(CsBuf *block, const CsSettings *settings)
{
	CsRequest	  login = {0};
	CsSpecRequest placed;
	CsError		  err = {0};

	if (settings->provider->build_login(&settings->account, &login, &err) !=
		CS_OK)
	{
		cs_template_free(&login);
		cs_buf_free(block);
		cs_error_raise_early(&err, NULL);
	}
	placed = cs_spec_put_request(block, &login);
	cs_template_free(&login);
	if (!block->failed)
		cs_spec_head(block)->login = placed;
}

/* Everything the courier needs, as one block; raises on refusal. */
static void
build_spec(const CsAsk *ask, CsBuf *block)
{
	const CsSettings *s = ask->settings;
	CsRequest		  request = {0};
	CsSpec			  head;
	CsError			  err = {0};

	if (ask->endpoint->build(&s->account, &ask->args, &request, &err) != CS_OK)
	{
		cs_template_free(&request);
		cs_error_raise_early(&err, NULL);
	}
	cs_spec_begin(block);
	put_options(block, s);
	memset(&head, 0, sizeof(head));
	if (!block->failed)
		head = *cs_spec_head(block); /* with the pairs */
	head.provider = cs_registry_index(s->provider);
	head.billed = ask->endpoint->billed;
	head.needs_login = s->needs_login && ask->endpoint->auth == CS_AUTH_TOKEN;
	head.server_key = s->server_key;
	head.account_key = s->account_key;
	head.limits = s->limits;
	head.limits.max_in_flight = cs_guc_max_in_flight();
	if (!ask->endpoint->shared)
		head.limits.cache_ttl = 0;
	head.server_name = cs_spec_put(block, s->server_name);
	head.ca_file = cs_spec_put(block, s->ca_file);
	head.proxy = cs_spec_put(block, s->proxy);
	head.base_url = cs_spec_put(block, s->account.base_url);
	head.request_id = cs_spec_put(block, ask->args.request_id);
	head.token = ask->endpoint->auth == CS_AUTH_TOKEN
					 ? cs_spec_put(block, s->fixed_token)
					 : 0;
	head.request = cs_spec_put_request(block, &request);
	cs_template_free(&request);
	if (!block->failed)
		*cs_spec_head(block) = head;
	if (head.needs_login)
		put_log_in(block, s);
	if (!block->failed)
		cs_spec_head(block)->size = (uint32) block->len;
}

dsa_pointer
cs_question_share(const CsAsk *ask)
{
	CsAsk		identified = *ask;
	char		request_id[REQUEST_ID_SIZE];
	CsBuf		block = {0};
	dsa_pointer spec = InvalidDsaPointer;

	make_request_id(request_id);
	identified.args.request_id = request_id;
	build_spec(&identified, &block);
	if (!block.failed)
		spec = cs_shmem_allocate(block.len);
	if (DsaPointerIsValid(spec))
		memcpy(dsa_get_address(cs_shmem_area(), spec), block.data, block.len);
	cs_buf_free(&block);
	if (!DsaPointerIsValid(spec))
	{
		CHECK_FOR_INTERRUPTS();
		ereport(
			ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("could not hand a question to the credscore courier"),
			 errdetail("There is no shared memory for it."),
			 errhint(
				 "Look at the size of the dynamic shared memory file system.")));
	}
	return spec;
}
