/*-------------------------------------------------------------------------
 * refresh_tally.h
 *	  What became of the rows of a run of credscore_refresh.
 *
 * Memory is the context's that the tally was begun in.
 *------------------------------------------------------------------------- */
#ifndef CS_REFRESH_TALLY_H
#define CS_REFRESH_TALLY_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum CsRefreshOutcome
{
	CS_REFRESH_ANSWER,
	CS_REFRESH_REPORT, /* what concerns this row alone */
	CS_REFRESH_REFUSAL /* what would fail every row */
} CsRefreshOutcome;

typedef struct CsRefreshTally
{
	MemoryContext cxt;
	int64		  total; /* rows that were to do when the run began */
	int64		  answered;
	int64		  reports;
	int64		  refused; /* not asked, or not stored */
	int64		  changed; /* rows that were not there any more, or others */
	int			  in_row;  /* refused since the last that was not */
	List		 *causes;  /* of what was refused: refresh_tally.c's */
} CsRefreshTally;

/* All zero, in the current memory context. */
extern void cs_refresh_tally_begin(CsRefreshTally *tally);

/* What a question came to, of which *sqlstate and *message are a refusal's. */
extern CsRefreshOutcome
cs_refresh_tally_kind(Jsonb *outcome, char **sqlstate, char **message);

/* Counts one row that was refused. */
extern void
cs_refresh_tally_refused(CsRefreshTally *tally, const char *sqlstate,
						 const char *message);

/* Rows looked at so far. */
extern int64 cs_refresh_tally_looked_at(const CsRefreshTally *tally);

/* The counts as sentences, in the current memory context. */
extern char *cs_refresh_tally_detail(const CsRefreshTally *tally);

/*
 * Raises the most frequent cause when anything was refused; returns when
 * nothing was.
 */
extern void
cs_refresh_tally_raise(const CsRefreshTally *tally, const char *table);

#endif /* CS_REFRESH_TALLY_H */
