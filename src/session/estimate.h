/*-------------------------------------------------------------------------
 * estimate.h
 *	  An estimate: what a statement asks, counted without a call.
 *
 * While one runs nothing is asked, whatever credscore.mode says, and what
 * memory does not answer is NULL.
 *------------------------------------------------------------------------- */
#ifndef CS_ESTIMATE_H
#define CS_ESTIMATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "session/question.h"

/* The questions that one endpoint of one server is asked. */
typedef struct CsEstimateLine
{
	NameData	server;
	const char *endpoint; /* static */
	int64		questions;
	int64		free;  /* of them, those that memory answers */
	CsMoney		price; /* of each other one; 0: free, or not known */
	char		currency[CS_CURRENCY_SIZE]; /* empty: no price is known */
	bool		lacks_purpose;				/* one would be refused for that */
} CsEstimateLine;

typedef struct CsEstimate CsEstimate;

/* Starts one, in the current memory context; one within another is its own. */
extern CsEstimate *cs_estimate_begin(void);

/* Ends it.  Does not raise, and does nothing the second time. */
extern void cs_estimate_end(CsEstimate *estimate);

/* Does one run? */
extern bool cs_estimate_runs(void);

/*
 * Says which execution is estimated: what something else asks, as a function
 * inside it, is asked by code that nobody looks into.
 */
extern void cs_estimate_watch(const void *estate);

/*
 * Counts a question of the one that runs, if it is a new one; false: none runs.
 */
extern bool cs_estimate_count(const CsKey *key, const CsAsk *ask, bool free);

/* What was counted: CsEstimateLine, by server and endpoint. */
extern List *cs_estimate_lines(const CsEstimate *estimate);

/* Was anything counted that memory does not answer? */
extern bool cs_estimate_misses(const CsEstimate *estimate);

/* Did something ask that nobody looks into? */
extern bool cs_estimate_hidden(const CsEstimate *estimate);

#endif /* CS_ESTIMATE_H */
