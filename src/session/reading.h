/*-------------------------------------------------------------------------
 * reading.h
 *	  What a reply means: an answer as jsonb, or which failure.
 *------------------------------------------------------------------------- */
#ifndef CS_READING_H
#define CS_READING_H

#include "postgres.h"

#include "session/failure.h"
#include "shared/answer_cache.h"

/* Reads an outcome and keeps what it means in the MEMO; body may be invalid. */
extern void
cs_reading_store(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
				 const CsOutcome *outcome, dsa_pointer body);

/*
 * The same for a reply from the cache, if it is fresh: an answer, or a definite
 * refusal of the subject, within `max_age_ms` and the answer's own limit.
 * False: it does not serve, and the MEMO is unchanged.  The first reader of an
 * answer puts its jsonb into the cache for the next.
 */
extern bool cs_reading_cached(CsScope *scope, CsMemoEntry *entry,
							  const CsAbout *about, const CsCached *cached);

/*
 * Frees what the latest reading left.  That takes long enough to wait for a
 * moment in which a session has nothing to do; a scope that ends is one.  Never
 * raises.
 */
extern void cs_reading_tidy(void);

#endif /* CS_READING_H */
