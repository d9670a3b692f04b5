/*-------------------------------------------------------------------------
 * refresh_store.h
 *	  Storing what a chunk of credscore_refresh was answered.
 *------------------------------------------------------------------------- */
#ifndef CS_REFRESH_STORE_H
#define CS_REFRESH_STORE_H

#include "postgres.h"

#include "utils/tuplestore.h"

#include "sql/refresh_run.h"

/*
 * Stores and counts the rows of the statement `ask`, as far as they came.
 * Returns those whose rows others hold, in the chunk's memory.
 */
extern List *cs_refresh_store_all(CsRefreshRun *run, Tuplestorestate *rows);

/*
 * Waits for each of these, and stores it in a transaction of its own, so that
 * never two locks are held: nobody can be in a deadlock with a run.
 */
extern void cs_refresh_store_held(CsRefreshRun *run, List *held);

/* Checks that rows of the table may be stored, by storing none. */
extern void cs_refresh_store_none(CsRefreshRun *run);

#endif /* CS_REFRESH_STORE_H */
