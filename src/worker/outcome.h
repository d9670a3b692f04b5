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

/* Reads what is settled. */
extern void cs_outcome_collect(void);

/* Nothing left: a row of a job is as it was before, and has used up no attempt. */
extern void
cs_outcome_take_back(CsJob *job, const CsQueueRow *row, CsEntry *entry);

/* A row that nobody will ever know of. */
extern void
cs_outcome_unknown(CsJob *job, const CsQueueRow *row, CsEntry *entry);

#endif /* CS_OUTCOME_H */
