/*-------------------------------------------------------------------------
 * provider.h
 *	  A provider as data and pure functions.
 *
 * Layer 0.  A provider is a table of endpoints and options plus a handful of
 * functions that build a request or read a reply.  Nothing here performs I/O
 * or keeps state.  A further provider is one new file provider_<name>.c and
 * one line in the registry at the end of this file.
 *
 * Vocabulary: a question is what SQL asked; a request is the HTTP message
 * made from it; a call is one exchange on the wire; a reply is what came
 * back; a verdict is what the reply means.
 *------------------------------------------------------------------------- */
#ifndef CS_PROVIDER_H
#define CS_PROVIDER_H

#include "core.h"

struct json_object;

/* A server with its credentials, as providers see it. */
typedef struct CsAccount
{
	const char *base_url;		/* no trailing slash */
	const CsPair *pairs;		/* provider options (defaults filled in) and
								 * credentials; absent ones are absent */
	int			npairs;
} CsAccount;

/* The arguments of one question, normalised; NULL arguments are absent. */
typedef struct CsArguments
{
	const CsPair *pairs;		/* "subject" always; others by endpoint */
	int			npairs;
	const char *request_id;		/* a fresh UUID, the same over all attempts */
	const void *file;			/* upload only: the file's bytes */
	size_t		file_len;
} CsArguments;

typedef enum CsMethod
{
	CS_GET,
	CS_POST,
	CS_PATCH
} CsMethod;

/* Zero it before use; release with cs_request_free, which wipes. */
typedef struct CsRequest
{
	CsMethod	method;
	CsBuf		url;
	CsBuf		headers;		/* "Name: value\n" each; no token */
	CsBuf		body;			/* empty for GET */
} CsRequest;

extern void cs_request_free(CsRequest *request);

typedef struct CsReply
{
	int			http_status;
	const char *body;
	size_t		len;
} CsReply;

/* Longest token accepted, in bytes; JWTs seen are below 2 kB. */
#define CS_TOKEN_MAX	8192

typedef struct CsToken
{
	char		text[CS_TOKEN_MAX + 1];
	int64_t		expires_at;		/* Unix seconds, always set */
} CsToken;

/* What a complete reply to a question means. */
typedef struct CsVerdict
{
	CsErrorCode code;			/* CS_ERR_NONE: an answer */
	int			effective_status;	/* HTTP status, or the envelope's when
									 * that is the worse of the two */
	int			fresh_s;		/* an answer serves for so many seconds at
								 * most; 0: as long as the server's cache_ttl */
	CsError		error;			/* filled unless code is CS_ERR_NONE */
} CsVerdict;

typedef enum CsOptionPlace
{
	CS_ON_SERVER,
	CS_ON_MAPPING
} CsOptionPlace;

typedef struct CsOption
{
	const char *name;
	CsOptionPlace place;
	bool		secret;			/* also offered as <name>_file */
	const char *default_value;	/* NULL: none */
	const char *expects;		/* "a lower-case country name such as
								 * nigeria": for error messages */
	bool		(*check) (const char *value);	/* NULL: any non-empty text */
} CsOption;

typedef enum CsAuth
{
	CS_AUTH_IN_REQUEST,			/* build() puts the credential itself */
	CS_AUTH_TOKEN				/* courier adds Authorization: Bearer */
} CsAuth;

typedef struct CsEndpoint
{
	const char *name;			/* "decision", "lac", "statement", ... */
	CsMethod	method;
	CsAuth		auth;
	bool		billed;			/* may cost money: never sent again blindly */
	bool		shared;			/* same question, same answer: may be shared */
	const char *subject_name;	/* "phone", "msisdn", "ref": for messages */

	/* Checks and rewrites a subject.  out has CS_SUBJECT_SIZE bytes. */
	CsStatus	(*normalise) (const CsAccount *account, const char *subject,
							  char *out, CsError *err);

	/* Builds the request, all but the token. */
	CsStatus	(*build) (const CsAccount *account, const CsArguments *args,
						  CsRequest *request, CsError *err);

	/*
	 * Reads a reply.  root is the parsed body, NULL when the body is empty,
	 * null or could not be parsed; parse_error then says why (NULL for an
	 * empty body).  Status 2xx without a readable body is never an answer.
	 * args are those the request was built from (args->request_id included):
	 * a reply that names another subject or request id is not understood.
	 */
	void		(*classify) (const CsAccount *account, const CsArguments *args,
							 const CsReply *reply, struct json_object *root,
							 const CsError *parse_error, CsVerdict *verdict);
} CsEndpoint;

