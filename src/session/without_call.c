/*-------------------------------------------------------------------------
 * without_call.c
 *	  What a question comes to when no call is made for it.
 *
 * In this order: what this statement's planner has asked already; a fresh outcome
 * in shared memory; an answer that is kept; and then what forbids a call, an
 * estimate, `cached_only`, credscore.mode, a purpose that is missing, or an
 * earlier call of which nobody knows whether it was billed.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/without_call.h"

#include "pg/guc.h"
#include "session/doubt.h"
#include "session/estimate.h"
#include "session/kept.h"
#include "session/noting.h"
#include "session/permit.h"
#include "session/planned.h"
#include "session/reading.h"
#include "shared/answer_cache.h"
#include "shared/reply.h"
#include "shared/stats.h"

/*
 * CACHE: is a fresh outcome there?  What comes later, while the question waits
 * to be taken, is younger than any age that was asked for.
 */
static bool
answer_from_cache(CsScope *scope, CsMemoEntry *entry, const CsAsk *ask,
				  CsOrigin *origin)
{
	CsAbout	 about = cs_failure_about(ask);
	int		 ttl = (int) Min(ask->settings->limits.cache_ttl, ask->max_age_ms);
	CsCached cached;
	volatile bool fresh = false;

	if (ttl == 0 || !ask->endpoint->shared ||
		!cs_answer_cache_find(&entry->key, ttl, 0, &cached))
		return false;
	PG_TRY();
	{
		fresh = cs_reading_cached(scope, entry, &about, &cached);
		*origin = cs_origin_of_outcome(&cached.outcome);
	}
	PG_FINALLY();
	{
		cs_reply_release(cached.body);
	}
	PG_END_TRY();
	return fresh;
}

/* Somebody's call, before, has answered it; an estimate has it for free. */
static void
count_served(const CsMemoEntry *entry, const CsAsk *ask,
			 const CsOrigin *origin, void (*count)(const CsKey *server))
{
	if (cs_estimate_count(&entry->key, ask, true))
		return;
	count(&ask->settings->server_key);
	cs_noting_reused(ask, origin);
}

bool
cs_without_call(CsScope *scope, CsMemoEntry *entry, const CsAsk *ask,
				CsAskStats *stats)
{
	CsAbout		  about = cs_failure_about(ask);
	CsOrigin	  origin;
	CsUnknownCall unknown;

	if (cs_planned_take(scope, entry))
		return true;
	if (answer_from_cache(scope, entry, ask, &origin))
	{
		count_served(entry, ask, &origin, cs_stats_cache_hit);
		if (stats != NULL)
			cs_ask_stats_hit(stats, ask);
		return true;
	}
	if (cs_kept_answer(scope, entry, ask, &origin))
	{
		count_served(entry, ask, &origin, cs_stats_kept_hit);
		if (stats != NULL)
			cs_ask_stats_kept(stats, ask);
		return true;
	}
	if (cs_estimate_count(&entry->key, ask, false) || ask->cached_only ||
		cs_guc_mode() == CS_MODE_CACHED)
	{
		if (stats != NULL)
			cs_ask_stats_would(stats, ask);
		cs_failure_not_asked(scope, entry, &about, ask->cached_only);
		return true;
	}
	if (cs_permit_lacks_purpose(ask->settings))
	{
		cs_failure_without_purpose(scope, entry, &about);
		return true;
	}
	if (!cs_doubt_blocks(ask, &unknown))
		return false;
	cs_failure_in_doubt(scope, entry, &about, &unknown);
	return true;
}
