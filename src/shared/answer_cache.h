/*-------------------------------------------------------------------------
 * answer_cache.h
 *	  CACHE: replies that were paid for, shared over all sessions.
 *
 * Kept under the key of the question, so that only roles with the same server
 * options and credentials share them.  Whether a reply is an answer, and how
 * long it stays fresh, its reader finds out (session/reading.h).
 *------------------------------------------------------------------------- */
#ifndef CS_ANSWER_CACHE_H
#define CS_ANSWER_CACHE_H

#include "postgres.h"

#include "base/instant.h"
#include "shared/account.h"
#include "shared/slots.h"
#include "shared/spec.h"

extern void cs_answer_cache_init(void);

/* A reply from the cache; `body` is a reference of the caller's. */
typedef struct CsCached
{
	CsOutcome	outcome;
	dsa_pointer body;
	CsInstant	stored_at; /* in ticks */
} CsCached;

/*
 * Finds a reply stored within the last `max_age_ms`, and later than `after`
 * (0: whenever).
 */
extern bool cs_answer_cache_find(const CsKey *key, int max_age_ms,
								 CsInstant after, CsCached *found);

/*
 * Keeps a reply to a question, for its account's cache_ttl; takes over one
 * reference to `body`.  For the courier.
 */
extern void cs_answer_cache_store(const CsKey *key, const CsSpec *spec,
								  const CsOutcome *outcome, dsa_pointer body);

/*
 * Puts a body that is quicker to read (CS_BODY_JSONB) in the place of `raw`,
 * if that is still what is kept.  Takes over one reference to `body`.
 */
extern void
cs_answer_cache_refine(const CsKey *key, dsa_pointer raw, dsa_pointer body);

/*
 * Forgets the replies bought at a server, NULL: at any, with an account, NULL:
 * with any.  Returns how many.
 */
extern int64 cs_answer_cache_clear(const CsKey *server, const CsKey *account);

/* Counts the replies about a subject; or forgets them, and wipes them once nobody
 * reads them any more.  Do not raise. */
extern int64 cs_answer_cache_count(const CsKey *subject);
extern int64 cs_answer_cache_forget(const CsKey *subject);

/* Forgets what is expired, a part of the table at a time. */
extern void cs_answer_cache_expire(void);

/* How full the cache is, and what went out of it since the last reset. */
typedef struct CsCacheView
{
	int		  entries;
	int		  most_entries;
	int64	  bytes;
	uint64	  stored;
	uint64	  expired; /* left when their time was over */
	uint64	  evicted; /* made room for others before that */
	int64	  largest; /* bytes of a body, kept or not */
	CsInstant evicted_at;
	bool	  presses; /* of late, every tenth reply pushed out a fresh one */
} CsCacheView;

extern void cs_answer_cache_view(CsCacheView *view);
extern void cs_answer_cache_reset(void);

#endif /* CS_ANSWER_CACHE_H */
