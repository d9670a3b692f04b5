/*-------------------------------------------------------------------------
 * work.h
 *	  What the files of a worker share: its schedule, its jobs, its transactions.
 *------------------------------------------------------------------------- */
#ifndef CS_WORK_H
#define CS_WORK_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "worker/job.h"
#include "worker/schedule.h"

/* What could not be had is tried again after so long. */
#define CS_WORK_AGAIN_MS 1000

typedef struct CsWork
{
	CsSchedule	 *schedule;
	List		 *jobs;		  /* on their way, in TopMemoryContext */
	List		 *to_start;	  /* jobs that follow from others, likewise */
	int64		  read_from;  /* look at all: rows from this id on; 0: done */
	bool		  away;		  /* the database is not at home here any more */
	bool		  locked;	  /* the last fault was that somebody has a lock */
	CsInstant	  not_before; /* nothing is tried before: something failed */
	MemoryContext cxt;		  /* of a turn */
} CsWork;

extern CsWork cs_work;

/*
 * Does something in a transaction, which waits for no lock, and commits it; what
 * it allocates lives for the turn.  False: it failed, which was logged, unless
 * somebody had locked the table.
 */
typedef void (*CsWorkStep)(void *argument);

extern bool cs_work_do(CsWorkStep step, void *argument);

/* A job is on its way. */
extern void cs_work_keep(CsJob *job);

extern CsInstant cs_work_after(int64 ms);

/* What entries and rows of a kind of job are in while it is on its way. */
extern CsEntryState cs_work_entry_state(CsJobKind kind);
extern CsRowStatus	cs_work_status(CsJobKind kind);

extern void cs_work_look_later(CsEntry *entry, CsInstant due);

/* Give a row's entry another state, and take it out, if it is there. */
extern void cs_work_set(int64 id, CsEntryState state, CsInstant due);
extern void cs_work_forget(int64 id);

/* The job of a kind that asks what a key says, among those; NULL: none. */
extern CsJob *cs_work_find_job(List *jobs, CsJobKind kind, const uint8 *key);

#endif /* CS_WORK_H */
