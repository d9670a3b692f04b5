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

#include "base/money.h"
#include "courier/budget.h"
#include "courier/day.h"
#include "courier/news.h"
#include "courier/timer.h"
#include "pg/clock.h"
#include "pg/guc.h"
#include "provider/registry.h"

struct CsServer
{
	dlist_node	  node;
	CsKey		  key;
	CsBudgetDay	  today; /* as its time zone has it */
	CsGate		  gate;
	uint64		  limits_serial; /* of the account whose limits hold */
	bool		  off;			 /* its option enabled says so */
	CsTimer		  timer;		 /* when the gate may let someone in */
	CsStatServer *stats;
	CsNews		  news;
};

/* "1000.00 KES", and what a budget is called in messages. */
#define AMOUNT_SIZE		 (CS_MONEY_TEXT_SIZE + CS_CURRENCY_SIZE)
#define BUDGET_NAME_SIZE 96

static dlist_head servers = DLIST_STATIC_INIT(servers);
static int		  ncalls; /* admitted and not over */
static uint32	  noffs;  /* how often one was switched off */

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
	dlist_push_tail(&servers, &server->node);
	return server;
}

static CsServer *
find(const CsKey *key)
{
	dlist_iter iter;

	dlist_foreach(iter, &servers)
	{
		CsServer *server = dlist_container(CsServer, node, iter.cur);

		if (cs_key_equal(&server->key, key))
			return server;
	}
	return NULL;
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
	noffs += !limits->enabled && !server->off;
	server->off = !limits->enabled;
	cs_gate_configure(&server->gate, &settings);
}

CsServer *
cs_server_get(const CsSharedAccount *account)
{
	CsServer *server = find(&account->server_key);

	if (server == NULL)
		server = make(account);
	if (server != NULL)
		take_limits(server, account);
	return server;
}

CsErrorCode
cs_server_off(const CsServer *server)
{
	if (!cs_guc_enabled())
		return CS_ERR_SWITCHED_OFF;
	return server != NULL && server->off ? CS_ERR_SERVER_OFF : CS_ERR_NONE;
}

const char *
cs_server_off_detail(CsErrorCode off)
{
	return off == CS_ERR_SWITCHED_OFF
			   ? "The setting credscore.enabled is off."
			   : "The option enabled of the server is off.";
}

uint32
cs_server_offs(void)
{
	static bool was_enabled = true;

	noffs += was_enabled && !cs_guc_enabled();
	was_enabled = cs_guc_enabled();
	return noffs;
}

