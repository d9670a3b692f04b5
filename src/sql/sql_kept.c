/*-------------------------------------------------------------------------
 * sql_kept.c
 *	  SQL functions on kept answers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "pg/error.h"
#include "pg/shmem.h"
#include "session/kept.h"
#include "session/pin.h"

PG_FUNCTION_INFO_V1(credscore_answer_at);
PG_FUNCTION_INFO_V1(credscore_forgetting);

/*
 * credscore_forgetting() returns boolean
 */
Datum
credscore_forgetting(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(cs_answer_is_forgetting());
}

/* What the provider is asked that may be kept. */
static const CsEndpoint *
kept_endpoint(const CsSettings *settings)
{
	for (const CsEndpoint *e = settings->provider->endpoints; e->name != NULL;
		 e++)
		if (e->shared && e->fee != CS_FEE_NONE)
			return e;
	ereport(
		ERROR,
		(errcode(ERRCODE_WRONG_OBJECT_TYPE),
		 errmsg("answers of server \"%s\" are not kept",
				settings->server_name),
		 errdetail("Its provider is %s, whose answers are those of requests.",
				   settings->provider->name),
		 errhint("See the view credscore_assessments.")));
}

/*
 * credscore_answer_at(subject text, server name, at timestamptz) returns jsonb
 *
 * Errors: those of asking, before a call; 42809: the provider's answers are never
 * kept; 55P03: the table was locked for a second.
 */
Datum
credscore_answer_at(PG_FUNCTION_ARGS)
{
	text		*given = PG_GETARG_TEXT_PP(0);
	char		*utf8 = pg_server_to_any(text_to_cstring(given),
										 VARSIZE_ANY_EXHDR(given), PG_UTF8);
	char		 subject[CS_SUBJECT_SIZE];
	CsPair		 argument = {"subject", subject};
	CsDigests	 digests = {.made = false};
	CsAsk		 ask = {.args = {.pairs = &argument, .npairs = 1},
						.digests = &digests};
	CsKeptAnswer found;
	CsError		 err = {0};

	cs_shmem_require();
	ask.settings = cs_pin_settings(
		cs_scope_current(), NameStr(*PG_GETARG_NAME(1)), &ask.cached_only);
	ask.endpoint = kept_endpoint(ask.settings);
	if (ask.endpoint->normalise(&ask.settings->account, utf8, subject, &err) !=
		CS_OK)
		cs_error_raise_early(&err, NULL);
	if (!cs_kept_answer_at(&ask, PG_GETARG_TIMESTAMPTZ(2), &found))
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(found.body);
}
