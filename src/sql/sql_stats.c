/*-------------------------------------------------------------------------
 * sql_stats.c
 *	  SQL functions that tell about credscore itself.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include <json-c/json_c_version.h>

#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "http/http.h"
#include "pg/clock.h"
#include "pg/cost.h"
#include "pg/error.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "shared/answer_cache.h"
#include "shared/journal.h"
#include "shared/place.h"
#include "shared/progress.h"
#include "shared/slots.h"
#include "shared/stats.h"
#include "sql/row.h"

#define CREDSCORE_VERSION "1.0"

PG_FUNCTION_INFO_V1(credscore_version);
PG_FUNCTION_INFO_V1(credscore_stat_workers);
PG_FUNCTION_INFO_V1(credscore_stat_servers);
PG_FUNCTION_INFO_V1(credscore_stat_budgets);
PG_FUNCTION_INFO_V1(credscore_stat_errors);
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

static const char *
courier_state(const CsCourierState *courier)
{
	if (courier->pid == 0)
		return "stopped";
	if (!courier->off)
		return "running";
	return courier->calls > 0 ? "draining" : "drained";
}

static const char *
launcher_state(const CsLauncherView *launcher)
{
	if (launcher->pid == 0)
		return "stopped";
	if (!cs_guc_workers())
		return "off";
	return launcher->away_until != 0 ? "waiting" : "running";
}

/* NULL: there is nothing to be said of it. */
static const char *
worker_state(const CsPlaceView *place)
{
	if (!OidIsValid(place->database))
		return NULL;
	if (place->state == CS_PLACE_RUNNING)
		return place->holds > 0 ? "leaving" : "running";
	if (place->state == CS_PLACE_STARTING)
		return "starting";
	if (place->waits)
		return "waiting";
	return place->due != CS_NEVER ? "resting" : NULL;
}

static void
put_process(CsRow *row, const char *kind, int pid)
{
	cs_row_text(row, kind);
	cs_row_put(row, Int32GetDatum(pid), pid == 0);
}

static void
put_name(CsRow *row, const char *name)
{
	if (name != NULL)
		cs_row_put(row, DirectFunctionCall1(namein, CStringGetDatum(name)),
				   false);
	else
		cs_row_pointer(row, NULL);
}

static void
put_courier(FunctionCallInfo fcinfo)
{
	CsCourierState courier;
	CsRow		   row = {0};

	cs_slots_courier(&courier);
	put_process(&row, "courier", courier.pid);
	put_name(&row, NULL);
	cs_row_text(&row, courier_state(&courier));
	cs_row_time(&row, courier.started_at);
	cs_row_time(&row, cs_clock_calendar(courier.heartbeat));
	cs_row_int(&row, cs_slots_in_use());
	cs_row_time(&row, 0);
	cs_row_pointer(&row, NULL);
	cs_row_emit(fcinfo, &row);
}

static void
put_launcher(FunctionCallInfo fcinfo)
{
	CsLauncherView launcher;
	CsRow		   row = {0};

	cs_place_launcher(&launcher);
	put_process(&row, "launcher", launcher.pid);
	put_name(&row, NULL);
	cs_row_text(&row, launcher_state(&launcher));
	cs_row_time(&row, cs_clock_calendar(launcher.since));
	cs_row_time(&row, 0);
	cs_row_pointer(&row, NULL);
	cs_row_time(&row, cs_clock_calendar(launcher.away_until));
	cs_row_pointer(&row, NULL);
	cs_row_emit(fcinfo, &row);
}

static void
put_recorder(FunctionCallInfo fcinfo)
{
	CsJournalView journal;
	CsRow		  row = {0};

	cs_journal_view(&journal);
	put_process(&row, "recorder", journal.recorder);
	put_name(&row, NULL);
	cs_row_text(&row, journal.recorder == 0 ? "stopped"
					  : journal.ready		? "running"
											: "waiting");
	cs_row_time(&row, cs_clock_calendar(journal.recorder_since));
	cs_row_time(&row, 0);
	cs_row_pointer(&row, NULL);
	cs_row_time(&row, 0);
	cs_row_pointer(&row, NULL);
	cs_row_emit(fcinfo, &row);
}

