/*-------------------------------------------------------------------------
 * sql_health.c
 *	  Is all well?  What a monitor or an administrator looks at first.
 *
 * Works without preload: then that is the finding.  Nothing is asked.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/error.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "shared/answer_cache.h"
#include "shared/slots.h"
#include "shared/stats.h"
#include "sql/health.h"
#include "sql/health_catalog.h"
#include "sql/health_ledger.h"
#include "sql/health_workers.h"
#include "store/home.h"

/* The loop turns once a second at least; a busy machine may be late. */
#define HEARTBEAT_LATE_MS 5000

/* Room that was not to be had counts for so long, */
#define FAILURE_COUNTS_MS 600000

/* and shared memory is nearly full from these eighths on. */
#define NEARLY_FULL 7

/* One lost call is nobody's business; so many questions in a row are. */
#define FAILURES_IN_ROW 3

/* What another database's server did counts for so long. */
#define ELSEWHERE_COUNTS_US (10 * 60 * CS_US_PER_S)

PG_FUNCTION_INFO_V1(credscore_health);

static void
put_courier(CsHealth *health)
{
	CsCourierState courier;
	int64		   age_ms = CS_HEALTH_NO_VALUE;
	int			   used = cs_slots_in_use();
	int			   most = cs_guc_max_questions();

	cs_slots_courier(&courier);
	cs_health_put(
		health, "courier", NULL, courier.pid != 0, courier.pid != 0, "%s",
		courier.pid != 0
			? "The courier runs."
			: "It does not run; see the server log and max_worker_processes.");
	if (courier.heartbeat != 0)
		age_ms = (cs_clock_ticks() - courier.heartbeat) / CS_US_PER_MS;
	cs_health_put(health, "heartbeat", NULL,
				  courier.pid != 0 && courier.heartbeat != 0 &&
					  age_ms < HEARTBEAT_LATE_MS,
				  age_ms,
				  "Milliseconds since the courier's last sign of life.");
	cs_health_put(health, "questions", NULL, used < most, used,
				  "Open questions; credscore.max_questions is %d.", most);
}

static void
put_enabled(CsHealth *health)
{
	CsCourierState courier;

	cs_slots_courier(&courier);
	cs_health_put(health, "enabled", NULL, !courier.off,
				  courier.off ? courier.calls : CS_HEALTH_NO_VALUE, "%s",
				  courier.off
					  ? "credscore.enabled is off; calls still on their way."
					  : "Calls may leave.");
}

static void
put_home(CsHealth *health)
{
	const char *fault = cs_home_fault(cs_home_look(false));

	if (fault == NULL)
		cs_health_put(health, "home", NULL, true, CS_HEALTH_NO_VALUE,
					  "This database is at home here.");
	else
		cs_health_put(
			health, "home", NULL, false, CS_HEALTH_NO_VALUE,
			"This database calls no provider until a superuser says SELECT credscore_adopt(): %s.",
			fault);
}

/* --- servers --- */

/*
 * Nobody may ask at an address that was corrected, so that it would be red for
 * ever.  A server that this database does not have is another's, or is gone.
 * Without a breaker the next question closes it.
 */
static void
put_breaker(CsHealth *health, const CsHealthOf *of, const CsStatView *view,
			CsHealthPlace place, int most_failures)
{
	CsBreakerState breaker = view->pace.breaker;
	bool		   past =
		place == CS_HEALTH_MOVED || most_failures == 0 ||
		(place == CS_HEALTH_ELSEWHERE && breaker == CS_BREAKER_HALF_OPEN);

	cs_health_put(health, "breaker", of, breaker == CS_BREAKER_CLOSED || past,
				  view->pace.failures,
				  "The breaker is %s; failed calls in a row.",
				  cs_breaker_name(breaker));
}

static void
put_memory(CsHealth *health)
{
	CsShmemUse use = cs_shmem_use();
	bool failed = use.failed_at != 0 && cs_clock_ticks() - use.failed_at <
											FAILURE_COUNTS_MS * CS_US_PER_MS;
	bool full = use.bytes >= use.size / 8 * NEARLY_FULL;

	cs_health_put(health, "memory", NULL, !failed && !full, use.bytes,
				  "Bytes in use of " UINT64_FORMAT "%s", use.size,
				  failed ? "; room was wanted in vain of late." : ".");
}

static void
put_cache(CsHealth *health)
{
	CsCacheView cache;

	cs_answer_cache_view(&cache);
	cs_health_put(health, "cache", NULL, !cache.presses, cache.bytes,
				  "Bytes of answers, of credscore.cache_size = %d kB%s",
				  cs_guc_cache_size(),
				  cache.presses ? "; fresh ones make room for others steadily."
								: ".");
}

/* What was refused last, credentials mostly, is corrected by now. */
static bool
is_corrected(const List *servers, const CsStatView *view)
{
	return (view->failed_of == CS_ERR_CREDENTIALS ||
			view->failed_of == CS_ERR_SERVER_REFUSED) &&
		   !cs_health_catalog_refused(servers, view->name);
}

static void
put_answers(CsHealth *health, const CsHealthOf *of, const CsStatView *view,
			CsHealthPlace place, const List *servers)
{
	CsInstant age = cs_clock_ticks() - view->failed_at;
	bool	  past = place == CS_HEALTH_MOVED ||
				(place == CS_HEALTH_ELSEWHERE && age > ELSEWHERE_COUNTS_US) ||
				(place == CS_HEALTH_HERE && is_corrected(servers, view));

	if (view->failures == 0)
		cs_health_put(health, "answers", of, true, 0,
					  "The last question was answered.");
	else
		cs_health_put(
			health, "answers", of, view->failures < FAILURES_IN_ROW || past,
			view->failures,
			"Questions in a row without an answer; the last ended with %s.",
			unpack_sql_state(cs_error_sqlstate(view->failed_of)));
}

