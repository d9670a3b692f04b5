/*-------------------------------------------------------------------------
 * server.c
 *	  A server as the courier knows it: who may call it when, what that takes
 *	  from its budget, and what is counted of it.
 *
 * Servers live as long as the process; memory is malloc'd, as in gate.c.
 * Budgets are taken when a turn comes and not when a call leaves, since that
 * happens inside libcurl and taking may write a file.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/server.h"

#include "lib/ilist.h"
#include "utils/timestamp.h"

#include "courier/budget.h"
#include "courier/news.h"
#include "courier/timer.h"
#include "pg/clock.h"
#include "provider/registry.h"

struct CsServer
{
	dlist_node	  node;
	CsKey		  key;
	CsKey		  budget_key;
	CsGate		  gate;
	uint64		  limits_serial; /* of the account whose limits hold */
	CsTimer		  timer;		 /* when the gate may let someone in */
	CsStatServer *stats;
	CsNews		  news;
};

static dlist_head servers = DLIST_STATIC_INIT(servers);

#define turn_of(t) ((CsTurn *) ((char *) (t) -offsetof(CsTurn, ticket)))

/* The loop wakes, and then looks at all gates. */
static void
on_due(CsTimer *timer)
{
}

static CsServer *
make(const CsSharedAccount *account)
{
	CsServer *server = calloc(1, sizeof(CsServer));

	if (server == NULL)
		return NULL;
	server->key = account->server_key;
	cs_gate_init(&server->gate);
	server->timer.fire = on_due;
	server->stats = cs_stats_server(account);
	cs_news_init(&server->news, account);
	cs_budget_key(&server->budget_key, cs_registry_at(account->provider)->name,
				  cs_block_text(account, account->base_url),
				  cs_block_text(account, account->server_name));
	dlist_push_tail(&servers, &server->node);
	return server;
}

CsServer *
cs_server_get(const CsSharedAccount *account)
{
	dlist_iter iter;

	dlist_foreach(iter, &servers)
	{
		CsServer *server = dlist_container(CsServer, node, iter.cur);

		if (cs_key_equal(&server->key, &account->server_key))
			return server;
	}
	return make(account);
}

CsStatServer *
cs_server_stats(const CsServer *server)
{
	return server != NULL ? server->stats : NULL;
}

static void
show_gate(CsServer *server)
{
	CsInstant  now = cs_clock_ticks();
	CsGateView view = cs_gate_view(&server->gate, now);

	cs_stats_gate(server->stats, view.running, view.queued, &view.pace);
	cs_news_pace(&server->news, &view.pace, now);
}

static void
show_budget(CsTurn *turn, TimestampTz now)
{
	int budget = turn->account->limits.daily_budget;

	cs_stats_budget(turn->server->stats, budget,
					budget > 0 ? cs_budget_used(&turn->server->budget_key, now)
							   : 0,
					cs_budget_is_young(), now);
}

/* The latest limits hold; a statement that runs on may know older ones. */
static void
take_limits(CsServer *server, const CsSharedAccount *account)
{
	uint64 serial =
		pg_atomic_read_u64(unconstify(pg_atomic_uint64 *, &account->serial));
	const CsLimits *limits = &account->limits;
	CsGateSettings	settings = {
		 .max_concurrency = limits->max_concurrency,
		 .pace = {.rate_limit = limits->rate_limit,
				  .breaker_failures = limits->breaker_failures,
				  .breaker_cooldown_ms = limits->breaker_cooldown,
				  .max_pause_ms = limits->queue_timeout}};

	if (serial <= server->limits_serial)
		return;
	server->limits_serial = serial;
	cs_gate_configure(&server->gate, &settings);
}

bool
cs_server_enter(CsServer *server, const CsSharedAccount *account, CsFee fee,
				int asker, CsTurn *turn)
{
	turn->server = server;
	turn->account = account;
	turn->fee = fee;
	turn->log_in = asker == CS_ASKER_LOGIN;
	turn->budget_day = CS_BUDGET_NO_DAY;
	if (server == NULL)
		return false;
	take_limits(server, account);
	if (!(turn->first ? cs_gate_enter_first
					  : cs_gate_enter)(&server->gate, asker, &turn->ticket))
		return false;
	show_gate(server);
	return true;
}

void
cs_server_withdraw(CsTurn *turn)
{
	cs_gate_withdraw(&turn->ticket);
	show_gate(turn->server);
}

/* --- the turn comes --- */

static void
refuse_open(CsTurn *turn, CsInstant now, CsRefusal *refusal)
{
	CsBreakerView pace = cs_gate_view(&turn->server->gate, now).pace;

	refusal->code = CS_ERR_UNAVAILABLE;
	if (pace.open_until > now)
		snprintf(refusal->detail, sizeof(refusal->detail),
				 "The breaker is open until %s, after %d failures in a row.",
				 timestamptz_to_str(cs_clock_calendar(pace.open_until)),
				 pace.failures);
	else
		snprintf(
			refusal->detail, sizeof(refusal->detail),
			"The breaker is half-open: one call is trying whether the provider is back, after %d failures in a row.",
			pace.failures);
}

