/*-------------------------------------------------------------------------
 * job.h
 *	  A question of the queue on its way: what is asked for one or more rows,
 *	  and what its outcome makes of them.
 *
 * Rows that ask the same are one job.  It lives in a memory context of its own,
 * and holds the settings it was prepared with; its slot is the first row's.
 *------------------------------------------------------------------------- */
#ifndef CS_JOB_H
#define CS_JOB_H

#include "postgres.h"

#include "base/instant.h"
#include "provider/registry.h"
#include "session/question.h"
#include "settings/settings.h"
#include "store/queue_work.h"
#include "store/unknown.h"

/* Why it is asked. */
typedef enum CsJobKind
{
	CS_JOB_ASK,	 /* the rows are `asking`: this is what is paid for */
	CS_JOB_POLL, /* they are `pending`: a free look */
	CS_JOB_READ	 /* they are `asking`, and nobody knows whether a call left */
} CsJobKind;

#define CS_JOB_KEY_SIZE 16

typedef struct CsJob
{
	MemoryContext	  cxt;
	CsJobKind		  kind;
	uint16			  lane;
	const CsSettings *settings; /* held; NULL: not known yet */
	const CsEndpoint *endpoint;
	char			  subject[CS_SUBJECT_SIZE]; /* of this question */
	int				  slot;						/* -1: none yet */
	bool			  flying;					/* its lane counts it */
	int				  faults;	  /* how often its outcome could not be read */
	TimestampTz		  started_at; /* when it was handed over */
	CsInstant		  read_at;	  /* its outcome is not read before */
	int				  unwritten;  /* changes in the outbox */
	bool			  in_doubt;	  /* it was not handed over, since of */
	CsUnknownCall	  unknown;	  /* this call nobody knows what came */
	const char		 *page_token; /* READ: of the next page; NULL: the first */
	int				  nrows;
	CsQueueRow		 *rows; /* the first is the one that is asked about */
	uint8			  key[CS_JOB_KEY_SIZE]; /* of the question */
} CsJob;

/* What is to be done with a job's rows. */
typedef enum CsJobEnd
{
	CS_JOB_OVER, /* changes are written, the rows are done with or pending */
	CS_JOB_NOT_NOW, /* nothing was billed: to be asked again later */
	CS_JOB_LOST,	/* it may have been accepted; asked again, that shows */
	CS_JOB_EXISTS,	/* it was accepted before: read which it is */
	CS_JOB_UNSEEN	/* READ: it is not to be seen yet */
} CsJobEnd;

typedef struct CsJobResult
{
	CsJobEnd	end;
	CsRowStatus to;			  /* OVER: what the rows become */
	const char *provider_ref; /* or NULL */
	Jsonb	   *result;		  /* or NULL */
	Jsonb	   *error;		  /* why there is no answer; or NULL */
	bool		left;		  /* NOT_NOW: a call left, and was refused */
	bool		cached;		  /* an answer in memory, no call of this job */
	bool		young;		 /* pending with an answer that may still change */
	int			again_ms;	 /* pending: when to look again; NOT_NOW likewise,
							   * 0: as one likes */
	bool		said;		 /* the provider says so: neither more nor less */
	int			deadline_ms; /* pending, from now on; 0: as it was */
	const char
		*next_page; /* UNSEEN: the token of a page to look at; or NULL */
} CsJobResult;

/* Makes a job of a row that is claimed, or to be looked at; it is copied. */
extern CsJob *cs_job_create(CsJobKind kind, const CsQueueRow *row,
							const uint8 *key, uint16 lane);

/* Another row that asks the same, in the same state: it shares the outcome. */
extern void cs_job_join(CsJob *job, const CsQueueRow *row);
extern void cs_job_free(CsJob *job);

typedef enum CsJobStart
{
	CS_JOB_STARTED,
	CS_JOB_NO_ROOM,	 /* no slot, or no memory: try again */
	CS_JOB_IN_DOUBT, /* an earlier call may have been billed: `unknown` */
	CS_JOB_UNFIT,  /* server or mapping lack what a person has to give them */
	CS_JOB_REFUSED /* its role may not ask: *refusal says why */
} CsJobStart;

/* Why nothing is asked for a role. */
typedef struct CsJobRefusal
{
	int			sqlstate;
	const char *message;
	const char *detail; /* or NULL */
} CsJobRefusal;

/*
 * Hands a job over, as the requester of its first row: whether that may still
 * ask is looked at anew in each transaction, which cs_job_rights() begins.
 * Never raises but for what ends the worker.
 */
extern void		  cs_job_rights(void);
extern CsJobStart cs_job_start(CsJob *job, CsJobRefusal *refusal);

/*
 * Does an earlier call of which nobody knows what came of it keep it from being
 * asked?  Then `unknown` is that.  A row that a person has put back though its own
 * was unknown is asked.  Within a transaction, as the requester; may raise.
 */
extern bool cs_job_is_in_doubt(CsJob *job, const CsAsk *ask, const CsKey *key);

/*
 * Settings for a job whose slot a former worker filled: *gone: nobody has any
 * more, since role or server were dropped; false: there are none at present.
 */
extern bool cs_job_resolve(CsJob *job, bool *gone);

/* What a requester's settings say, as far as one wants to know it of a row. */
#define CS_JOB_PACE_SAID (-1)

typedef struct CsJobMeans
{
	CsPolling pace;	   /* of polls, as the server's options and its provider
						* have it; interval CS_JOB_PACE_SAID: as the last
						* answer says */
	bool	  known;   /* there is an account */
	CsKey	  account; /* which serves the row */
} CsJobMeans;

extern void cs_job_means(const CsQueueRow *row, CsJobMeans *means);

/*
 * What makes rows one question: all of it, and the account that serves it, so
 * that roles of one mapping share it.
 */
extern void cs_job_key(const CsQueueRow *row, const CsJobMeans *means,
					   uint8 out[CS_JOB_KEY_SIZE]);

/*
 * May a call of a row's server leave at present?  Else *wait_ms says in how long
 * at the least, 0: nobody knows.  Within a transaction.
 */
extern bool cs_job_fits(const CsQueueRow *row, int *wait_ms);

/*
 * May a row share what asks under this key?  Its requester must have the right to
 * ask, and the key be what it is now.  Within a transaction.
 */
extern bool cs_job_may_share(const CsQueueRow *row, const uint8 *key);

extern int cs_job_poll_deadline(const CsSettings *settings);

/* Which of a row's calls it is: of a job of this kind, as the row is now. */
extern uint64 cs_job_tag(CsJobKind kind, const CsQueueRow *row);

/* The request id that its calls carry, as text. */
#define CS_JOB_UUID_SIZE 37
extern void cs_job_request_id(const CsJob *job, char out[CS_JOB_UUID_SIZE]);

/* A text member of a row's arguments, in UTF-8, palloc'd; NULL: there is none. */
extern char *cs_job_argument(const CsQueueRow *row, const char *name);

/* Reads the outcome in its slot, which stays.  Within a transaction; may raise. */
extern void cs_job_read(CsJob *job, CsJobResult *result);

#endif /* CS_JOB_H */
