/*-------------------------------------------------------------------------
 * sql_cache.c
 *	  SQL functions about the cache of answers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"

#include "pg/shmem.h"
#include "settings/settings.h"
#include "shared/answer_cache.h"

PG_FUNCTION_INFO_V1(credscore_cache_clear);

/*
 * credscore_cache_clear(server name) returns bigint
 *
 * Forgets the answers of a server, for all accounts; NULL: of all servers.
 * Returns how many.  The next questions are asked, and billed, anew.
 */
Datum
credscore_cache_clear(PG_FUNCTION_ARGS)
{
	CsKey server;

	cs_shmem_require();
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(cs_answer_cache_clear(NULL));
	cs_settings_server_key(NameStr(*PG_GETARG_NAME(0)), &server);
	PG_RETURN_INT64(cs_answer_cache_clear(&server));
}
