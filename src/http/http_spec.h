/*-------------------------------------------------------------------------
 * http_spec.h
 *	  What to send: the description of one HTTP call.
 *------------------------------------------------------------------------- */
#ifndef CS_HTTP_SPEC_H
#define CS_HTTP_SPEC_H

#include "postgres.h"

#include "provider/registry.h"

/* What to send.  Everything is copied before cs_http_start returns, but
 * `body`, which must stay until the call is over. */
typedef struct CsHttpSpec
{
	CsMethod	method;
	const char *url;
	const char *headers; /* "Name: value\n" each, or NULL */
	const char *token;	 /* bearer token, or NULL */
	const char *body;
	size_t		body_len;
	const char *ca_file; /* NULL: the system's store */
	const char *proxy;	 /* NULL: none, the environment's neither */
	int			connect_timeout_ms;
	int			request_timeout_ms; /* from the start, connect included */
	size_t		max_body;			/* bytes after decompression */
} CsHttpSpec;

/* What a call took, whatever became of it. */
typedef struct CsHttpCost
{
	int64 duration_us; /* connecting included */
	int64 bytes_out;   /* heads and bodies, without TLS */
	int64 bytes_in;
	int	  connections; /* that were opened for it */
} CsHttpCost;

#endif /* CS_HTTP_SPEC_H */
