/*-------------------------------------------------------------------------
 * handle.h
 *	  libcurl's easy handles: made once, set up for a call, used again.
 *
 * Only the files of this room know libcurl.
 *------------------------------------------------------------------------- */
#ifndef CS_HANDLE_H
#define CS_HANDLE_H

#include <curl/curl.h>

#include "http/http.h"

/* What libcurl calls back, for every handle; `arg` is the call's. */
typedef struct CsHandleCallbacks
{
	curl_write_callback		  body;
	curl_prereq_callback	  sending;
	curl_opensocket_callback  open;
	curl_closesocket_callback close;
} CsHandleCallbacks;

/* A handle set up for one call, with what has to live as long. */
typedef struct CsHandle
{
	CURL			  *easy;
	struct curl_slist *headers;
	struct curl_slist *forget; /* the address that is not to be used */
	const char *ca_file; /* the specification's; NULL: libcurl's default */
	bool		worn;	 /* it counts what libcurl sent again: use no more */
	char		errors[CURL_ERROR_SIZE]; /* libcurl's words, or empty */
} CsHandle;

/* Looks libcurl's defaults up, after curl_global_init; false: no memory. */
extern bool cs_handle_init(const CsHandleCallbacks *callbacks);

/* Sets a handle up; `call` is what the callbacks get.  False: no memory. */
extern bool
cs_handle_open(CsHandle *handle, const CsHttpSpec *spec, void *call);

/* The next transfer looks an address up that may be known: "-host:port".
 * False: no memory. */
extern bool cs_handle_look_up(CsHandle *handle, const char *entry);

/* Over TLS, the next transfer shares connections only with those that were
 * kept apart, too.  False: no memory. */
extern bool cs_handle_keep_apart(CsHandle *handle);

/* The next transfer opens a connection of its own. */
extern void cs_handle_connect_anew(CsHandle *handle);

/* Gives a handle back, wiping the headers.  Accepts a zeroed one. */
extern void cs_handle_close(CsHandle *handle);

/*
 * Did the peer refuse our client certificate, or that there is none?  It may
 * say so after the request has left, and has not read that then.
 */
extern bool cs_handle_untrusted(const CsHandle *handle, CURLcode rc);

/* Says in a sentence why a call failed; names the CA file that was tried when
 * it was for a certificate. */
extern void cs_handle_describe(const CsHandle *handle, CURLcode rc, char *out,
							   size_t outlen);

/* Status, Retry-After, and what the call took so far, or all in all. */
extern void cs_handle_read(const CsHandle *handle, CsHttpResult *result);

#endif /* CS_HANDLE_H */
