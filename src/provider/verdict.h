/*-------------------------------------------------------------------------
 * verdict.h
 *	  What a reply means as far as its status tells, and the provider's words.
 *------------------------------------------------------------------------- */
#ifndef CS_VERDICT_H
#define CS_VERDICT_H

#include "base/core.h"
#include "provider/billing.h"
#include "provider/template.h"

struct json_object;
struct CsProvider;

/* Room for a handle; a Weza resource name and a Patascore UUID are shorter. */
#define CS_HANDLE_SIZE 256

/* What a complete reply to a question means. */
/* An answer, a failure, or CS_ERR_PROCESSING: pending, to be asked for again. */
typedef struct CsVerdict
{
	CsErrorCode code;			  /* CS_ERR_NONE: an answer */
	int			effective_status; /* HTTP status, or the envelope's when
									 * that is the worse of the two */
	int			fresh_s;		  /* an answer serves for so many seconds at
								 * most; 0: as long as the server's cache_ttl */
	bool		exists;			  /* what was to be made was there before */
	bool		over;  /* what was made has ended without an answer */
	CsError		error; /* filled unless code is CS_ERR_NONE */

	/* Pending only: by which name the provider knows it, and after how long
	 * to ask again when the reply does not say so (Retry-After). */
	char handle[CS_HANDLE_SIZE];
	int	 ask_after_ms;
} CsVerdict;

/*
 * The meaning of a status code alone, for codes that mean the same with every
 * provider (billing.c has the table).  Fills message, and as detail the provider's own words found in the body under the usual
 * names (detail, message, error_description, error, errors[] as strings or
 * objects with message), redacted.
 */
extern void
cs_verdict_from_status(const struct CsProvider *provider, int status,
					   struct json_object *root, CsVerdict *verdict);

/*
 * A status that means something else, or more, with one provider's endpoint.
 * A list of them ends with status 0.
 */
typedef struct CsStatusMeaning
{
	int			status;
	CsErrorCode code;
	const char *message; /* as in CsError */
	bool		exists;	 /* what was to be made was there before */
} CsStatusMeaning;

/*
 * Settles the verdict of a reply whose status alone decides: what
 * is no answer by `meanings` (may be NULL) and else by cs_billing_of; 2xx
 * without a readable body as not understood (or as parse_error says).
 * Returns false, with a verdict that is an answer so far, when the body has
 * to be looked at.  `status` is the effective one.
 */
extern bool
cs_verdict_by_status(const struct CsProvider *provider, CsFee fee,
					 const CsStatusMeaning *meanings, const CsArguments *args,
					 int status, struct json_object *root,
					 const CsError *parse_error, CsVerdict *verdict);

/*
 * Makes the verdict pending: the same handle may be asked for again, after so
 * long.  The effective status becomes 202, which costs nothing.
 */
extern void cs_verdict_pending(CsVerdict *verdict, const char *handle,
							   int ask_after_ms, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Makes the verdict a failure; the effective status stays. */
extern void
cs_verdict_fail(CsVerdict *verdict, CsErrorCode code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Puts the provider's own words into the verdict's detail and its code into
 * provider_code, redacted and without the subject of args (may be NULL).
 */
extern void
cs_verdict_quote(CsVerdict *verdict, const struct CsProvider *provider,
				 const CsArguments *args, struct json_object *root);

#endif /* CS_VERDICT_H */
