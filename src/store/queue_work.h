/*-------------------------------------------------------------------------
 * queue_work.h
 *	  The queue as its worker sees it: many rows at a time, waiting for no
 *	  lock.
 *
 * Each function is one statement of the transaction that is open; a row that
 * somebody else has locked is left out of it.
 *------------------------------------------------------------------------- */
#ifndef CS_QUEUE_WORK_H
#define CS_QUEUE_WORK_H

#include "postgres.h"

#include "store/queue.h"

/*
 * Open rows with ids of a range, in their order, `limit` at most.  Returns how
 * many; *rows is palloc'd.
 */
extern int
cs_queue_work_read(int64 first, int64 last, int limit, CsQueueRow **rows);

/* Those of some ids that are open. */
extern int cs_queue_work_fetch(const int64 *ids, int n, CsQueueRow **rows);

/*
 * Claims: rows in `from` become `asking`, with one attempt more.  Returns
 * those that were claimed, as they are now.
 */
extern int cs_queue_work_claim(const int64 *ids, int n, CsRowStatus from,
							   CsQueueRow **rows);

/*
 * A queued row becomes pending as another one, which asks the same, is: with its
 * call's request id, reference, deadline and latest answer.  False: one of them is
 * in another state by now, or locked.
 */
extern bool cs_queue_work_join(int64 id, int64 other);

/* What became of a row. */
typedef struct CsQueueChange
{
	int64		id;
	pg_uuid_t	request_id; /* must be the row's */
	CsRowStatus from;		/* likewise */
	CsRowStatus to;
	pg_uuid_t	call_id;	  /* the request id from then on */
	int			attempts;	  /* added */
	int			answers;	  /* added */
	const char *provider_ref; /* NULL: as it is */
	TimestampTz deadline;	  /* 0: as it is */
	Jsonb	   *result;		  /* NULL: as it is */
	Jsonb	   *error;		  /* likewise */
	bool		done;		  /* out: it was written */
} CsQueueChange;

/* Writes what applies, and says of each whether it did. */
extern void cs_queue_work_write(CsQueueChange *changes, int n);

/* A row that cannot be worked on fails, unless it has come to an end. */
extern void cs_queue_work_fail(int64 id, Jsonb *error);

/*
 * Who most likely keeps rows or the whole table from being written: of the
 * processes that have such locks the one whose transaction is the oldest; 0:
 * there is none, as when a prepared transaction has them.
 */
extern int cs_queue_work_blocker(void);

/* NOTIFY credscore_done for a row. */
extern void cs_queue_work_notify(int64 id);

#endif /* CS_QUEUE_WORK_H */
