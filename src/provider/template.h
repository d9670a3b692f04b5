/*-------------------------------------------------------------------------
 * template.h
 *	  Requests made from data, and replies as providers see them.
 *------------------------------------------------------------------------- */
#ifndef CS_TEMPLATE_H
#define CS_TEMPLATE_H

#include "base/buf.h"
#include "base/core.h"

struct json_object;

/* A server with its credentials, as providers see it. */
typedef struct CsAccount
{
	const char	 *base_url; /* no trailing slash */
	const CsPair *pairs;	/* provider options (defaults filled in) and
								 * credentials; absent ones are absent */
	int			  npairs;
} CsAccount;

/* The arguments of one question, normalised; NULL arguments are absent. */
typedef struct CsArguments
{
	const CsPair *pairs; /* "subject" always; others by endpoint */
	int			  npairs;
	const char	 *request_id; /* a fresh UUID, the same over all attempts */
	const void	 *file;		  /* upload only: the file's bytes */
	size_t		  file_len;
} CsArguments;

typedef enum CsMethod
{
	CS_GET,
	CS_POST,
	CS_PATCH
} CsMethod;

/* Zero it before use; release with cs_template_free, which wipes. */
typedef struct CsRequest
{
	CsMethod method;
	CsBuf	 url;
	CsBuf	 headers; /* "Name: value\n" each; no token */
	CsBuf	 body;	  /* empty for GET */
} CsRequest;

extern void cs_template_free(CsRequest *request);

typedef struct CsReply
{
	int			http_status;
	const char *body;
	size_t		len;
} CsReply;

/* Option value of the account; NULL when absent. */
extern const char *
cs_template_option(const CsAccount *account, const char *name);
extern const char *
cs_template_argument(const CsArguments *args, const char *name);

/* A request as data: where each piece of it comes from. */
typedef enum CsFieldSource
{
	CS_FROM_LITERAL,	/* key is the value */
	CS_FROM_OPTION,		/* key names an option or credential */
	CS_FROM_ARGUMENT,	/* key names an argument */
	CS_FROM_REQUEST_ID, /* key is unused */
	CS_FROM_FILE,		/* the uploaded file as base64 */
	CS_FROM_DOCUMENT	/* key names an argument that is JSON, put as it is */
} CsFieldSource;

/*
 * A query parameter, a pair of a form, or a member of a JSON body.  There a dot
 * nests: "data.person.name" is a member of data's person; fields of one object
 * stand together.
 */
typedef struct CsField
{
	const char	 *name; /* on the wire; NULL ends a list */
	CsFieldSource source;
	const char	 *key;
	const char	 *when_absent; /* CS_REQUIRED, cs_left_out, or what is sent */
} CsField;

#define CS_REQUIRED NULL
extern const char cs_left_out[];

/*
 * {name} in the path is replaced by the option or argument of that name,
 * percent-encoded; {+name} by the option as it stands (a path of its own).
 */
typedef struct CsTemplate
{
	const char	  *path;
	const CsField *query;	 /* NULL: no query string */
	const CsField *body;	 /* NULL: no fields in the body */
	bool		   form;	 /* they are a form, and not JSON */
	const char	  *document; /* an argument that is JSON is the whole body */
} CsTemplate;

/*
 * Fills a zeroed request from a template; args is NULL for a log-in.  Errors:
 * CS_ERR_ARGUMENT names an option or argument that is missing, or that is to be
 * JSON and is not, CS_ERR_MEMORY.
 */
extern CsStatus
cs_template_build(const CsTemplate *template, CsMethod method,
				  const CsAccount *account, const CsArguments *args,
				  CsRequest *request, CsError *err);

/*
 * Parses a document that is to be sent, as cs_json_parse does.  Errors:
 * CS_ERR_ARGUMENT with its name, and in the detail what is wrong and where:
 * no JSON, nested too deeply, a number too long; CS_ERR_MEMORY.
 */
extern CsStatus cs_template_parse(const char *name, const char *text,
								  struct json_object **root, CsError *err);

/* Appends "<name>: Bearer <token>\n".  Errors: CS_ERR_MEMORY. */
extern CsStatus cs_template_put_bearer(CsBuf *headers, const char *name,
									   const char *token, CsError *err);

/*
 * CS_ERR_MEMORY when a buffer of the request failed.  cs_template_build ends
 * with it; who appends a header afterwards calls it again.
 */
extern CsStatus cs_template_check(const CsRequest *request, CsError *err);

#endif /* CS_TEMPLATE_H */
