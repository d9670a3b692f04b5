/*-------------------------------------------------------------------------
 * error.h
 *	  From an error code to what PostgreSQL reports.
 *------------------------------------------------------------------------- */
#ifndef CS_ERROR_H
#define CS_ERROR_H

#include "postgres.h"

#include "base/core.h"
#include "pg/compat.h"

extern int cs_error_sqlstate(CsErrorCode code);

/* Of a request that was cancelled before anybody asked it: no question's code. */
#define CS_ERROR_CANCELLED MAKE_SQLSTATE('C', 'S', '4', '1', '0')

/*
 * May the same question be asked again later, without the risk of paying twice?
 * What concerns all questions, and not this one, is free and ends with its cause.
 */
extern bool cs_error_retryable(CsErrorCode code);

/*
 * Does it concern one question, so that the next may go well?  A failure of
 * the log-in concerns all, whatever its code.
 */
extern bool cs_error_about_subject(CsErrorCode code);

/* The same by the SQLSTATE of a report; a cancelled request is one, too. */
extern bool cs_error_state_about_subject(int sqlstate);

/*
 * ereport of a failure; returns when elevel is below ERROR.  detail may be
 * NULL; a NULL hint is the code's own.
 */
extern void cs_error_raise(int elevel, CsErrorCode code, const char *message,
						   const char *detail, const char *hint);

/* ereport(ERROR) of what was refused before any call. */
pg_noreturn extern void
cs_error_raise_early(const CsError *error, const char *hint);

#endif /* CS_ERROR_H */