#define CS_SUBJECT_SIZE		256

typedef struct CsProvider
{
	const char *name;
	const char *title;			/* "Pngme", for messages */
	const char *default_base_url;
	const CsOption *options;	/* ends with a NULL name */
	const CsEndpoint *endpoints;	/* ends with a NULL name */

	/* Are the credentials complete?  CS_ERR_MAPPING names what is missing. */
	CsStatus	(*check_account) (const CsAccount *account, CsError *err);

	/* NULL, or whether endpoints with CS_AUTH_TOKEN need a log-in; when it
	 * says no, *token is the fixed token to use. */
	bool		(*needs_login) (const CsAccount *account, const char **token);

	/* Builds the log-in request.  NULL when there is no log-in. */
	CsStatus	(*build_login) (const CsAccount *account, CsRequest *request,
								CsError *err);

	/*
	 * Reads a log-in reply of status 2xx.  `now` is Unix seconds.  expires_at
	 * comes from the token's own exp, else expires_in, else expires_at, else
	 * the documented lifetime; no skew is subtracted here.
	 * account holds only the non-secret options here.
	 */
	CsStatus	(*read_login) (const CsAccount *account, const CsReply *reply,
							   int64_t now, CsToken *token, CsError *err);

	/*
	 * The status a 2xx reply really stands for, when the body's envelope
	 * carries one of its own: max of severity; reply->http_status when it
	 * does not.  The courier calls it for short bodies only (an error
	 * envelope is short) to see refusals (401, 429, 503) in disguise.
	 * NULL when the provider has no envelope.
	 */
	int			(*effective_status) (const CsReply *reply,
									 struct json_object *root);
} CsProvider;

/* The registry.  cs_provider_at returns NULL beyond the last. */
extern const CsProvider *cs_provider_by_name(const char *name);
extern const CsProvider *cs_provider_at(int index);
extern int	cs_provider_index(const CsProvider *provider);
extern const CsEndpoint *cs_endpoint_by_name(const CsProvider *provider,
											 const char *name);

/* Helpers that providers share (provider.c, provider_verdict.c). */

/* Option value of the account; NULL when absent. */
extern const char *cs_account_get(const CsAccount *account, const char *name);
extern const char *cs_argument_get(const CsArguments *args, const char *name);

/* exp of a JWT (RFC 7519 section 4.1.4); false when it is none. */
extern bool cs_jwt_expiry(const char *token, int64_t *expires_at);

/*
 * The meaning of a status code alone, for codes that mean the same with every
 * provider: 401/403 credentials, 429 rate, 503 unavailable, other 5xx
 * unknown, 413 too large, other 3xx and 4xx not understood.  Fills message,
 * and as detail the provider's own words found in the body under the usual
 * names (detail, message, error_description, error, errors[] as strings or
 * objects with message), redacted.
 */
extern void cs_verdict_from_status(const CsProvider *provider, int status,
								   struct json_object *root,
								   CsVerdict *verdict);

/*
 * A status that means something else, or more, with one provider's endpoint.
 * A list of them ends with status 0.
 */
typedef struct CsStatusMeaning
{
	int			status;
	CsErrorCode code;
	const char *message;		/* as in CsError */
} CsStatusMeaning;

/*
 * Settles the verdict of a reply whose status alone decides: anything but
 * 2xx by `meanings` (may be NULL) and else by cs_verdict_from_status; 2xx
 * without a readable body as not understood (or as parse_error says).
 * Returns false, with a verdict that is an answer so far, when the body has
 * to be looked at.  `status` is the effective one.
 */
extern bool cs_verdict_by_status(const CsProvider *provider,
								 const CsStatusMeaning *meanings,
								 const CsArguments *args, int status,
								 struct json_object *root,
								 const CsError *parse_error,
								 CsVerdict *verdict);