static void
put_worker(FunctionCallInfo fcinfo, const CsPlaceView *place)
{
	const char *state = worker_state(place);
	CsRow		row = {0};

	if (state == NULL)
		return;
	put_process(&row, "worker", place->pid);
	put_name(&row, get_database_name(place->database));
	cs_row_text(&row, state);
	cs_row_time(&row, cs_clock_calendar(place->since));
	cs_row_time(&row, 0);
	cs_row_pointer(&row, NULL);
	cs_row_time(&row, place->state != CS_PLACE_FREE || place->due == CS_NEVER
						  ? 0
						  : cs_clock_calendar(Max(place->due, 1)));
	cs_row_put(&row, Int32GetDatum(place->blocked_by), place->blocked_by == 0);
	cs_row_emit(fcinfo, &row);
}

/*
 * credscore.stat_workers() returns setof (kind text, pid int, datname name,
 *										   state text,
 *										   started_at timestamptz,
 *										   heartbeat timestamptz,
 *										   questions int, due_at timestamptz,
 *										   blocked_by int)
 *
 * The processes of credscore, and the databases that have something to do;
 * behind the view of the same name.
 */
Datum
credscore_stat_workers(PG_FUNCTION_ARGS)
{
	CsPlaceView place;

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	put_courier(fcinfo);
	put_launcher(fcinfo);
	put_recorder(fcinfo);
	for (int i = 0; cs_place_view(i, &place); i++)
		put_worker(fcinfo, &place);
	return (Datum) 0;
}

/* --- credscore.stat_servers --- */

/* Milliseconds, as PostgreSQL's own views have them. */
static void
put_latency(CsRow *row, const CsStatView *view, double share)
{
	double us = cs_histogram_quantile(view->latencies, share);

	cs_row_put(row, Float8GetDatum(us / 1000), us < 0);
}

/* The total, too, so that a scraper has it: the histogram's own is coarser. */
static void
put_latencies(CsRow *row, const CsStatView *view)
{
	uint64 calls = 0;

	for (int i = 0; i < CS_HISTOGRAM_BUCKETS; i++)
		calls += view->latencies[i];
	put_latency(row, view, 0.50);
	put_latency(row, view, 0.95);
	put_latency(row, view, 0.99);
	cs_row_put(row, Float8GetDatum(view->counters[CS_STAT_LATENCY_US] / 1e6),
			   false);
	cs_row_count(row, calls);
}

/*
 * Codes that share an SQLSTATE are one class, which the first of them stands
 * for.  False: this one does not.
 */
static bool
class_of(const CsStatView *view, int code, uint64 *count)
{
	int sqlstate = cs_error_sqlstate((CsErrorCode) code);

	*count = 0;
	for (int i = 1; i < CS_ERR_COUNT; i++)
	{
		if (cs_error_sqlstate((CsErrorCode) i) != sqlstate)
			continue;
		if (i < code)
			return false;
		*count += view->failed[i];
	}
	return true;
}

static void
put_failed(CsRow *row, const CsStatView *view)
{
	StringInfoData json;
	uint64		   total = 0;

	initStringInfo(&json);
	for (int i = 1; i < CS_ERR_COUNT; i++)
	{
		uint64 count;

		if (!class_of(view, i, &count) || count == 0)
			continue;
		total += count;
		appendStringInfo(
			&json, "%s\"%s\": " UINT64_FORMAT, json.len > 0 ? ", " : "",
			unpack_sql_state(cs_error_sqlstate((CsErrorCode) i)), count);
	}
	cs_row_count(row, total);
	cs_row_count(row, view->failed[CS_ERR_UNKNOWN]);
	cs_row_put(row,
			   DirectFunctionCall1(
				   jsonb_in, CStringGetDatum(psprintf("{%s}", json.data))),
			   false);
}

/* Which server: what a scraper takes for labels. */
static void
put_identity(CsRow *row, const CsStatView *view)
{
	cs_row_put(row, DirectFunctionCall1(namein, CStringGetDatum(view->name)),
			   false);
	cs_row_text(row, view->provider);
	cs_row_text(row, view->base_url);
}

/* The size of a budget, and what is used of it. */
static void
put_calls(CsRow *row, const CsStatBudget *budget)
{
	bool none = budget->size == 0;

	cs_row_put(row, Int32GetDatum((int32) budget->size), none);
	cs_row_put(row, Int32GetDatum((int32) budget->used),
			   none || budget->used < 0);
}

