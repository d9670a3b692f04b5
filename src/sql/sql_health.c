/*-------------------------------------------------------------------------
 * sql_health.c
 *	  Is all well?  What a monitor or an administrator looks at first.
 *
 * Works without preload: then that is the finding.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "pg/secret_file.h"
#include "pg/shmem.h"
#include "settings/options.h"
#include "shared/answer_cache.h"
#include "shared/slots.h"
#include "shared/stats.h"
#include "sql/row.h"

/* The loop turns once a second at least; a busy machine may be late. */
#define HEARTBEAT_LATE_MS 5000

/* Room that was not to be had counts for so long, */
#define FAILURE_COUNTS_MS 600000

/* and shared memory is nearly full from these eighths on. */
#define NEARLY_FULL 7

PG_FUNCTION_INFO_V1(credscore_health);

static void put(FunctionCallInfo fcinfo, const char *name, bool ok,
				const char *format, ...) pg_attribute_printf(4, 5);

static void
put(FunctionCallInfo fcinfo, const char *name, bool ok, const char *format,
	...)
{
	StringInfoData detail;
	CsRow		   row = {0};
	va_list		   args;
	int			   needed;

	initStringInfo(&detail);
	do
	{
		va_start(args, format);
		needed = appendStringInfoVA(&detail, format, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&detail, needed);
	} while (needed > 0);
	cs_row_text(&row, name);
	cs_row_bool(&row, ok);
	cs_row_text(&row, detail.data);
	cs_row_emit(fcinfo, &row);
}

static void
put_courier(FunctionCallInfo fcinfo)
{
	CsCourierState courier;
	CsInstant	   age_ms;
	int			   used = cs_slots_in_use();
	int			   most = cs_guc_max_questions();

	cs_slots_courier(&courier);
	if (courier.pid != 0)
		put(fcinfo, "courier", true, "running, process %d", courier.pid);
	else
		put(fcinfo, "courier", false,
			"not running; see the server log and max_worker_processes");
	age_ms = (cs_clock_ticks() - courier.heartbeat) / CS_US_PER_MS;
	if (courier.heartbeat == 0)
		put(fcinfo, "heartbeat", false, "none so far");
	else
		put(fcinfo, "heartbeat",
			courier.pid != 0 && age_ms < HEARTBEAT_LATE_MS,
			INT64_FORMAT " ms ago", age_ms);
	put(fcinfo, "questions", used < most,
		"%d of credscore.max_questions = %d are open", used, most);
}

static void
put_memory(FunctionCallInfo fcinfo)
{
	CsShmemUse use = cs_shmem_use();
	bool failed = use.failed_at != 0 && cs_clock_ticks() - use.failed_at <
											FAILURE_COUNTS_MS * CS_US_PER_MS;

	put(fcinfo, "memory",
		!failed && use.bytes<
					   use.size / 8 * NEARLY_FULL,
					   UINT64_FORMAT
					   " of " UINT64_FORMAT
					   " kB are in use; room was wanted in vain " UINT64_FORMAT
					   " times%s%s",
					   use.bytes / 1024, use.size / 1024, use.failures,
					   use.failures> 0
			? ", last at "
			: "",
		use.failures > 0 ? timestamptz_to_str(cs_clock_calendar(use.failed_at))
						 : "");
}

static void
put_cache(FunctionCallInfo fcinfo)
{
	CsCacheView cache;

	cs_answer_cache_view(&cache);
	put(fcinfo, "cache", !cache.presses,
		"%d answers in " INT64_FORMAT
		" of credscore.cache_size = %d kB; " UINT64_FORMAT
		" fresh ones made room for others%s",
		cache.entries, cache.bytes / 1024, cs_guc_cache_size(), cache.evicted,
		cache.presses ? ", steadily" : "");
}

static void
put_budget(FunctionCallInfo fcinfo, const char *whose,
		   const CsStatBudget *budget)
{
	if (budget->size == 0)
		return;
	if (budget->used < 0)
		put(fcinfo, "daily_budget", false,
			"%s: the count of today's calls is not known; see the server log",
			whose);
	else
		put(fcinfo, "daily_budget", budget->used < budget->size,
			"%s: %d of %d calls used today", whose, budget->used,
			budget->size);
}

