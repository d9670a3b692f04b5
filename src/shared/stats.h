/*-------------------------------------------------------------------------
 * stats.h
 *	  What was asked of each server, in shared memory.
 *
 * The courier counts; sessions count what they find in the cache.  Every
 * function accepts a NULL server, which is one that found no place.
 *------------------------------------------------------------------------- */
#ifndef CS_STATS_H
#define CS_STATS_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "base/histogram.h"
#include "base/instant.h"
#include "base/money.h"
#include "shared/breaker.h"
#include "shared/account.h"

/* Servers that are shown; further ones are served and not counted. */
#define CS_STAT_MAX_SERVERS 64

#define CS_STAT_BASE_URL_SIZE 256
#define CS_STAT_PROVIDER_SIZE 32

/* Budgets of user mappings that are shown; further ones hold all the same. */
#define CS_STAT_MAX_MAPPINGS 256

typedef enum CsStatCounter
{
	CS_STAT_CALLS,	  /* that left; log-ins are not among them */
	CS_STAT_BILLED,	  /* of those, that may cost money */
	CS_STAT_ANSWERED, /* questions */
	CS_STAT_RETRIES,
	CS_STAT_CACHE_HITS,
	CS_STAT_KEPT_HITS, /* questions that a kept answer was the answer to */
	CS_STAT_SHARED,	   /* questions that joined a call on its way */
	CS_STAT_BYTES_IN,
	CS_STAT_BYTES_OUT,
	CS_STAT_CONNECTIONS,
	CS_STAT_LOG_INS,
	CS_STAT_LATENCY_US, /* of all calls together */
	CS_STAT_NCOUNTERS
} CsStatCounter;

typedef struct CsStatServer CsStatServer;

extern void cs_stats_init(void);

/* --- the courier's side --- */

/* A server's place, taken when it is new. */
extern CsStatServer *cs_stats_server(const CsSharedAccount *account);

/* A new courier: nothing runs, nothing is queued. */
extern void cs_stats_courier_start(void);

extern void cs_stats_add(CsStatServer *server, CsStatCounter counter, int64 n);

/*
 * A question has its outcome, CS_ERR_NONE: an answer; the code as far as status
 * and envelope tell.
 */
extern void cs_stats_settled(CsStatServer *server, CsErrorCode code);

extern void cs_stats_latency(CsStatServer *server, int64 us);
/* The view's times are in ticks here, and the calendar's in CsStatView. */
extern void cs_stats_gate(CsStatServer *server, int running, int queued,
						  const CsBreakerView *pace);

/* A daily budget, of calls or of money. */
typedef struct CsStatBudget
{
	int64		size;  /* 0: none */
	int64		unit;  /* that a call takes of it */
	int64		used;  /* -1: not known */
	TimestampTz end;   /* of its day */
	bool		young; /* the day's count began in its midst */
} CsStatBudget;

extern void cs_stats_budget(CsStatServer *server, const CsStatBudget *budget);

/* The server's daily_spend, with three letters and a NUL. */
extern void cs_stats_spend(CsStatServer *server, const CsStatBudget *spend,
						   const char *currency);

/* Of the mapping of a role; InvalidOid: PUBLIC's. */
extern void cs_stats_mapping_budget(CsStatServer *server, Oid holder,
									const CsStatBudget *budget);

/* When the latest token ends; 0: there is none. */
extern void cs_stats_token(CsStatServer *server, TimestampTz until);

/* --- sessions --- */

/* An answer about this server came out of the cache. */
extern void cs_stats_cache_hit(const CsKey *server);

/* Likewise, by an answer that is kept. */
extern void cs_stats_kept_hit(const CsKey *server);

/* A reply that the courier took for an answer was read: is it one? */
extern void cs_stats_understood(const CsKey *server, bool understood);

/* When its calls may leave, as the courier said last, in ticks: its breaker is
 * open until then, or it asked for a pause; 0: now. */
extern CsInstant cs_stats_opens_at(const CsKey *server);

/* Everything of one server, copied. */
typedef struct CsStatView
{
	char		  name[NAMEDATALEN];
	char		  provider[CS_STAT_PROVIDER_SIZE];
	char		  base_url[CS_STAT_BASE_URL_SIZE];
	uint64		  counters[CS_STAT_NCOUNTERS];
	uint64		  failed[CS_ERR_COUNT];
	uint64		  latencies[CS_HISTOGRAM_BUCKETS];
	int			  running;
	int			  queued;
	int			  failures;	 /* questions in a row that had no answer */
	CsErrorCode	  failed_of; /* of what the last of them */
	CsInstant	  failed_at; /* and when; 0: none */
	CsBreakerView pace;
	CsStatBudget  budget;
	CsStatBudget  spend; /* in millionths of */
	char		  currency[CS_CURRENCY_SIZE];
	TimestampTz	  token_until; /* 0: none */
	TimestampTz	  reset_at;
} CsStatView;

/* The i-th server; false beyond the last. */
extern bool cs_stats_read(int i, CsStatView *view);

/* The budget of one mapping, copied. */
typedef struct CsStatMapping
{
	int			 server; /* for cs_stats_read */
	Oid			 holder; /* InvalidOid: PUBLIC's */
	CsStatBudget budget;
} CsStatMapping;

/* The i-th mapping that has, or had, a budget; false beyond the last. */
extern bool cs_stats_read_mapping(int i, CsStatMapping *mapping);

/* Sets all counters to zero. */
extern void cs_stats_reset(void);

#endif /* CS_STATS_H */
