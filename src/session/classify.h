/*-------------------------------------------------------------------------
 * classify.h
 *	  What a settled question means: an answer as jsonb, or which failure.
 *------------------------------------------------------------------------- */
#ifndef CS_CLASSIFY_H
#define CS_CLASSIFY_H

#include "postgres.h"

#include "pg/error.h"
#include "session/memo.h"
#include "session/question.h"
#include "settings/settings.h"
#include "shared/answer_cache.h"
#include "shared/slots.h"

/* What was asked, as far as an answer's reader needs it. */
typedef struct CsAbout
{
	const CsEndpoint *endpoint;
	const CsSettings *settings;
	const char		 *subject; /* normalised */
	const CsPair	 *secrets; /* arguments to be kept out of failures */
	int				  nsecrets;
} CsAbout;

/* Reads an outcome and keeps what it means in the MEMO; body may be invalid. */
extern void
cs_classify_store(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
				  const CsOutcome *outcome, dsa_pointer body);

/*
 * The same for a reply from the cache, if it is fresh: an answer, or a definite
 * refusal of the subject, within `max_age_ms` and the answer's own limit.
 * False: it does not serve, and the MEMO is unchanged.  The first reader of an
 * answer puts its jsonb into the cache for the next.
 */
extern bool cs_classify_cached(CsScope *scope, CsMemoEntry *entry,
							   const CsAbout *about, const CsCached *cached);

/* Keeps in the MEMO that a question was not asked, see credscore.mode. */
extern void cs_classify_not_asked(CsScope *scope, CsMemoEntry *entry,
								  const CsAbout *about);

/* The failure that bytes of the MEMO stand for. */
extern CsFailure *cs_classify_failure(const void *bytes);

/*
 * The detail of a failure: what is known, then what was asked, the subject
 * masked; http_status 0: none.
 */
extern char *
cs_classify_detail(const CsEndpoint *endpoint, const char *server,
				   const char *subject, const char *detail, int http_status);

#endif /* CS_CLASSIFY_H */
