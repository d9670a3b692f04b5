/*-------------------------------------------------------------------------
 * http_spec.h
 *	  What to send: the description of one HTTP call.
 *------------------------------------------------------------------------- */
#ifndef CS_HTTP_SPEC_H
#define CS_HTTP_SPEC_H

#include "postgres.h"

#include "provider.h"

/* What to send.  Everything is copied before cs_http_start returns, but
 * `body`, which must stay until the call is over. */
typedef struct CsHttpSpec
{
	CsMethod	method;
	const char *url;
	const char *headers;		/* "Name: value\n" each, or NULL */
	const char *token;			/* bearer token, or NULL */
	const char *body;
	size_t		body_len;
	const char *ca_file;		/* NULL: the system's store */
	const char *proxy;			/* NULL: none, the environment's neither */
	int			connect_timeout_ms;
	int			request_timeout_ms; /* from the start, connect included */
	size_t		max_body;		/* bytes after decompression */
} CsHttpSpec;

#endif							/* CS_HTTP_SPEC_H */
