/*-------------------------------------------------------------------------
 * failure.h
 *	  A question that has no answer: what is said of it, and kept in the MEMO.
 *------------------------------------------------------------------------- */
#ifndef CS_FAILURE_H
#define CS_FAILURE_H

#include "postgres.h"

#include "pg/error.h"
#include "provider/billing.h"
#include "session/memo.h"
#include "session/question.h"
#include "settings/settings.h"
#include "shared/reply.h"
#include "store/unknown.h"

/* What was asked, as far as an answer's reader needs it. */
typedef struct CsAbout
{
	const CsEndpoint *endpoint;
	const CsSettings *settings;
	const char		 *subject; /* normalised */
	const CsPair	 *secrets; /* arguments to be kept out of failures */
	int				  nsecrets;
} CsAbout;

/* The same of a question; everything stays the question's. */
extern CsAbout cs_failure_about(const CsAsk *ask);

/* A failed question, with all that a report says. */
typedef struct CsFailure
{
	CsErrorCode code;
	const char *message;
	const char *detail; /* NULL: none */
	const char *hint;	/* NULL: the code's own; says what to change */
	const char *provider;
	const char *server;
	const char *provider_code; /* NULL: none */
	int			http_status;   /* 0: no status was received */
	int			attempts;	   /* calls sent for this question */
	bool		from_login;	   /* so that every question fails with it */
	CsBilled	billed;
} CsFailure;

/* Why a question got no reply that could be read, and why a reply is no answer;
 * palloc'd. */
extern CsFailure *
cs_failure_from_outcome(const CsAbout *about, const CsOutcome *outcome);
extern CsFailure *
cs_failure_from_reply(const CsAbout *about, const CsOutcome *outcome,
					  const CsVerdict *verdict);

/* Keeps why a question got no reply that could be read. */
extern void
cs_failure_of_outcome(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					  const CsOutcome *outcome);

/* Keeps why a reply is no answer. */
extern void
cs_failure_of_reply(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					const CsOutcome *outcome, const CsVerdict *verdict);

/*
 * Keeps in the MEMO that a question was not asked: because the role is a
 * reader, or because of credscore.mode.
 */
extern void cs_failure_not_asked(CsScope *scope, CsMemoEntry *entry,
								 const CsAbout *about, bool reader);

/* Likewise, because its server wants to know what for. */
extern void cs_failure_without_purpose(CsScope *scope, CsMemoEntry *entry,
									   const CsAbout *about);

/* Likewise, because nobody knows what came of an earlier call. */
extern void
cs_failure_in_doubt(CsScope *scope, CsMemoEntry *entry, const CsAbout *about,
					const CsUnknownCall *call);

/* What is said of that call; palloc'd. */
extern char *cs_failure_doubt(const CsUnknownCall *call);

/* The first of these of a request, which raises. */
pg_noreturn extern void cs_failure_no_request(const char *server);

/* The failure that bytes of the MEMO stand for. */
extern CsFailure *cs_failure_fetch(const void *bytes);

/* Raise why nothing is asked: the statement has asked so many; a standby. */
pg_noreturn extern void cs_failure_beyond_limit(int limit);
pg_noreturn extern void cs_failure_on_standby(void);

/* ereport of a failure; returns when elevel is below ERROR. */
extern void cs_failure_raise(int elevel, const CsFailure *failure);

/*
 * The detail of a failure: what is known, then what was asked, the subject
 * masked; http_status 0: none.
 */
extern char *
cs_failure_detail(const CsEndpoint *endpoint, const char *server,
				  const char *subject, const char *detail, int http_status);

#endif /* CS_FAILURE_H */