/* Charges an admitted turn; a refused one has backed out. */
static void
charge(CsTurn *turn, CsRefusal *refusal)
{
	TimestampTz	   now = cs_clock_now();
	bool		   billed = turn->fee != CS_FEE_NONE;
	int			   budget = billed ? turn->account->limits.daily_budget : 0;
	CsBudgetResult taken = cs_budget_take(&turn->server->budget_key, budget,
										  now, &turn->budget_day);

	if (billed)
		show_budget(turn, now);
	if (taken == CS_BUDGET_OK)
		return;
	cs_gate_back_out(&turn->ticket);
	refusal->code = CS_ERR_BUDGET;
	if (taken == CS_BUDGET_USED_UP)
	{
		cs_news_used_up(&turn->server->news, budget, now / USECS_PER_DAY);
		snprintf(
			refusal->detail, sizeof(refusal->detail),
			"The server's daily_budget of %d billed calls is used up until midnight UTC.",
			budget);
	}
	else
		snprintf(
			refusal->detail, sizeof(refusal->detail),
			"The server's daily_budget of %d billed calls cannot be kept track of; see the log of the database server.",
			budget);
}

/* Readies the next turn at a server; false: it is nobody's. */
static bool
admit_one(CsServer *server)
{
	CsRefusal	refusal = {.code = CS_ERR_NONE};
	CsInstant	now = cs_clock_ticks();
	CsInstant	due;
	CsAdmission admission;
	CsTicket   *ticket = cs_gate_admit(&server->gate, now, &admission, &due);
	CsTurn	   *turn;

	if (ticket == NULL)
	{
		cs_timer_set(&server->timer, due);
		return false;
	}
	turn = turn_of(ticket);
	if (admission == CS_REFUSED)
		refuse_open(turn, now, &refusal);
	else
		charge(turn, &refusal);
	show_gate(server);
	turn->ready(turn, &refusal);
	return true;
}

void
cs_server_admit(void)
{
	dlist_iter iter;

	dlist_foreach(iter, &servers)
		while (admit_one(dlist_container(CsServer, node, iter.cur)))
			;
}

/* --- and ends --- */

static void
give_back(CsTurn *turn)
{
	if (turn->budget_day == CS_BUDGET_NO_DAY)
		return;
	cs_budget_give_back(&turn->server->budget_key, turn->budget_day);
	turn->budget_day = CS_BUDGET_NO_DAY;
	show_budget(turn, cs_clock_now());
}

void
cs_server_back_out(CsTurn *turn)
{
	cs_gate_back_out(&turn->ticket);
	give_back(turn);
	show_gate(turn->server);
}

static void
count_call(CsTurn *turn, const CsCallReport *report)
{
	CsStatServer	 *stats = turn->server->stats;
	const CsHttpCost *cost = report->cost;
	bool			  left =
		report->end != CS_CALL_NOT_SENT && report->end != CS_CALL_WITHHELD;

	cs_stats_add(stats, CS_STAT_CONNECTIONS, cost->connections);
	if (!left)
		return;
	cs_stats_add(stats, CS_STAT_BYTES_IN, cost->bytes_in);
	cs_stats_add(stats, CS_STAT_BYTES_OUT, cost->bytes_out);
	if (turn->log_in)
	{
		cs_stats_add(stats, CS_STAT_LOG_INS, 1);
		return;
	}
	cs_stats_add(stats, CS_STAT_CALLS, 1);
	cs_stats_add(stats, CS_STAT_BILLED,
				 report->billing.billed != CS_BILLED_NO);
	cs_stats_latency(stats, cost->duration_us);
}

/*
 * What was refused for now (429, 503) is asked again when the provider says,
 * and so is everything else at this server; any other reply with Retry-After
 * speaks of its own question.
 */
void
cs_server_call_over(CsTurn *turn, const CsCallReport *report)
{
	bool refused = report->billing.code == CS_ERR_RATE ||
				   report->billing.code == CS_ERR_UNAVAILABLE;

	cs_gate_leave(&turn->ticket, report->billing.sign,
				  refused ? report->retry_after_ms : 0, cs_clock_ticks());
	if (report->billing.billed == CS_BILLED_NO)
		give_back(turn);
	count_call(turn, report);
	show_gate(turn->server);
}

void
cs_server_settled(CsServer *server, CsErrorCode code)
{
	if (server != NULL)
		cs_stats_settled(server->stats, code);
}

void
cs_server_judged(CsServer *server, const CsSharedAccount *account,
				 CsErrorCode code)
{
	if (server != NULL)
		cs_news_judged(&server->news, account, code);
}
