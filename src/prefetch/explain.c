/*-------------------------------------------------------------------------
 * explain.c
 *	  What EXPLAIN ANALYZE says of the calls that a node has started.
 *
 * Costs are exact, and one line for each currency.  Where the output has a
 * structure they are members of an object, by currency.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/explain.h"

#include "pg/cost.h"

/* Calls of a list that are counted. */
typedef int64 (*Count)(const CsAskCost *cost);

static int64
billed(const CsAskCost *cost)
{
	return cost->billed;
}

static int64
would(const CsAskCost *cost)
{
	return cost->would;
}

/* The sum over the prices of one currency, and where the next one begins. */
static char *
sum(const CsAskCost *first, Count count, const CsAskCost **next)
{
	Numeric			 total = cs_cost_of_calls(count(first), first->price);
	const CsAskCost *cost = first->next;

	for (; cost != NULL && strcmp(cost->currency, first->currency) == 0;
		 cost = cost->next)
		total = cs_cost_add(total, cs_cost_of_calls(count(cost), cost->price));
	*next = cost;
	return cs_cost_text(total);
}

static void
put_costs(const char *label, const CsAskCost *costs, Count count,
		  ExplainState *es)
{
	bool			 as_text = es->format == EXPLAIN_FORMAT_TEXT;
	const CsAskCost *next;

	if (costs == NULL)
		return;
	if (!as_text)
		ExplainOpenGroup(label, label, true, es);
	for (const CsAskCost *cost = costs; cost != NULL; cost = next)
	{
		char *amount = sum(cost, count, &next);

		if (as_text)
			ExplainPropertyText(label,
								psprintf("%s %s", amount, cost->currency), es);
		else
			ExplainPropertyText(cost->currency, amount, es);
	}
	if (!as_text)
		ExplainCloseGroup(label, label, true, es);
}

void
cs_explain_node(const CsAskStats *stats, int64 max_ahead, ExplainState *es)
{
	ExplainPropertyInteger("Calls", NULL, stats->calls, es);
	put_costs("Cost", stats->costs, billed, es);
	ExplainPropertyInteger("Cache Hits", NULL, stats->cache_hits, es);
	if (stats->kept_hits > 0 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger("Kept Answers", NULL, stats->kept_hits, es);
	ExplainPropertyInteger("Shared Calls", NULL, stats->shared_calls, es);
	ExplainPropertyInteger("Would Call", NULL, stats->would_calls, es);
	if (stats->would_calls > 0)
		put_costs("Would Cost", stats->costs, would, es);
	ExplainPropertyInteger("Max Read Ahead", "rows", max_ahead, es);
	if (es->timing)
		ExplainPropertyFloat("Wait Time", "ms", stats->wait_us / 1000.0, 3,
							 es);
}
