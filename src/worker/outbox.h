/*-------------------------------------------------------------------------
 * outbox.h
 *	  What has to be written of rows: kept until it is written, or does not
 *	  apply to them any more.
 *
 * An outcome was paid for.  A row that somebody else has locked is left for the
 * next time; one that is in another state than the outcome was for, or asks with
 * another request id, has its outcome dropped, and is looked at anew.
 *------------------------------------------------------------------------- */
#ifndef CS_OUTBOX_H
#define CS_OUTBOX_H

#include "postgres.h"

#include "base/instant.h"
#include "worker/job.h"
#include "worker/schedule.h"

/* Something to be written; its texts and documents are the job's. */
typedef struct CsKept CsKept;

/*
 * A row of a job becomes `to`.  The job is the outbox's from then on, and is
 * freed, its slot collected, when nothing of it is to be written any more.
 */
extern CsKept		 *cs_outbox_add(CsJob *job, const CsQueueRow *row,
									CsRowStatus from, CsRowStatus to);
extern CsQueueChange *cs_outbox_change(CsKept *kept);

/* What becomes of the row's entry then: it goes, or is due again. */
extern void cs_outbox_ends(CsKept *kept);
extern void cs_outbox_goes_on(CsKept *kept, CsEntryState state, CsInstant due);

/* A job of which nothing is to be written. */
extern void cs_outbox_done(CsJob *job);

extern bool cs_outbox_is_empty(void);

/*
 * Writes what can be written, of so many rows, within a transaction; its commit
 * has to follow.  True: nothing had to be left for others' locks.
 */
extern bool cs_outbox_write(int most);

/*
 * The first of what is to be written cannot be written, by itself: its row
 * fails instead, with a report.
 */
extern void cs_outbox_spoil(Jsonb *report);

/*
 * That transaction has committed: entries follow what was written, slots are
 * given back.  Returns ids of rows that came to their end, palloc'd.
 */
extern int64 *cs_outbox_settle(CsSchedule *schedule, int *n);

#endif /* CS_OUTBOX_H */
