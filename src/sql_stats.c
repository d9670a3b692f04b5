/*-------------------------------------------------------------------------
 * sql_stats.c
 *	  SQL functions that tell about credscore itself.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include <json-c/json_c_version.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "http_handle.h"
#include "shmem.h"
#include "slots.h"

#define CREDSCORE_VERSION	"1.0"

PG_FUNCTION_INFO_V1(credscore_version);
PG_FUNCTION_INFO_V1(credscore_stat_workers);

/*
 * credscore_version() returns text
 *
 * The versions of credscore and of its libraries, as built and as loaded.
 * Works without preload.
 */
Datum
credscore_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("credscore %s, libcurl %s (built with %s), json-c %s (built with %s)",
											  CREDSCORE_VERSION,
											  cs_curl_loaded_version(),
											  cs_curl_built_version(),
											  json_c_version(), JSON_C_VERSION)));
}

/*
 * credscore_stat_workers() returns setof (kind text, pid int, state text,
 *										   started_at timestamptz,
 *										   heartbeat timestamptz,
 *										   questions int)
 *
 * The processes of credscore; behind the view of the same name.
 */
Datum
credscore_stat_workers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CsCourierState courier;
	Datum		values[6];
	bool		nulls[6] = {false};

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	cs_courier_state(&courier);
	values[0] = CStringGetTextDatum("courier");
	values[1] = Int32GetDatum(courier.pid);
	values[2] = CStringGetTextDatum(courier.pid != 0 ? "running" : "stopped");
	values[3] = TimestampTzGetDatum(courier.started_at);
	values[4] = TimestampTzGetDatum(courier.heartbeat);
	values[5] = Int32GetDatum(cs_slots_in_use());
	nulls[1] = courier.pid == 0;
	nulls[3] = nulls[4] = courier.started_at == 0;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	return (Datum) 0;
}
