/*-------------------------------------------------------------------------
 * question.h
 *	  From the arguments of a SQL function to a question.
 *------------------------------------------------------------------------- */
#ifndef CS_QUESTION_H
#define CS_QUESTION_H

#include "postgres.h"

#include "utils/dsa.h"
#include "utils/timestamp.h"

#include "settings/settings.h"
#include "shared/journal_file.h"

/* How many arguments of a question may be secret. */
#define CS_QUESTION_MAX_SECRETS 2

/* An answer in memory serves at any age that its server allows. */
#define CS_QUESTION_ANY_AGE PG_INT64_MAX

/* What a question is in the database's tables; see session/noting.h. */
typedef struct CsDigests
{
	bool  made;
	CsKey question;
	CsKey subject;
} CsDigests;

/* What to ask. */
typedef struct CsAsk
{
	const CsSettings *settings;
	const CsEndpoint *endpoint;
	bool			  cached_only; /* the role may read, not ask */
	int64		  max_age_ms; /* of an answer in memory that serves; it narrows
					 * cache_ttl and is no part of the question */
	CsArguments	  args;		  /* normalised; "subject" among them; the request
							 * id comes with the specification */
	const CsPair *secrets;	  /* those of args that no text may show */
	int			  nsecrets;
	CsDigests	 *digests; /* which are made when they are first needed */
} CsAsk;

/*
 * What identifies a question: account, endpoint and normalised arguments; the
 * request id is no part of it.  Questions of an endpoint that is not shared
 * each get a key of their own.
 */
extern void cs_question_key(CsKey *key, const CsAsk *ask);

/*
 * The specification of a question, in shared memory; among what is kept it was
 * looked for when the journal ended at looked_from; its owner frees it with
 * cs_spec_discard, or hands it on.  Raises what building the request refuses,
 * and 53200.
 */
extern dsa_pointer
cs_question_share(const CsAsk *ask, CsJournalPosition looked_from);

/* The same with a request id, a UUID, that was given to it before, for a purpose, or
 * NULL. */
extern dsa_pointer
cs_question_share_as(const CsAsk *ask, const char *request_id,
					 const char *purpose);

/* Raises what building the request refuses, and asks nothing. */
extern void cs_question_check(const CsAsk *ask);

/*
 * A time as providers read it: UTC without zone, "2023-11-17T00:00:00".
 * NULL and *err for infinity and for years outside 1 to 9999.
 */
extern char *
cs_question_utc(const char *argument, TimestampTz time, CsError *err);

#endif /* CS_QUESTION_H */
