/*-------------------------------------------------------------------------
 * queue.h
 *	  The queue of requests whose answer comes later: the table
 *	  credscore.assessment.
 *
 * Sessions put rows in, look at one, cancel or retry it; the worker of the
 * database does the rest (queue_work.h).  All of it runs as the table's owner,
 * whoever asks: check the caller first.
 *------------------------------------------------------------------------- */
#ifndef CS_QUEUE_H
#define CS_QUEUE_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

typedef enum CsRowStatus
{
	CS_ROW_QUEUED,
	CS_ROW_ASKING,
	CS_ROW_PENDING,
	CS_ROW_DONE,
	CS_ROW_FAILED,
	CS_ROW_EXPIRED,
	CS_ROW_CANCELLED,
	CS_ROW_UNKNOWN
} CsRowStatus;

/* "queued" and so on. */
extern const char *cs_queue_status_name(CsRowStatus status);

/* A row; texts and documents are palloc'd. */
typedef struct CsQueueRow
{
	int64		id;
	NameData	server;
	char	   *kind;
	char	   *subject;
	Jsonb	   *arguments;
	CsRowStatus status;
	char	   *provider_ref; /* NULL: none yet */
	pg_uuid_t	request_id;
	pg_uuid_t	home; /* queue_work.h: where it was requested */
	int			attempts;
	int			answers;  /* calls of it that were answered */
	TimestampTz deadline; /* DT_NOEND: none */
	NameData	requested_by;
	char	   *purpose;  /* NULL: none was said */
	TimestampTz asked_at; /* 0: never */
	int64		asked_in; /* the life of shared memory then; 0: none known */
	int			elapsed_min; /* queue_work.h: pending, age of Pngme's user when
							  * it was asked; -1: not known */
	bool		risked; /* queue_work.h: it was put back when it was unknown */
	Jsonb	   *result; /* NULL: none */
	Jsonb	   *error;	/* likewise */
} CsQueueRow;

/* Is there such a table, so that there may be a queue? */
extern bool cs_queue_exists(void);

/* Is a transaction of this database prepared under a name? */
extern bool cs_queue_is_prepared(const char *gid);

/*
 * Puts a request into the queue for the current role; returns its id.  Only
 * server, kind, subject and arguments of `row` are looked at.
 */
extern int64 cs_queue_insert(const CsQueueRow *row);

/*
 * The row as it is committed now, whatever the snapshot of the statement; false:
 * there is none.  *own: it is there, uncommitted, from this transaction.
 */
extern bool cs_queue_look(int64 id, CsQueueRow *row, bool *own);

typedef enum CsCancelled
{
	CS_CANCEL_NO,	  /* it is over, or being asked */
	CS_CANCEL_UNSENT, /* nothing was spent */
	CS_CANCEL_PENDING /* it was paid for; nobody asks after it any more */
} CsCancelled;

/* Waits for whoever changes the row.  Of the current role's rows only. */
extern CsCancelled cs_queue_cancel(int64 id);

/*
 * Takes out of all requests about a subject, by any of its forms, an array of texts,
 * whom they are about and what came of them; open ones end.  Returns how many, and
 * the ids of those that were open, palloc'd.
 */
extern uint64 cs_queue_forget(Datum forms, int64 **open, int *nopen);
extern bool	  cs_queue_retry(int64 id);

#endif /* CS_QUEUE_H */