static void
put_amount(CsRow *row, int64 amount, bool isnull)
{
	cs_row_put(row,
			   isnull ? (Datum) 0 : NumericGetDatum(cs_cost_amount(amount)),
			   isnull);
}

/* The same of money, and of which currency it is. */
static void
put_money(CsRow *row, const CsStatBudget *spend, const char *currency)
{
	bool none = spend->size == 0;

	put_amount(row, spend->size, none);
	put_amount(row, spend->used, none || spend->used < 0);
	cs_row_text(row, none ? NULL : currency);
}

static void
put_server(CsRow *row, const CsStatView *view)
{
	const uint64 *counters = view->counters;

	put_identity(row, view);
	cs_row_count(row, counters[CS_STAT_CALLS]);
	cs_row_count(row, counters[CS_STAT_BILLED]);
	cs_row_count(row, counters[CS_STAT_ANSWERED]);
	put_failed(row, view);
	cs_row_count(row, counters[CS_STAT_RETRIES]);
	cs_row_count(row, counters[CS_STAT_CACHE_HITS]);
	cs_row_count(row, counters[CS_STAT_KEPT_HITS]);
	cs_row_count(row, counters[CS_STAT_SHARED]);
	cs_row_int(row, view->running);
	cs_row_int(row, view->queued);
	cs_row_text(row, cs_breaker_name(view->pace.breaker));
	cs_row_int(row, view->pace.breaker);
	cs_row_int(row, view->pace.failures);
	cs_row_int(row, view->failures);
	cs_row_time(row, view->pace.open_until);
	cs_row_time(row, view->pace.paused_until);
	put_latencies(row, view);
	cs_row_count(row, counters[CS_STAT_BYTES_IN]);
	cs_row_count(row, counters[CS_STAT_BYTES_OUT]);
	cs_row_count(row, counters[CS_STAT_CONNECTIONS]);
	cs_row_count(row, counters[CS_STAT_LOG_INS]);
	cs_row_time(row, view->token_until);
	put_calls(row, &view->budget);
	put_money(row, &view->spend, view->currency);
	cs_row_time(row, view->reset_at);
}

/*
 * credscore.stat_servers() returns setof record
 *
 * What was asked of each server; behind the view of the same name.
 */
Datum
credscore_stat_servers(PG_FUNCTION_ARGS)
{
	CsStatView *view = palloc(sizeof(CsStatView));

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; cs_stats_read(i, view); i++)
	{
		CsRow row = {0};

		put_server(&row, view);
		cs_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}

/* --- credscore.stat_budgets --- */

/* "public" for PUBLIC's; NULL: there is no such role any more. */
static const char *
holder_name(Oid holder)
{
	return OidIsValid(holder) ? GetUserNameFromId(holder, true) : "public";
}

/* A row, unless there is neither; when both end, their days do. */
static void
put_budget(FunctionCallInfo fcinfo, const CsStatView *server, const char *role,
		   const CsStatBudget *budget, const CsStatBudget *spend)
{
	CsRow row = {0};

	if (budget->size == 0 && spend->size == 0)
		return;
	put_name(&row, server->name);
	cs_row_text(&row, server->base_url);
	put_name(&row, role);
	put_calls(&row, budget);
	put_money(&row, spend, server->currency);
	cs_row_time(&row, Max(budget->end, spend->end));
	cs_row_emit(fcinfo, &row);
}

/*
 * credscore.stat_budgets() returns setof (server name, base_url text,
 *										   role name, daily_budget int,
 *										   used int, daily_spend numeric,
 *										   spent numeric, currency text,
 *										   ends_at timestamptz)
 *
 * The daily budgets of servers and user mappings; behind the view of the same
 * name.
 */
Datum
credscore_stat_budgets(PG_FUNCTION_ARGS)
{
	static const CsStatBudget none = {.size = 0};
	CsStatView				 *view = palloc(sizeof(CsStatView));
	CsStatMapping			  mapping;

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; cs_stats_read(i, view); i++)
		put_budget(fcinfo, view, NULL, &view->budget, &view->spend);
	for (int i = 0; cs_stats_read_mapping(i, &mapping); i++)
	{
		const char *role = holder_name(mapping.holder);

		if (role != NULL && cs_stats_read(mapping.server, view))
			put_budget(fcinfo, view, role, &mapping.budget, &none);
	}
	return (Datum) 0;
}