/*
 * Where the day's count began without a file, what was spent before is not in
 * it: the file was left behind by pg_upgrade, or by a dump.
 */
static void
put_budget_count(CsHealth *health, const CsHealthOf *of,
				 const CsStatBudget *budget)
{
	bool partial = budget->young && cs_health_catalog_installed_at() <
										budget->end - USECS_PER_DAY;

	cs_health_put(
		health, "budget_count", of, !partial, CS_HEALTH_NO_VALUE, "%s",
		partial
			? "The count of today began anew, in a database that is older: calls before are not in it."
			: "The count of today is complete.");
}

/*
 * What was used is known since somebody asked; what it is measured by is what
 * the option says now.
 */
static void
put_budget(CsHealth *health, const CsHealthOf *of, const CsStatBudget *budget,
		   int size)
{
	if (budget->size == 0 || size == 0)
		return;
	if (budget->used < 0)
		cs_health_put(
			health, "daily_budget", of, false, CS_HEALTH_NO_VALUE,
			"The count of today's calls is not known; see the server log.");
	else
		cs_health_put(health, "daily_budget", of, budget->used < size,
					  budget->used, "Calls of today; the budget is %d.", size);
	put_budget_count(health, of, budget);
}

/* What was spent in another currency than that of now is no measure. */
static void
put_spend(CsHealth *health, const CsHealthOf *of, const CsStatView *view,
		  const List *servers)
{
	const CsStatBudget *spent = &view->spend;
	CsHealthSpend		now = {spent->size, spent->unit, view->currency};
	char				limit[CS_MONEY_TEXT_SIZE];
	char				price[CS_MONEY_TEXT_SIZE];

	cs_health_catalog_spend(servers, view->name, &now);
	if (spent->size == 0 || now.limit == 0 || now.currency == NULL ||
		strcmp(now.currency, view->currency) != 0)
		return;
	cs_money_show(now.limit, limit);
	cs_money_show(now.price, price);
	if (spent->used < 0)
		cs_health_put(
			health, "daily_spend", of, false, CS_HEALTH_NO_VALUE,
			"What the calls of today cost is not known; see the server log.");
	else
		cs_health_put_money(
			health, "daily_spend", of, now.limit - spent->used >= now.price,
			spent->used,
			"Cost of today's calls; the limit is %s %s, a call costs %s.",
			limit, now.currency, price);
	put_budget_count(health, of, spent);
}

static CsHealthPlace
place_of(const List *servers, const CsStatView *view)
{
	return cs_health_catalog_find(servers, view->name, view->provider,
								  view->base_url);
}

static void
put_mapping_budgets(CsHealth *health, const List *servers, CsStatView *server)
{
	CsStatMapping mapping;

	for (int i = 0; cs_stats_read_mapping(i, &mapping); i++)
	{
		CsHealthOf of = {NULL, NULL, "public"};

		if (OidIsValid(mapping.holder))
			of.role = GetUserNameFromId(mapping.holder, true);
		if (of.role == NULL || !cs_stats_read(mapping.server, server))
			continue;
		of.server = server->name;
		of.base_url = server->base_url;
		if (place_of(servers, server) != CS_HEALTH_MOVED)
			put_budget(health, &of, &mapping.budget,
					   cs_health_catalog_mapping_budget(
						   servers, server->name, mapping.holder,
						   (int) mapping.budget.size));
	}
}

static void
put_servers(CsHealth *health, const List *servers)
{
	CsStatView *view = palloc(sizeof(CsStatView));
	int			n;

	for (n = 0; cs_stats_read(n, view); n++)
	{
		CsHealthOf	  of = {view->name, view->base_url, NULL};
		CsHealthPlace place = place_of(servers, view);

		put_breaker(health, &of, view, place,
					cs_health_catalog_option(servers, view->name,
											 "breaker_failures", -1, -1));
		put_answers(health, &of, view, place, servers);
		if (place == CS_HEALTH_MOVED)
			continue;
		put_budget(health, &of, &view->budget,
				   cs_health_catalog_option(servers, view->name,
											"daily_budget", 0,
											(int) view->budget.size));
		put_spend(health, &of, view, servers);
	}
	put_mapping_budgets(health, servers, view);
	cs_health_put(
		health, "servers", NULL, n < CS_STAT_MAX_SERVERS, n,
		"Servers that were asked; of more than %d the others are not watched.",
		CS_STAT_MAX_SERVERS);
}

/*
 * credscore_health() returns setof (check_name text, server text,
 *									 base_url text, role text, ok bool,
 *									 value numeric, detail text)
 *
 * Every row with ok = false is something to look after.
 */
Datum
credscore_health(PG_FUNCTION_ARGS)
{
	CsHealth health = {NIL};
	List	*servers = cs_health_catalog_servers();
	bool	 ready = cs_shmem_ready();

	InitMaterializedSRF(fcinfo, 0);
	cs_health_put(
		&health, "preloaded", NULL, ready, ready, "%s",
		ready
			? "credscore is in shared_preload_libraries."
			: "credscore is not in shared_preload_libraries; nothing can be asked.");
	if (ready)
	{
		put_courier(&health);
		cs_health_workers_put(&health);
		put_enabled(&health);
		put_memory(&health);
		put_cache(&health);
		put_servers(&health, servers);
	}
	put_home(&health);
	cs_health_ledger_put(&health);
	cs_health_catalog_put(&health, servers,
						  get_func_namespace(fcinfo->flinfo->fn_oid));
	cs_health_emit(&health, fcinfo);
	return (Datum) 0;
}
