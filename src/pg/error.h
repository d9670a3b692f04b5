/*-------------------------------------------------------------------------
 * error.h
 *	  From an error code to what PostgreSQL reports.
 *------------------------------------------------------------------------- */
#ifndef CS_ERROR_H
#define CS_ERROR_H

#include "postgres.h"

#include "base/core.h"
#include "pg/compat.h"

/* Was money spent?  Said in reports as yes, no or unknown. */
typedef enum CsBilled
{
	CS_BILLED_NO,
	CS_BILLED_YES,
	CS_BILLED_UNKNOWN
} CsBilled;

/* A failed question, with all that a report says. */
typedef struct CsFailure
{
	CsErrorCode code;
	const char *message;
	const char *detail; /* NULL: none */
	const char *hint;	/* NULL: the code's own */
	const char *provider;
	const char *server;
	const char *provider_code; /* NULL: none */
	int			http_status;   /* 0: no status was received */
	int			attempts;	   /* calls sent for this question */
	CsBilled	billed;
} CsFailure;

extern int cs_error_sqlstate(CsErrorCode code);

/* May the same question succeed when asked again unchanged? */
extern bool cs_error_retryable(CsErrorCode code);

/* Is it about the subject, not about infrastructure? */
extern bool cs_error_about_subject(CsErrorCode code);

extern const char *cs_error_hint(const CsFailure *failure);
extern const char *cs_error_billed_name(CsBilled billed);

/* ereport of a failure; returns when elevel is below ERROR. */
extern void cs_error_raise(int elevel, const CsFailure *failure);

/* ereport(ERROR) of what was refused before any call. */
pg_noreturn extern void
cs_error_raise_early(const CsError *error, const char *hint);

#endif /* CS_ERROR_H */
