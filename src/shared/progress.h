/*-------------------------------------------------------------------------
 * progress.h
 *	  How far the running statements that ask have come.
 *
 * One place per process in shared memory, written by that process alone.
 *------------------------------------------------------------------------- */
#ifndef CS_PROGRESS_H
#define CS_PROGRESS_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* What a batch of many statements is at. */
typedef enum CsProgressPhase
{
	CS_PROGRESS_NO_BATCH,
	CS_PROGRESS_COUNTING,
	CS_PROGRESS_ASKING,
	CS_PROGRESS_STORING
} CsProgressPhase;

typedef struct CsProgress
{
	int			pid;		/* 0: this process asks nothing now */
	TimestampTz started_at; /* of its statement */
	int64		rows_total; /* as the planner expects; 0: not known */
	int64		rows_read;	/* by prefetch */
	int64		asked;		/* questions handed to the courier */
	int64		done;		/* settled of those */
	int64		in_flight;	/* waiting for their outcome */

	/* Of a batch, over all its statements; the numbers above are the present
	 * one's. */
	CsProgressPhase phase;
	int64			batch_total; /* rows to do; 0: not known */
	int64			batch_done;	 /* rows that were looked at */
} CsProgress;

extern void cs_progress_init(void);

/*
 * Shows this process' statement; the counts are of all it asked so far.  The
 * first call after cs_progress_clear begins a statement.  Cheap: some stores.
 */
extern void cs_progress_set(int64 asked, int64 done, int64 in_flight);

/*
 * Counts rows that are expected to be read ahead, and those that were; shown
 * once the statement asks.
 */
extern void cs_progress_expect_rows(int64 rows);
extern void cs_progress_add_rows(int64 rows);

/* The statement is over.  Never raises; harmless when nothing was set. */
extern void cs_progress_clear(void);

/*
 * Shows a batch, also while none of its statements asks.  The first call begins
 * it.  Whoever began it ends it, also after an error.
 */
extern void cs_progress_batch(CsProgressPhase phase, int64 total, int64 done);
extern void cs_progress_batch_end(void);

/* Copies what process number `i` shows; false: nothing. */
extern bool cs_progress_read(int i, CsProgress *progress);

/* Process numbers are below this. */
extern int cs_progress_places(void);

#endif /* CS_PROGRESS_H */