/* Makes the verdict a failure; the effective status stays. */
extern void cs_verdict_fail(CsVerdict *verdict, CsErrorCode code,
							const char *format,...)
			__attribute__((format(printf, 3, 4)));

/*
 * Puts the provider's own words into the verdict's detail and its code into
 * provider_code, redacted and without the subject of args (may be NULL).
 */
extern void cs_verdict_quote(CsVerdict *verdict, const CsProvider *provider,
							 const CsArguments *args,
							 struct json_object *root);

/* A request as data: where each piece of it comes from. */
typedef enum CsFieldSource
{
	CS_FROM_LITERAL,			/* key is the value */
	CS_FROM_OPTION,				/* key names an option or credential */
	CS_FROM_ARGUMENT,			/* key names an argument */
	CS_FROM_REQUEST_ID,			/* key is unused */
	CS_FROM_FILE				/* the uploaded file as base64 */
} CsFieldSource;

/* A query parameter or a text member of a JSON body. */
typedef struct CsField
{
	const char *name;			/* on the wire; NULL ends a list */
	CsFieldSource source;
	const char *key;
	const char *when_absent;	/* CS_REQUIRED, cs_left_out, or what is sent */
} CsField;

#define CS_REQUIRED		NULL
extern const char cs_left_out[];

/*
 * {name} in the path is replaced by the option or argument of that name,
 * percent-encoded; {+name} by the option as it stands (a path of its own).
 */
typedef struct CsTemplate
{
	const char *path;
	const CsField *query;		/* NULL: no query string */
	const CsField *body;		/* NULL: no body */
} CsTemplate;

/*
 * Fills a zeroed request from a template; args is NULL for a log-in.  Errors:
 * CS_ERR_ARGUMENT names a missing option or argument, CS_ERR_MEMORY.
 */
extern CsStatus cs_request_build(const CsTemplate *template, CsMethod method,
								 const CsAccount *account,
								 const CsArguments *args,
								 CsRequest *request, CsError *err);

/*
 * CS_ERR_MEMORY when a buffer of the request failed.  cs_request_build ends
 * with it; who appends a header afterwards calls it again.
 */
extern CsStatus cs_request_check(const CsRequest *request, CsError *err);

/*
 * Makes `text` the token: visible ASCII of at most CS_TOKEN_MAX bytes, else
 * CS_ERR_NOT_UNDERSTOOD.  expires_at comes from the token's own exp, else
 * from expires_in, else from expires_at of `object` (may be NULL; seconds, or
 * milliseconds beyond 1e11), else it is now + lifetime.
 */
extern CsStatus cs_token_set(CsToken *token, const char *text,
							 struct json_object *object, int64_t now,
							 int64_t lifetime, CsError *err);

/* Reads the reply of an OAuth token endpoint (RFC 6749 section 5.1). */
extern CsStatus cs_token_read_oauth(const CsReply *reply, int64_t now,
									int64_t lifetime, CsToken *token,
									CsError *err);

/* CS_ERR_MAPPING unless the credential is there and fit for a header. */
extern CsStatus cs_credential_check(const CsAccount *account,
									const char *name, CsError *err);

/* Checks for CsOption: visible ASCII; absolute path without query. */
extern bool cs_check_visible(const char *value);
extern bool cs_check_path(const char *value);

/* Do two texts end in the same n digits?  True when one has fewer. */
extern bool cs_same_last_digits(const char *a, const char *b, int n);

/* Digits of a phone number after removing '+', spaces and dashes. */
extern CsStatus cs_phone_digits(const char *phone, char *out, size_t outlen,
								CsError *err);

/*
 * The registry: one line per provider; its file provider_<name>.c defines
 * cs_provider_<name>.
 */
#define CS_PROVIDERS \
	CS_PROVIDER(pngme) \
	CS_PROVIDER(lenderlink) \
	CS_PROVIDER(patascore)

#define CS_PROVIDER(name)	extern const CsProvider cs_provider_##name;
CS_PROVIDERS
#undef CS_PROVIDER

#endif							/* CS_PROVIDER_H */
