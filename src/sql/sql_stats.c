/*-------------------------------------------------------------------------
 * sql_stats.c
 *	  SQL functions that tell about credscore itself.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include <json-c/json_c_version.h>

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "http/http.h"
#include "pg/error.h"
#include "pg/shmem.h"
#include "shared/progress.h"
#include "shared/slots.h"
#include "shared/stats.h"

#define CREDSCORE_VERSION "1.0"

PG_FUNCTION_INFO_V1(credscore_version);
PG_FUNCTION_INFO_V1(credscore_stat_workers);
PG_FUNCTION_INFO_V1(credscore_stat_servers);
PG_FUNCTION_INFO_V1(credscore_stat_progress);
PG_FUNCTION_INFO_V1(credscore_stat_reset);

/*
 * credscore_version() returns text
 *
 * The versions of credscore and of its libraries, as built and as loaded.
 * Works without preload.
 */
Datum
credscore_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(psprintf(
		"credscore %s, libcurl %s (built with %s), json-c %s (built with %s)",
		CREDSCORE_VERSION, cs_http_loaded_version(), cs_http_built_version(),
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
	Datum		   values[6];
	bool		   nulls[6] = {false};

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	cs_slots_courier(&courier);
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

/* --- credscore_stat_servers --- */

#define SERVER_COLUMNS 29

/* A row under construction; columns come in order. */
typedef struct Row
{
	int	  n;
	Datum values[SERVER_COLUMNS];
	bool  nulls[SERVER_COLUMNS];
} Row;

static void
put(Row *row, Datum value, bool isnull)
{
	Assert(row->n < SERVER_COLUMNS);
	row->values[row->n] = value;
	row->nulls[row->n] = isnull;
	row->n++;
}

static void
put_text(Row *row, const char *text)
{
	put(row, CStringGetTextDatum(text), false);
}

static void
put_count(Row *row, uint64 count)
{
	put(row, Int64GetDatum((int64) count), false);
}

static void
put_time(Row *row, TimestampTz time)
{
	put(row, TimestampTzGetDatum(time), time == 0);
}

/* Milliseconds, as PostgreSQL's own views have them. */
static void
put_latency(Row *row, const CsStatView *view, double share)
{
	double us = cs_histogram_quantile(view->latencies, share);

	put(row, Float8GetDatum(us / 1000), us < 0);
}

/* Codes that share an SQLSTATE are one class. */
static void
put_failed(Row *row, const CsStatView *view)
{
	StringInfoData json;
	uint64		   total = 0;

	initStringInfo(&json);
	for (int i = 1; i < CS_ERR_COUNT; i++)
	{
		int	   sqlstate = cs_error_sqlstate((CsErrorCode) i);
		uint64 count = 0;
		bool   earlier = false;

		for (int j = 1; j < CS_ERR_COUNT; j++)
			if (cs_error_sqlstate((CsErrorCode) j) == sqlstate)
			{
				count += view->failed[j];
				earlier |= j < i;
			}
		total += view->failed[i];
		if (count > 0 && !earlier)
			appendStringInfo(&json, "%s\"%s\": " UINT64_FORMAT,
							 json.len > 0 ? ", " : "",
							 unpack_sql_state(sqlstate), count);
	}
	put_count(row, total);
	put_count(row, view->failed[CS_ERR_UNKNOWN]);
	put(row,
		DirectFunctionCall1(jsonb_in,
							CStringGetDatum(psprintf("{%s}", json.data))),
		false);
}

static void
put_server(Row *row, const CsStatView *view)
{
	const uint64 *counters = view->counters;

	put(row, DirectFunctionCall1(namein, CStringGetDatum(view->name)), false);
	put_text(row, view->provider);
	put_text(row, view->base_url);
	put_count(row, counters[CS_STAT_CALLS]);
	put_count(row, counters[CS_STAT_BILLED]);
	put_count(row, counters[CS_STAT_ANSWERED]);
	put_failed(row, view);
	put_count(row, counters[CS_STAT_RETRIES]);
	put_count(row, counters[CS_STAT_CACHE_HITS]);
	put_count(row, counters[CS_STAT_SHARED]);
	put(row, Int32GetDatum(view->running), false);
	put(row, Int32GetDatum(view->queued), false);
	put_text(row, cs_breaker_name(view->pace.breaker));
	put(row, Int32GetDatum(view->pace.failures), false);
	put_time(row, view->pace.open_until);
	put_time(row, view->pace.paused_until);
	put_latency(row, view, 0.50);
	put_latency(row, view, 0.95);
	put_latency(row, view, 0.99);
	put_count(row, counters[CS_STAT_BYTES_IN]);
	put_count(row, counters[CS_STAT_BYTES_OUT]);
	put_count(row, counters[CS_STAT_CONNECTIONS]);
	put_count(row, counters[CS_STAT_LOG_INS]);
	put_time(row, view->token_until);
	put(row, Int32GetDatum(view->budget), view->budget == 0);
	put(row, Int32GetDatum(view->budget_used),
		view->budget == 0 || view->budget_used < 0);
	put_time(row, view->reset_at);
}

/*
 * credscore_stat_servers() returns setof record
 *
 * What was asked of each server; behind the view of the same name.
 */
Datum
credscore_stat_servers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CsStatView	  *view = palloc(sizeof(CsStatView));

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; cs_stats_read(i, view); i++)
	{
		Row row = {0};

		put_server(&row, view);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values,
							 row.nulls);
	}
	return (Datum) 0;
}

/*
 * credscore_stat_progress() returns setof (pid int, started_at timestamptz,
 *											rows_read bigint, asked bigint,
 *											done bigint, in_flight bigint)
 *
 * One row per running statement that asks; behind the view of the same name.
 */
Datum
credscore_stat_progress(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CsProgress	   progress;

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < cs_progress_places(); i++)
	{
		Row row = {0};

		if (!cs_progress_read(i, &progress))
			continue;
		put(&row, Int32GetDatum(progress.pid), false);
		put_time(&row, progress.started_at);
		put_count(&row, progress.rows_read);
		put_count(&row, progress.asked);
		put_count(&row, progress.done);
		put_count(&row, progress.in_flight);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row.values,
							 row.nulls);
	}
	return (Datum) 0;
}

/*
 * credscore_stat_reset() returns void
 *
 * Sets the counters of credscore_stat_servers to zero.
 */
Datum
credscore_stat_reset(PG_FUNCTION_ARGS)
{
	cs_shmem_require();
	cs_stats_reset();
	PG_RETURN_VOID();
}