/*
 * credscore.stat_errors() returns setof (server name, provider text,
 *										  base_url text, sqlstate text,
 *										  failed bigint)
 *
 * Questions that failed, by server and class; one that never occurred is there
 * with 0, so that a scraper sees the first.  Behind the view
 * credscore_stat_errors.
 */
Datum
credscore_stat_errors(PG_FUNCTION_ARGS)
{
	CsStatView *view = palloc(sizeof(CsStatView));

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; cs_stats_read(i, view); i++)
		for (int code = 1; code < CS_ERR_COUNT; code++)
		{
			CsRow  row = {0};
			uint64 count;

			if (!class_of(view, code, &count))
				continue;
			put_identity(&row, view);
			cs_row_text(
				&row, unpack_sql_state(cs_error_sqlstate((CsErrorCode) code)));
			cs_row_count(&row, count);
			cs_row_emit(fcinfo, &row);
		}
	return (Datum) 0;
}

/* --- credscore.stat_progress --- */

/* As with pg_stat_activity: whose own it is, and who watches over all. */
static bool
may_watch(Oid role)
{
	Oid monitor = get_role_oid("credscore_monitor", true);
	Oid caller = GetUserId();

	return has_privs_of_role(caller, role) ||
		   has_privs_of_role(caller, ROLE_PG_READ_ALL_STATS) ||
		   (OidIsValid(monitor) && has_privs_of_role(caller, monitor));
}

/* Rows per second, since the batch began. */
static double
rate_of(const CsProgress *progress)
{
	double seconds = (double) (GetCurrentTimestamp() - progress->started_at) /
					 USECS_PER_SEC;

	return seconds > 0 ? (double) progress->batch_done / seconds : 0;
}

/* NULLs for a statement that is by itself. */
static void
put_batch(CsRow *row, const CsProgress *progress)
{
	static const char *const phases[] = {[CS_PROGRESS_NO_BATCH] = NULL,
										 [CS_PROGRESS_COUNTING] = "counting",
										 [CS_PROGRESS_ASKING] = "asking",
										 [CS_PROGRESS_STORING] = "storing"};
	bool					 counted = progress->phase > CS_PROGRESS_COUNTING;

	cs_row_text(row, phases[progress->phase]);
	cs_row_put(row, Int64GetDatum(progress->batch_total), !counted);
	cs_row_put(row, Int64GetDatum(progress->batch_done), !counted);
	cs_row_put(row, Float8GetDatum(rate_of(progress)), !counted);
}

/* The process may have ended since, and its role and database be gone. */
static void
put_progress(FunctionCallInfo fcinfo, const CsProgress *progress)
{
	PGPROC *proc = BackendPidGetProc(progress->pid);
	CsRow	row = {0};

	if (proc == NULL || !may_watch(proc->roleId))
		return;
	cs_row_int(&row, progress->pid);
	put_name(&row, get_database_name(proc->databaseId));
	put_name(&row, GetUserNameFromId(proc->roleId, true));
	cs_row_text(&row,
				pgstat_get_backend_current_activity(progress->pid, false));
	cs_row_time(&row, progress->started_at);
	cs_row_put(&row, Int64GetDatum(progress->rows_total),
			   progress->rows_total == 0);
	cs_row_count(&row, progress->rows_read);
	cs_row_count(&row, progress->asked);
	cs_row_count(&row, progress->done);
	cs_row_count(&row, progress->in_flight);
	put_batch(&row, progress);
	cs_row_emit(fcinfo, &row);
}

/*
 * credscore.stat_progress() returns setof record
 *
 * One row per running statement that asks, of those that the caller may see;
 * behind the view of the same name.
 */
Datum
credscore_stat_progress(PG_FUNCTION_ARGS)
{
	CsProgress progress;

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < cs_progress_places(); i++)
		if (cs_progress_read(i, &progress))
			put_progress(fcinfo, &progress);
	return (Datum) 0;
}

/*
 * credscore_stat_reset() returns void
 *
 * Sets the counters of credscore_stat_servers and credscore_stat_memory to
 * zero.
 */
Datum
credscore_stat_reset(PG_FUNCTION_ARGS)
{
	cs_shmem_require();
	cs_stats_reset();
	cs_answer_cache_reset();
	cs_shmem_reset();
	PG_RETURN_VOID();
}
