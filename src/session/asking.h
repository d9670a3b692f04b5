/*-------------------------------------------------------------------------
 * asking.h
 *	  The SQL functions that ask, as a table: from their arguments to what is
 *	  asked.
 *
 * The function that SQL evaluates and the prefetch that runs ahead of it take
 * the same way, so that both mean the same question.
 *------------------------------------------------------------------------- */
#ifndef CS_ASKING_H
#define CS_ASKING_H

#include "postgres.h"

#include "session/ask.h"

#define CS_ASKING_MAX_ARGUMENTS 8

typedef enum CsArgumentKind
{
	CS_ARGUMENT_TEXT,	  /* may be NULL */
	CS_ARGUMENT_REQUIRED, /* text that must not be NULL */
	CS_ARGUMENT_TIME,	  /* timestamptz; may be NULL */
	CS_ARGUMENT_MOMENT,	  /* likewise, not NULL, and sent with its offset */
	CS_ARGUMENT_FILE,	  /* bytea that must not be NULL */
	CS_ARGUMENT_JSON,	  /* jsonb that must not be NULL */
	CS_ARGUMENT_AGE		  /* interval; may be NULL; not part of the question */
} CsArgumentKind;

typedef struct CsAskingArgument
{
	const char	  *name; /* NULL ends a list */
	int			   position;
	CsArgumentKind kind;
	bool		   secret; /* wiped after use, and in no text of ours */
} CsAskingArgument;

/*
 * A SQL function that asks.  Its subject is an argument, unless `subject` says
 * what that is, or `subject_member` in which member of the argument, a JSON
 * object that goes out whole as the argument "document", it is.
 *
 * Where `by_kind` is set the first argument names the function of which provider,
 * endpoint and default server are (cs_asking_of_kind).
 */
typedef struct CsAskingFunction
{
	const char		*symbol; /* the C function's name */
	const char		*provider;
	const char		*endpoint;
	bool			 by_kind;
	int				 about;	   /* position of the subject */
	int				 server;   /* likewise of the argument */
	int				 on_error; /* likewise; -1: failures always raise */
	bool			 ahead;	   /* may be started before it is evaluated */
	CsAskingArgument arguments[CS_ASKING_MAX_ARGUMENTS];
	const char		*subject;		 /* or NULL */
	const char		*subject_member; /* or NULL */
} CsAskingFunction;

/* By the name of the C function; it must exist. */
extern const CsAskingFunction *cs_asking_by_symbol(const char *symbol);

/*
 * The function that asks for one kind of answer, as "decision".  Raises 22023 where
 * there is none.
 */
extern const CsAskingFunction *cs_asking_of_kind(const char *kind);

/*
 * The function behind an OID, if it asks and may be started ahead; else NULL.
 * Remembered per process until pg_proc changes.
 */
extern const CsAskingFunction *cs_asking_by_oid(Oid funcid);

/* Does the function behind an OID ask, ahead or not? */
extern bool cs_asking_is(Oid funcid);

/* One evaluation's arguments, made into what is asked. */
typedef struct CsAsking
{
	CsAsk		ask;
	const char *given; /* the subject as it was given */
	CsPair		pairs[CS_ASKING_MAX_ARGUMENTS];
	CsPair		secrets[CS_QUESTION_MAX_SECRETS];
	CsDigests	digests;
	char		subject[CS_SUBJECT_SIZE];
} CsAsking;

/* Is nothing asked, since an argument that says what about is NULL? */
extern bool
cs_asking_nothing(const CsAskingFunction *function, const NullableDatum *args);

/*
 * Prepares a question, where it is not one about nothing.  Secret arguments are
 * copied into the current memory context and wiped when that is reset.  CS_FAIL:
 * subject or argument is malformed, *err says how.  Raises 55000 (not preloaded),
 * 22023 (NULL where none may be, an unknown kind), 42809 (the server's provider
 * does not answer this) and what cs_settings_get raises.
 */
extern CsStatus
cs_asking_prepare(const CsAskingFunction *function, const NullableDatum *args,
				  CsAsking *asking, CsError *err);

/*
 * Adds an argument that no SQL function has; `name` and `value`, in UTF-8, must
 * outlive the asking.
 */
extern void
cs_asking_add(CsAsking *asking, const char *name, const char *value);

/*
 * Asks, waits, and gives the outcome as cs_ask_outcome does.  A question of an
 * endpoint that is not shared is removed then.
 */
extern Jsonb *cs_asking_outcome(const CsAsking *asking, CsOrigin *origin,
								CsFailure **failure);

/*
 * What a create that was refused with 409 is to be answered with: the question
 * that reads it.  False: the endpoint has none.  `existing` must stay where it is.
 */
extern bool cs_asking_existing(const CsAsking *asking, CsAsking *existing);

#endif /* CS_ASKING_H */