int
cs_server_calls(void)
{
	return ncalls;
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

/* --- budgets --- */

/* So that each budget that there is can be charged, shown and given back. */
static void
find_budgets(CsTurn *turn)
{
	for (int kind = 0; kind < CS_BUDGET_KINDS; kind++)
		if (cs_budget_size(turn->account, kind).size > 0)
			cs_budget_key(&turn->charges[kind].budget, turn->account, kind);
}

static const CsBudgetDay *
today(const CsTurn *turn)
{
	CsBudgetDay *day = &turn->server->today;

	cs_day_at(day, cs_block_text(turn->account, turn->account->timezone),
			  cs_clock_now());
	return day;
}

static void
show_budget(const CsTurn *turn, CsBudgetKind kind, const CsStatBudget *budget)
{
	CsStatServer *stats = turn->server->stats;

	switch (kind)
	{
		case CS_BUDGET_SERVER:
			cs_stats_budget(stats, budget);
			break;
		case CS_BUDGET_MAPPING:
			cs_stats_mapping_budget(stats, turn->account->holder, budget);
			break;
		case CS_BUDGET_SPEND:
			cs_stats_spend(stats, budget, turn->account->limits.currency);
			break;
	}
}

static void
show_budgets(CsTurn *turn)
{
	for (int kind = 0; kind < CS_BUDGET_KINDS; kind++)
	{
		CsBudgetSize size = cs_budget_size(turn->account, kind);
		CsBudgetUse	 use = {.used = 0};
		CsStatBudget budget;

		if (size.size > 0)
			use = cs_budget_used(&turn->charges[kind].budget, today(turn));
		budget =
			(CsStatBudget){size.size, size.unit, use.used, use.end, use.young};
		show_budget(turn, kind, &budget);
	}
}

static void
give_back(CsTurn *turn)
{
	bool any = false;

	for (int kind = 0; kind < CS_BUDGET_KINDS; kind++)
	{
		CsCharge *charge = &turn->charges[kind];

		any |= charge->day != CS_BUDGET_NOTHING;
		cs_budget_give_back(&charge->budget, charge->amount, charge->day);
		charge->day = CS_BUDGET_NOTHING;
	}
	if (any)
		show_budgets(turn);
}

/* "1000.00 KES" */
static const char *
amount_text(const CsTurn *turn, CsMoney amount, char out[AMOUNT_SIZE])
{
	char number[CS_MONEY_TEXT_SIZE];

	cs_money_show(amount, number);
	snprintf(out, AMOUNT_SIZE, "%s %s", number,
			 turn->account->limits.currency);
	return out;
}

/* "server's daily_budget of 100 billed calls" */
static void
name_budget(const CsTurn *turn, CsBudgetKind kind, char out[BUDGET_NAME_SIZE])
{
	CsBudgetSize size = cs_budget_size(turn->account, kind);
	char		 amount[AMOUNT_SIZE];

	if (kind == CS_BUDGET_SPEND)
		snprintf(out, BUDGET_NAME_SIZE, "server's daily_spend of %s",
				 amount_text(turn, size.size, amount));
	else
		snprintf(out, BUDGET_NAME_SIZE,
				 "%s daily_budget of " INT64_FORMAT " billed calls",
				 kind == CS_BUDGET_SERVER ? "server's" : "user mapping's",
				 size.size);
}

/* What is left of money may be less than a call costs. */
static void
refuse_used_up(const CsTurn *turn, CsBudgetKind kind, const char *name,
			   CsRefusal *refusal)
{
	CsBudgetSize size = cs_budget_size(turn->account, kind);
	CsNewsBudget budget = {.size = size.size};
	char		 price[AMOUNT_SIZE];
	char		 until[64];

	budget.end = cs_budget_used(&turn->charges[kind].budget, today(turn)).end;
	cs_day_show(budget.end,
				cs_block_text(turn->account, turn->account->timezone), until,
				sizeof(until));
	if (kind == CS_BUDGET_SPEND)
		snprintf(refusal->detail, sizeof(refusal->detail),
				 "The %s leaves no call at %s until %s.", name,
				 amount_text(turn, size.unit, price), until);
	else
		snprintf(refusal->detail, sizeof(refusal->detail),
				 "The %s is used up until %s.", name, until);
	cs_news_used_up(&turn->server->news, kind, &budget, until);
}

static void
refuse_charge(const CsTurn *turn, CsBudgetKind kind, CsBudgetResult why,
			  CsRefusal *refusal)
{
	static const CsErrorCode codes[CS_BUDGET_KINDS] = {
		[CS_BUDGET_SERVER] = CS_ERR_BUDGET,
		[CS_BUDGET_MAPPING] = CS_ERR_MAPPING_BUDGET,
		[CS_BUDGET_SPEND] = CS_ERR_SPEND};
	char name[BUDGET_NAME_SIZE];

	refusal->code = codes[kind];
	name_budget(turn, kind, name);
	if (why == CS_BUDGET_USED_UP)
		refuse_used_up(turn, kind, name, refusal);
	else
		snprintf(
			refusal->detail, sizeof(refusal->detail),
			"The %s cannot be kept track of; see the log of the database server.",
			name);
}

/* All budgets must have room.  False: one has not, and nothing is charged. */
static bool
charge(CsTurn *turn, CsRefusal *refusal)
{
	for (int kind = 0; kind < CS_BUDGET_KINDS; kind++)
	{
		CsCharge	  *charge = &turn->charges[kind];
		CsBudgetSize   size = cs_budget_size(turn->account, kind);
		CsBudgetResult taken;

		if (size.size <= 0)
			continue;
		charge->amount = size.unit;
		taken =
			cs_budget_take(&charge->budget, size, today(turn), &charge->day);
		if (taken == CS_BUDGET_OK)
			continue;
		refuse_charge(turn, kind, taken, refusal);
		give_back(turn);
		return false;
	}
	return true;
}

bool
cs_server_enter(CsServer *server, const CsSharedAccount *account, CsFee fee,
				int asker, CsTurn *turn)
{
	turn->server = server;
	turn->account = account;
	turn->fee = fee;
	turn->log_in = asker == CS_ASKER_LOGIN;
	memset(turn->charges, 0, sizeof(turn->charges));
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

/* Refuses the next turn at a server that may not be called; false: it is nobody's. */
static bool
turn_away_one(CsServer *server, CsErrorCode off)
{
	CsTicket *ticket = cs_gate_turn_away(&server->gate);
	CsRefusal refusal = {.code = off};
	CsTurn	 *turn;

	if (ticket == NULL)
		return false;
	turn = turn_of(ticket);
	strlcpy(refusal.detail, cs_server_off_detail(off), sizeof(refusal.detail));
	show_gate(server);
	turn->ready(turn, &refusal);
	return true;
}

/* Readies the next turn at a server; false: it is nobody's. */
static bool
admit_one(CsServer *server)
{
	CsRefusal	refusal = {.code = CS_ERR_NONE};
	CsErrorCode off = cs_server_off(server);
	CsInstant	now = cs_clock_ticks();
	CsInstant	due;
	CsAdmission admission;
	CsTicket   *ticket;
	CsTurn	   *turn;

	if (off != CS_ERR_NONE)
		return turn_away_one(server, off);
	ticket = cs_gate_admit(&server->gate, now, &admission, &due);
	if (ticket == NULL)
	{
		cs_timer_set(&server->timer, due);
		return false;
	}
	turn = turn_of(ticket);
	if (admission == CS_REFUSED)
		refuse_open(turn, now, &refusal);
	else if (turn->fee != CS_FEE_NONE)
	{
		find_budgets(turn);
		if (!charge(turn, &refusal))
			cs_gate_back_out(&turn->ticket);
		show_budgets(turn);
	}
	ncalls += refusal.code == CS_ERR_NONE;
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

void
cs_server_back_out(CsTurn *turn)
{
	cs_gate_back_out(&turn->ticket);
	ncalls--;
	give_back(turn);
	show_gate(turn->server);
}

static void
count_call(CsTurn *turn, const CsCallReport *report)
{
	CsStatServer	 *stats = turn->server->stats;
	const CsHttpCost *cost = report->cost;
	bool			  left = report->end != CS_CALL_NOT_SENT &&
				report->end != CS_CALL_WITHHELD &&
				report->end != CS_CALL_UNFIT;

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
	ncalls--;
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
