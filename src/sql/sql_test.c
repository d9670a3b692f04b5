/*-------------------------------------------------------------------------
 * sql_test.c
 *	  Entry points that only tests use.
 *
 * No SQL script creates them; a test does, as superuser, with CREATE FUNCTION
 * ... LANGUAGE C.  They show that the engine is concurrent below the SQL
 * functions, and what it holds.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "pg/shmem.h"
#include "session/ask.h"
#include "session/question.h"
#include "shared/slots.h"

PG_FUNCTION_INFO_V1(credscore_test_many);
PG_FUNCTION_INFO_V1(credscore_test_live_chunks);

/*
 * credscore_test_many(phones text[], server name) returns int
 *
 * Starts a decision for each phone, then waits for all; returns the number of
 * answers.
 */
Datum
credscore_test_many(PG_FUNCTION_ARGS)
{
	const CsSettings *settings;
	const CsEndpoint *endpoint;
	CsQuestion		 *questions;
	Datum			 *phones;
	int				  n;
	int				  answers = 0;
	bool			  reader;

	cs_shmem_require();
	settings = cs_settings_get(NameStr(*PG_GETARG_NAME(1)), &reader);
	endpoint = cs_registry_endpoint(settings->provider, "decision");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false,
					  TYPALIGN_INT, &phones, NULL, &n);
	questions = palloc(n * sizeof(CsQuestion));
	for (int i = 0; i < n; i++)
	{
		CsPair pair = {"subject", TextDatumGetCString(phones[i])};
		CsAsk  ask = {.settings = settings,
					  .endpoint = endpoint,
					  .max_age_ms = CS_QUESTION_ANY_AGE,
					  .args = {&pair, 1, NULL, NULL, 0}};

		questions[i] = cs_ask_start(&ask);
	}
	for (int i = 0; i < n; i++)
	{
		CsFailure *failure;

		cs_ask_wait(&questions[i]);
		answers += cs_ask_outcome(&questions[i], &failure) != NULL;
	}
	PG_RETURN_INT32(answers);
}

/* Chunks of shared memory in use, over all processes. */
Datum
credscore_test_live_chunks(PG_FUNCTION_ARGS)
{
	cs_shmem_require();
	PG_RETURN_INT64((int64) cs_shmem_live_chunks());
}
