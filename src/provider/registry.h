/*-------------------------------------------------------------------------
 * registry.h
 *	  A provider as data and pure functions.
 *
 * A provider is a table of endpoints and options plus a handful of
 * functions that build a request or read a reply.  Nothing here performs I/O
 * or keeps state.  A further provider is one new file provider/<name>.c and
 * one line in the registry at the end of this file.
 *
 * Vocabulary: a question is what SQL asked; a request is the HTTP message
 * made from it; a call is one exchange on the wire; a reply is what came
 * back; a verdict is what the reply means.
 *------------------------------------------------------------------------- */
#ifndef CS_REGISTRY_H
#define CS_REGISTRY_H

#include "provider/template.h"
#include "provider/token.h"
#include "provider/verdict.h"

typedef enum CsOptionPlace
{
	CS_ON_SERVER,
	CS_ON_MAPPING
} CsOptionPlace;

typedef struct CsOption
{
	const char	 *name;
	CsOptionPlace place;
	bool		  secret;			  /* also offered as <name>_file */
	const char	 *default_value;	  /* NULL: none */
	const char	 *expects;			  /* "a lower-case country name such as
								 * nigeria": for error messages */
	bool (*check)(const char *value); /* NULL: any non-empty text */
} CsOption;

typedef struct CsEndpoint
{
	const char *name; /* "decision", "lac", "statement", ... */
	CsMethod	method;
	CsFee		fee;
	bool		shared;		  /* same question, same answer: may be shared */
	const char *subject_name; /* "phone", "msisdn", "ref": for messages */

	/*
	 * NULL, or the endpoint that reads what this one would create and the
	 * provider refuses with 409, since it exists.  name_existing gives the
	 * subject for it, of CS_SUBJECT_SIZE bytes; args are those of the create.
	 */
	const char *existing;
	CsStatus (*name_existing)(const CsArguments *args, char *out,
							  CsError *err);

	/* NULL, or the members, up to a NULL, of which the first text is what the
	 * provider calls its answer, as on an invoice; never what names a subject. */
	const char *const *reference;

	/* Checks and rewrites a subject.  out has CS_SUBJECT_SIZE bytes. */
	CsStatus (*normalise)(const CsAccount *account, const char *subject,
						  char *out, CsError *err);

	/*
	 * NULL, or whether a reply of status 2xx is an answer beyond doubt, so
	 * that the courier need not read it.  Else it reads short ones, to see
	 * refusals in disguise: an envelope that disagrees with HTTP is short.
	 */
	bool (*plainly_answers)(const CsReply *reply);

	/* Builds the request, all but the credentials. */
	CsStatus (*build)(const CsAccount *account, const CsArguments *args,
					  CsRequest *request, CsError *err);

	/*
	 * Reads a reply.  root is the parsed body, NULL when the body is empty,
	 * null or could not be parsed; parse_error then says why (NULL for an
	 * empty body).  Status 2xx without a readable body is never an answer.
	 * args are those the request was built from (args->request_id included):
	 * a reply that names another subject or request id is not understood.
	 * Without them (the courier looks at status and envelope only) no reply
	 * is refused for that.
	 */
	void (*classify)(const CsAccount *account, const CsArguments *args,
					 const CsReply *reply, struct json_object *root,
					 const CsError *parse_error, CsVerdict *verdict);
} CsEndpoint;

#define CS_SUBJECT_SIZE 256

#define CS_MAX_CREDENTIALS 2

/* Options of a user mapping that serve as credentials when all are there. */
typedef struct CsCredentials
{
	const char *names[CS_MAX_CREDENTIALS + 1]; /* up to a NULL */
} CsCredentials;

/* Pause before the first poll, the longest after doubling, and the whole. */
typedef struct CsPolling
{
	int interval;
	int interval_max;
	int deadline;
} CsPolling;

