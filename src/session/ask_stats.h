/*-------------------------------------------------------------------------
 * ask_stats.h
 *	  Counts of one who asks, for EXPLAIN, and what its calls cost.
 *------------------------------------------------------------------------- */
#ifndef CS_ASK_STATS_H
#define CS_ASK_STATS_H

#include "postgres.h"

#include "session/failure.h"
#include "session/question.h"

/* Calls at one price. */
typedef struct CsAskCost
{
	struct CsAskCost *next; /* in the order of currencies; NULL: the last */
	char			  currency[CS_CURRENCY_SIZE];
	CsMoney			  price;
	int64			  billed; /* calls that may be */
	int64			  would;  /* would be, if they were made */
} CsAskCost;

/* Start with {0} and a context; times in microseconds. */
typedef struct CsAskStats
{
	int64	   calls; /* questions handed to the courier */
	int64	   cache_hits;
	int64	   kept_hits;
	int64	   shared_calls; /* joined one that was on its way */
	int64	   would_calls;	 /* not asked because of credscore.mode */
	int64	   wait_us;
	int64	   open;   /* started and not settled: not shown */
	CsAskCost *costs;  /* of servers that have a price, and endpoints a fee */
	MemoryContext cxt; /* where these are */
} CsAskStats;

/* Memory has answered a question, or what is kept has; it would have been asked. */
extern void cs_ask_stats_hit(CsAskStats *stats, const CsAsk *ask);
extern void cs_ask_stats_kept(CsAskStats *stats, const CsAsk *ask);
extern void cs_ask_stats_would(CsAskStats *stats, const CsAsk *ask);

/*
 * A question is handed to the courier, and has its outcome; the latter does not
 * raise.  What was sent again with retry_ambiguous is billed once, as far as is
 * known here.
 */
extern void cs_ask_stats_call(CsAskStats *stats, const CsAsk *ask);
extern void cs_ask_stats_settled(CsAskStats *stats, const CsAbout *about,
								 const CsOutcome *outcome);

#endif /* CS_ASK_STATS_H */
