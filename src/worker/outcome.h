/*-------------------------------------------------------------------------
 * outcome.h
 *	  What has come, and what it makes of rows and their entries.
 *------------------------------------------------------------------------- */
#ifndef CS_OUTCOME_H
#define CS_OUTCOME_H

#include "worker/job.h"
#include "worker/schedule.h"

/* What an entry's `lost` says. */
enum
{
	CS_LOST_NOTHING,
	CS_LOST_CALL, /* a call may have been accepted */
	CS_LOST_NAME  /* it was, and the name is not known */
};

/* Reads what is settled.  Within a transaction; does not raise. */
extern void cs_outcome_collect(void);

/*
 * A row of a job is as it was before, to be looked at again in so long.  `left`:
 * a call left for it, which counts as an attempt.
 */
extern void cs_outcome_take_back(CsJob *job, const CsQueueRow *row,
								 CsEntry *entry, bool left, int again_ms);

/*
 * A row whose role may not ask: it fails.  What was paid for has expired, or has
 * the answer that there was by then.
 */
extern void cs_outcome_refused(CsJob *job, const CsQueueRow *row,
							   CsEntry *entry, const CsJobRefusal *refusal);

/* A row of a job that is in doubt: it ends as unknown, and was not asked. */
extern void
cs_outcome_in_doubt(CsJob *job, const CsQueueRow *row, CsEntry *entry);

/* A row that nobody will ever know of. */
extern void
cs_outcome_unknown(CsJob *job, const CsQueueRow *row, CsEntry *entry);

#endif /* CS_OUTCOME_H */