typedef struct CsProvider
{
	const char		 *name;
	const char		 *title; /* "Pngme", for messages */
	const char		 *default_base_url;
	const CsOption	 *options;	 /* ends with a NULL name */
	const CsEndpoint *endpoints; /* ends with a NULL name */

	/* Server options that must be there, up to a NULL; NULL: none. */
	const char *const *required;

	/* Server options that say where requests go, as base_url does: likewise. */
	const char *const *addresses;

	/* How what is pending is asked for, in milliseconds, where the server's
	 * options do not say. */
	CsPolling polling;

	/* One of these must be there; ends with one that has no name. */
	const CsCredentials *credentials;

	/* Are the credentials fit?  CS_ERR_MAPPING_VALUE names what is not.  For a
	 * complete account. */
	CsStatus (*check_account)(const CsAccount *account, CsError *err);

	/* NULL: no.  Do calls need a token, which a log-in gives?  It goes out
	 * as Authorization: Bearer. */
	bool (*needs_login)(const CsAccount *account);

	/* When they do not: appends the header that says who calls, "Name:
	 * value\n".  NULL when every account logs in. */
	CsStatus (*put_credentials)(const CsAccount *account, CsBuf *headers,
								CsError *err);

	/* Builds the log-in request.  NULL when there is no log-in. */
	CsStatus (*build_login)(const CsAccount *account, CsRequest *request,
							CsError *err);

	/*
	 * Reads a log-in reply of status 2xx.  `now` is Unix seconds.  expires_at
	 * comes from the token's own exp, else expires_in, else expires_at, else
	 * the documented lifetime; no skew is subtracted here.
	 * account holds only the non-secret options here.
	 */
	CsStatus (*read_login)(const CsAccount *account, const CsReply *reply,
						   int64_t now, CsToken *token, CsError *err);
} CsProvider;

/* The registry.  cs_registry_at returns NULL beyond the last. */
extern const CsProvider *cs_registry_by_name(const char *name);
extern const CsProvider *cs_registry_at(int index);
extern int				 cs_registry_index(const CsProvider *provider);
extern int				 cs_registry_endpoint_index(const CsProvider *provider,
													const CsEndpoint *endpoint);
extern const CsEndpoint *
cs_registry_endpoint(const CsProvider *provider, const char *name);

/*
 * Are the options complete?  CS_ERR_SERVER_LACKS and CS_ERR_MAPPING_LACKS name
 * what is missing.  Only pairs of the account are looked at.
 */
extern CsStatus
cs_registry_check_server(const CsProvider *provider, const CsAccount *account,
						 CsError *err);
extern CsStatus
cs_registry_check_mapping(const CsProvider *provider, const CsAccount *account,
						  CsError *err);

/* Is any of the provider's credentials there? */
extern bool cs_registry_has_credential(const CsProvider *provider,
									   const CsAccount	*account);

/* All of it: complete, and fit. */
extern CsStatus
cs_registry_check_account(const CsProvider *provider, const CsAccount *account,
						  CsError *err);

/* CS_ERR_MAPPING_VALUE unless a credential that is there fits a header. */
extern CsStatus cs_registry_check_credential(const CsAccount *account,
											 const char *name, CsError *err);

/*
 * What providers share whose accounts are a client_id and a client_secret, and
 * log in for a day with them (RFC 6749 section 4.4): members of a CsProvider.
 */
extern const CsCredentials cs_registry_client[];
extern CsStatus
			cs_registry_check_client(const CsAccount *account, CsError *err);
extern bool cs_registry_client_logs_in(const CsAccount *account);
extern CsStatus
cs_registry_read_client_login(const CsAccount *account, const CsReply *reply,
							  int64_t now, CsToken *token, CsError *err);

/*
 * What a complete reply stands for, as far as can be told without knowing the
 * question: code and effective status of the verdict.  A reply that plainly
 * answers is not read.
 */
extern void cs_registry_judge(const CsEndpoint *endpoint, const CsReply *reply,
							  CsErrorCode *code, int *status);

/* Is it the name of an option that says where requests go? */
extern bool
cs_registry_is_address(const CsProvider *provider, const char *name);

/* A check for CsOption: an absolute path without query. */
extern bool cs_registry_check_path(const char *value);

/*
 * The registry: one line per provider; its file <name>.c defines
 * cs_<name>.
 */
#define CS_PROVIDERS \
	CS_PROVIDER(pngme) \
	CS_PROVIDER(lenderlink) \
	CS_PROVIDER(patascore) \
	CS_PROVIDER(weza)

#define CS_PROVIDER(name) extern const CsProvider cs_##name;
CS_PROVIDERS
#undef CS_PROVIDER

/* What the provider calls the answer that a reply is; "": it does not say. */
extern const char *
cs_registry_reference(const CsEndpoint *endpoint, struct json_object *root);

#endif /* CS_REGISTRY_H */
