/*-------------------------------------------------------------------------
 * server.c
 *	  A server as the courier knows it: who may call it when, what that takes
 *	  from its budget, and what is counted of it.
 *
 * Servers live as long as the process; memory is malloc'd, as in admit.c.
 * Budgets are taken when a turn comes and not when a call leaves, since that
 * happens inside libcurl and taking may write a file.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/server.h"

#include "lib/ilist.h"
#include "utils/timestamp.h"

#include "courier/budget.h"
#include "courier/retry.h"

struct CsServer
{
	dlist_node	  node;
	CsKey		  key;
	CsKey		  budget_key;
	CsGate		 *gate;
	CsStatServer *stats;
};

static dlist_head servers = DLIST_STATIC_INIT(servers);

#define turn_of(t) ((CsTurn *) ((char *) (t) -offsetof(CsTurn, ticket)))

static CsServer *
make(const CsSpec *spec)
{
	CsServer *server = calloc(1, sizeof(CsServer));

	if (server == NULL)
		return NULL;
	server->key = spec->server_key;
	server->gate = cs_gate_get(&spec->server_key);
	if (server->gate == NULL)
	{
		free(server);
		return NULL;
	}
	server->stats = cs_stats_server(spec);
	cs_budget_key(&server->budget_key, cs_registry_at(spec->provider)->name,
				  cs_spec_text(spec, spec->base_url),
				  cs_spec_text(spec, spec->server_name));
	dlist_push_tail(&servers, &server->node);
	return server;
}

CsServer *
cs_server_get(const CsSpec *spec)
{
	dlist_iter iter;

	dlist_foreach(iter, &servers)
	{
		CsServer *server = dlist_container(CsServer, node, iter.cur);

		if (cs_key_equal(&server->key, &spec->server_key))
			return server;
	}
	return make(spec);
}

CsStatServer *
cs_server_stats(const CsServer *server)
{
	return server != NULL ? server->stats : NULL;
}

static void
show_gate(CsServer *server, TimestampTz now)
{
	CsGateView view = cs_gate_view(server->gate, now);

	cs_stats_gate(server->stats, view.running, view.queued, &view.pace);
}

static void
show_budget(CsTurn *turn, TimestampTz now)
{
	int budget = turn->spec->limits.daily_budget;

	cs_stats_budget(
		turn->server->stats, budget,
		budget > 0 ? cs_budget_used(&turn->server->budget_key, now) : 0, now);
}

bool
cs_server_enter(CsServer *server, const CsSpec *spec, int asker, bool again,
				CsTurn *turn)
{
	const CsSpecLimits *limits = &spec->limits;
	CsGateSettings		settings = {
			 .max_concurrency = limits->max_concurrency,
			 .pace = {.rate_limit = limits->rate_limit,
					  .breaker_failures = limits->breaker_failures,
					  .breaker_cooldown_ms = limits->breaker_cooldown,
					  .max_pause_ms = limits->queue_timeout}};

	turn->server = server;
	turn->spec = spec;
	turn->budget_day = CS_BUDGET_NO_DAY;
	if (server == NULL ||
		!cs_gate_enter(server->gate, asker, again ? NULL : &settings,
					   &turn->ticket))
		return false;
	show_gate(server, GetCurrentTimestamp());
	return true;
}

void
cs_server_withdraw(CsTurn *turn)
{
	cs_gate_withdraw(&turn->ticket);
	show_gate(turn->server, GetCurrentTimestamp());
}

/* --- the turn comes --- */

static void
refuse_open(CsTurn *turn, TimestampTz now, CsRefusal *refusal)
{
	CsBreakerView pace = cs_gate_view(turn->server->gate, now).pace;

	refusal->code = CS_ERR_UNAVAILABLE;
	if (pace.open_until > now)
		snprintf(refusal->detail, sizeof(refusal->detail),
				 "The breaker is open until %s, after %d failures in a row.",
				 timestamptz_to_str(pace.open_until), pace.failures);
	else
		snprintf(
			refusal->detail, sizeof(refusal->detail),
			"The breaker is half-open: one call is trying whether the provider is back, after %d failures in a row.",
			pace.failures);
}

