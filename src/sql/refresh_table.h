/*-------------------------------------------------------------------------
 * refresh_table.h
 *	  The table that credscore_refresh walks, and what is said to PostgreSQL
 *	  about it.
 *
 * All of it goes through SQL with the privileges of the caller, so that row
 * level security, triggers and partitions are what they are.  Everything is
 * named with its schema: search_path does not matter.
 *------------------------------------------------------------------------- */
#ifndef CS_REFRESH_TABLE_H
#define CS_REFRESH_TABLE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/block.h"
#include "storage/itemptr.h"
#include "utils/snapshot.h"

/* What the caller named. */
typedef struct CsRefreshNames
{
	Oid			relid;
	const char *subject;
	const char *result;
	const char *age;	  /* NULL: there is no such column */
	const char *function; /* that asks, with its schema, quoted */
	bool		has_server;
} CsRefreshNames;

/* The parameters of all statements, by number. */
typedef enum CsRefreshParam
{
	CS_REFRESH_STARTED = 1, /* timestamptz: when the run began */
	CS_REFRESH_MAX_AGE,		/* interval */
	CS_REFRESH_SERVER,		/* name */
	CS_REFRESH_RELS,		/* oid[]: tables of rows */
	CS_REFRESH_TIDS,		/* tid[]: where they are in them */
	CS_REFRESH_SUBJECTS,	/* text[]: whom was asked about */
	CS_REFRESH_ANSWERS,		/* jsonb[]: what came out */
	CS_REFRESH_FROM,		/* tid: where a window begins */
	CS_REFRESH_TO,			/* tid: where it ends, not in it */
	CS_REFRESH_NPARAMS = CS_REFRESH_TO
} CsRefreshParam;

/* The statements, in the current memory context. */
typedef struct CsRefreshTable
{
	List	   *leaves; /* OIDs of the tables that hold the rows */
	const char *count;	/* how many rows are to do */
	const char *pick;	/* (tableoid, ctid) of those in a window */
	const char *ask;	/* (tableoid, ctid, subject, has an answer, outcome) */
	const char *store;	/* number of the row, of those that were written; */
						/* rows that are locked are left out, */
	const char *wait;	/* or waited for */
} CsRefreshTable;

/*
 * Checks the table and its columns, and locks it for this transaction as an
 * UPDATE does.  Raises 42809 (no table, or a foreign one among its
 * partitions), 42703, 42804.
 */
extern void
cs_refresh_table_open(const CsRefreshNames *names, CsRefreshTable *table);

/* Blocks of the longest of its tables. */
extern BlockNumber cs_refresh_table_blocks(const CsRefreshTable *table);

/*
 * Makes a row's ctid that of its latest version which the snapshot sees, as far
 * as there is a trace of it.
 */
extern void
cs_refresh_table_follow(Oid leaf, ItemPointer tid, Snapshot snapshot);

/*
 * Takes the run's locks, so that no other one works at the same column; they
 * are kept over commits.  Raises 55006, with none of them taken.
 */
extern void cs_refresh_table_lock(const CsRefreshNames *names, List *leaves);
extern void cs_refresh_table_unlock(const CsRefreshNames *names, List *leaves);

#endif /* CS_REFRESH_TABLE_H */
