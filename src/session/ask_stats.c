/*-------------------------------------------------------------------------
 * ask_stats.c
 *	  Counts of one who asks, for EXPLAIN, and what its calls cost.
 *
 * A statement asks one server or two, so that a list of prices is short.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/ask_stats.h"

#include "session/permit.h"

/* The counts at a server's price, made when there are none; NULL: it is free, or
 * the price not known. */
static CsAskCost *
cost_at(CsAskStats *stats, const CsSettings *settings,
		const CsEndpoint *endpoint)
{
	const CsLimits *limits = &settings->limits;
	CsAskCost	  **link = &stats->costs;
	CsAskCost	   *cost;

	if (limits->price == 0 || endpoint->fee == CS_FEE_NONE)
		return NULL;
	while (*link != NULL && strcmp((*link)->currency, limits->currency) < 0)
		link = &(*link)->next;
	for (cost = *link;
		 cost != NULL && strcmp(cost->currency, limits->currency) == 0;
		 cost = cost->next)
		if (cost->price == limits->price)
			return cost;
	cost = MemoryContextAllocZero(stats->cxt, sizeof(CsAskCost));
	strlcpy(cost->currency, limits->currency, sizeof(cost->currency));
	cost->price = limits->price;
	cost->next = *link;
	*link = cost;
	return cost;
}

void
cs_ask_stats_hit(CsAskStats *stats, const CsAsk *ask)
{
	stats->cache_hits++;
	(void) cost_at(stats, ask->settings, ask->endpoint);
}

void
cs_ask_stats_kept(CsAskStats *stats, const CsAsk *ask)
{
	stats->kept_hits++;
	(void) cost_at(stats, ask->settings, ask->endpoint);
}

void
cs_ask_stats_would(CsAskStats *stats, const CsAsk *ask)
{
	CsAskCost *cost = cost_at(stats, ask->settings, ask->endpoint);

	stats->would_calls++;
	if (cost != NULL)
		cost->would++;
}

void
cs_ask_stats_call(CsAskStats *stats, const CsAsk *ask)
{
	(void) cost_at(stats, ask->settings, ask->endpoint);
	stats->calls++;
	stats->open++;
}

/* May its call be on the bill?  Of a shared one who has made it says so. */
static bool
is_billed(const CsAbout *about, const CsOutcome *outcome)
{
	return !outcome->shared && !outcome->cached && outcome->attempts > 0 &&
		   cs_billing_of(about->endpoint->fee, outcome->end, outcome->standing)
				   .billed != CS_BILLED_NO;
}

void
cs_ask_stats_settled(CsAskStats *stats, const CsAbout *about,
					 const CsOutcome *outcome)
{
	/* It is there since the call was counted. */
	CsAskCost *cost = cost_at(stats, about->settings, about->endpoint);

	stats->open--;
	if (outcome->shared || outcome->cached || cs_permit_refused(outcome->code))
		stats->calls--;
	stats->shared_calls += outcome->shared;
	stats->cache_hits += outcome->cached;
	if (cost != NULL)
		cost->billed += is_billed(about, outcome);
}