/* Charges an admitted turn; a refused one has backed out. */
static void
charge(CsTurn *turn, TimestampTz now, CsRefusal *refusal)
{
	int budget = turn->spec->billed ? turn->spec->limits.daily_budget : 0;
	CsBudgetResult taken = cs_budget_take(&turn->server->budget_key, budget,
										  now, &turn->budget_day);

	if (turn->spec->billed)
		show_budget(turn, now);
	if (taken == CS_BUDGET_OK)
		return;
	cs_gate_back_out(&turn->ticket);
	refusal->code = CS_ERR_BUDGET;
	if (taken == CS_BUDGET_USED_UP)
		snprintf(
			refusal->detail, sizeof(refusal->detail),
			"The server's daily_budget of %d billed calls is used up until midnight UTC.",
			budget);
	else
		snprintf(
			refusal->detail, sizeof(refusal->detail),
			"The server's daily_budget of %d billed calls cannot be kept track of; see the log of the database server.",
			budget);
}

CsTurn *
cs_server_next(TimestampTz now, CsRefusal *refusal)
{
	CsAdmission admission;
	CsTicket   *ticket = cs_gate_admit(now, &admission);
	CsTurn	   *turn;

	if (ticket == NULL)
		return NULL;
	turn = turn_of(ticket);
	refusal->code = CS_ERR_NONE;
	if (admission == CS_REFUSED)
		refuse_open(turn, now, refusal);
	else
		charge(turn, now, refusal);
	show_gate(turn->server, now);
	return turn;
}

/* --- and ends --- */

static void
give_back(CsTurn *turn, TimestampTz now)
{
	if (turn->budget_day == CS_BUDGET_NO_DAY)
		return;
	cs_budget_give_back(&turn->server->budget_key, turn->budget_day);
	turn->budget_day = CS_BUDGET_NO_DAY;
	show_budget(turn, now);
}

void
cs_server_back_out(CsTurn *turn)
{
	TimestampTz now = GetCurrentTimestamp();

	cs_gate_back_out(&turn->ticket);
	give_back(turn, now);
	show_gate(turn->server, now);
}

static void
count_call(CsTurn *turn, const CsCallReport *report)
{
	CsStatServer	 *stats = turn->server->stats;
	const CsHttpCost *cost = report->cost;

	cs_stats_add(stats, CS_STAT_CONNECTIONS, cost->connections);
	if (report->end == CS_CALL_NOT_SENT)
		return;
	cs_stats_add(stats, CS_STAT_CALLS, 1);
	if (turn->spec->billed &&
		cs_retry_may_be_billed(report->end, report->status))
		cs_stats_add(stats, CS_STAT_BILLED, 1);
	cs_stats_add(stats, CS_STAT_BYTES_IN, cost->bytes_in);
	cs_stats_add(stats, CS_STAT_BYTES_OUT, cost->bytes_out);
	cs_stats_latency(stats, cost->duration_us);
}

void
cs_server_call_over(CsTurn *turn, const CsCallReport *report)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		refused = report->end == CS_CALL_REPLY &&
				   (report->status == 429 || report->status == 503);
	CsPaceOutcome outcome = report->withheld
								? CS_PACE_NEITHER
								: cs_pace_outcome(report->end, report->status);

	/* Any other reply with Retry-After speaks of its own question. */
	cs_gate_leave(&turn->ticket, outcome, refused ? report->retry_after_ms : 0,
				  now);
	if (report->end == CS_CALL_NOT_SENT)
		give_back(turn, now);
	count_call(turn, report);
	show_gate(turn->server, now);
}

/* What a complete reply stands for, as far as its status tells. */
static CsErrorCode
code_of_status(const CsSpec *spec, int status)
{
	CsVerdict verdict;

	if (status == 202)
		return CS_ERR_PROCESSING;
	if (status >= 200 && status <= 299)
		return CS_ERR_NONE;
	if (status == 404)
		return CS_ERR_SUBJECT;
	memset(&verdict, 0, sizeof(verdict));
	cs_verdict_from_status(cs_registry_at(spec->provider), status, NULL,
						   &verdict);
	return verdict.code;
}

void
cs_server_settled(CsServer *server, const CsSpec *spec, CsErrorCode code,
				  int status)
{
	if (server == NULL)
		return;
	if (code == CS_ERR_NONE)
		code = code_of_status(spec, status);
	if (code == CS_ERR_NONE)
		cs_stats_add(server->stats, CS_STAT_ANSWERED, 1);
	else
		cs_stats_fail(server->stats, code);
}