static void
put_server(FunctionCallInfo fcinfo, const CsStatView *view)
{
	const CsBreakerView *pace = &view->pace;

	if (pace->breaker == CS_BREAKER_CLOSED)
		put(fcinfo, "breaker", true, "server \"%s\": closed", view->name);
	else
		put(fcinfo, "breaker", false,
			"server \"%s\": %s, after %d failures in a row", view->name,
			cs_breaker_name(pace->breaker), pace->failures);
	put_budget(fcinfo, psprintf("server \"%s\"", view->name), &view->budget);
}

static void
put_mapping_budgets(FunctionCallInfo fcinfo, CsStatView *server)
{
	CsStatMapping mapping;

	for (int i = 0; cs_stats_read_mapping(i, &mapping); i++)
	{
		const char *role = OidIsValid(mapping.holder)
							   ? GetUserNameFromId(mapping.holder, true)
							   : "public";

		if (role != NULL && cs_stats_read(mapping.server, server))
			put_budget(fcinfo,
					   psprintf("user mapping of \"%s\" for server \"%s\"",
								role, server->name),
					   &mapping.budget);
	}
}

/* The secret files of one mapping: neither path nor content is shown. */
static void
put_mapping(FunctionCallInfo fcinfo, const char *server, List *options)
{
	ListCell *lc;

	foreach(lc, options)
	{
		DefElem	   *option = lfirst(lc);
		size_t		len = strlen(option->defname);
		size_t		suffix = strlen(CS_FILE_SUFFIX);
		const char *fault;

		if (len <= suffix ||
			strcmp(option->defname + len - suffix, CS_FILE_SUFFIX) != 0)
			continue;
		fault = cs_secret_file_fault(defGetString(option),
									 strcmp(option->defname, CS_CERT_FILE) == 0
										 ? CS_SECRET_CERTIFICATE
										 : CS_SECRET_LINE);
		put(fcinfo, "secret_file", fault == NULL,
			"%s of a user mapping for server \"%s\"%s%s", option->defname,
			server, fault != NULL ? ": " : "", fault != NULL ? fault : "");
	}
}

static bool
is_ours(const ForeignServer *server)
{
	return strcmp(GetForeignDataWrapper(server->fdwid)->fdwname,
				  CS_WRAPPER_NAME) == 0;
}

/* Those of this database. */
static void
put_secret_files(FunctionCallInfo fcinfo)
{
	Relation	mappings = table_open(UserMappingRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(mappings, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_user_mapping form = (Form_pg_user_mapping) GETSTRUCT(tuple);
		ForeignServer		*server = GetForeignServer(form->umserver);
		bool				 isnull;
		Datum options = heap_getattr(tuple, Anum_pg_user_mapping_umoptions,
									 RelationGetDescr(mappings), &isnull);

		if (!isnull && is_ours(server))
			put_mapping(fcinfo, server->servername,
						untransformRelOptions(options));
	}
	systable_endscan(scan);
	table_close(mappings, AccessShareLock);
}

/*
 * credscore_health() returns setof (check_name text, ok bool, detail text)
 *
 * Every row with ok = false is something to look after.
 */
Datum
credscore_health(PG_FUNCTION_ARGS)
{
	CsStatView *view = palloc(sizeof(CsStatView));

	InitMaterializedSRF(fcinfo, 0);
	if (cs_shmem_ready())
	{
		put(fcinfo, "preloaded", true,
			"credscore is in shared_preload_libraries");
		put_courier(fcinfo);
		put_memory(fcinfo);
		put_cache(fcinfo);
		for (int i = 0; cs_stats_read(i, view); i++)
			put_server(fcinfo, view);
		put_mapping_budgets(fcinfo, view);
	}
	else
		put(fcinfo, "preloaded", false,
			"credscore is not in shared_preload_libraries; nothing can be asked");
	put_secret_files(fcinfo);
	return (Datum) 0;
}
