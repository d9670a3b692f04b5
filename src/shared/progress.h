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

typedef struct CsProgress
{
	int			pid;		/* 0: this process asks nothing now */
	TimestampTz started_at; /* of its statement */
	int64		rows_total; /* as the planner expects; 0: not known */
	int64		rows_read;	/* by prefetch */
	int64		asked;		/* questions handed to the courier */
	int64		done;		/* settled of those */
	int64		in_flight;	/* waiting for their outcome */
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

/* Copies what process number `i` shows; false: nothing. */
extern bool cs_progress_read(int i, CsProgress *progress);

/* Process numbers are below this. */
extern int cs_progress_places(void);

#endif /* CS_PROGRESS_H */
