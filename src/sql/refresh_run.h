/*-------------------------------------------------------------------------
 * refresh_run.h
 *	  A run of credscore_refresh: its transactions and statements.
 *
 * Memory: `cxt` lives as long as the run, `xact` until the next commit,
 * `chunk` until the next chunk.
 *------------------------------------------------------------------------- */
#ifndef CS_REFRESH_RUN_H
#define CS_REFRESH_RUN_H

#include "postgres.h"

#include "utils/tuplestore.h"

#include "sql/refresh_table.h"
#include "sql/refresh_tally.h"

typedef struct CsRefreshRun
{
	MemoryContext  cxt;
	MemoryContext  xact;
	MemoryContext  chunk;
	CsRefreshNames names;
	CsRefreshTable table; /* as it is in this transaction */
	CsRefreshTally tally;
	ErrorData	  *error; /* what ends the run, once all is stored; or NULL */
	int			   chunk_rows;
	Datum		   values[CS_REFRESH_NPARAMS]; /* by number less one */
	bool		   nulls[CS_REFRESH_NPARAMS];
} CsRefreshRun;

extern void
cs_refresh_run_set(CsRefreshRun *run, CsRefreshParam param, Datum value);

/* Sets an array parameter, made of `n` values of a type that is not NULL. */
extern void cs_refresh_run_set_array(CsRefreshRun *run, CsRefreshParam param,
									 Datum *values, int n);

/*
 * Runs a statement with the parameters as they are set.  Its rows go into
 * `rows`, detoasted; NULL: they are thrown away.
 */
extern void
cs_refresh_run_sql(CsRefreshRun *run, const char *sql, Tuplestorestate *rows);

/*
 * The same for a statement that finds its rows by their place: so that the
 * planner never reads a whole table for a chunk of it, with all its answers.
 */
extern void cs_refresh_run_by_place(CsRefreshRun *run, const char *sql,
									Tuplestorestate *rows);

/*
 * Does `work(run, arg)` in a subtransaction.  NULL: it went well; else what was
 * raised, in `cxt`, with its effects undone.
 */
extern ErrorData *
cs_refresh_run_try(CsRefreshRun *run,
				   void (*work)(CsRefreshRun *run, void *arg), void *arg);

/*
 * Commits, and looks at the table again.  A transaction of a run reads what is
 * committed, whatever default_transaction_isolation says.
 */
extern void cs_refresh_run_commit(CsRefreshRun *run);

#endif /* CS_REFRESH_RUN_H */
