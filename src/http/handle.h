/*-------------------------------------------------------------------------
 * handle.h
 *	  libcurl's easy handles: made once, set up for a call, used again.
 *
 * Only the files http*.c know libcurl.
 *------------------------------------------------------------------------- */
#ifndef CS_HANDLE_H
#define CS_HANDLE_H

#include "postgres.h"

#include <curl/curl.h>

#include "http/http_spec.h"

/* What libcurl calls back, for every handle; `arg` is the call's. */
typedef struct CsHandleCallbacks
{
	curl_write_callback		  body;
	curl_prereq_callback	  sending;
	curl_closesocket_callback close;
} CsHandleCallbacks;

/* A handle set up for one call, with what has to live as long. */
typedef struct CsHandle
{
	CURL			  *easy;
	struct curl_slist *headers;
	const char *ca_file; /* the specification's; NULL: libcurl's default */
	bool		worn;	 /* it counts what libcurl sent again: use no more */
	char		errors[CURL_ERROR_SIZE]; /* libcurl's words, or empty */
} CsHandle;

/* Looks libcurl's defaults up, after curl_global_init; false: no memory. */
extern bool cs_handle_init(const CsHandleCallbacks *callbacks);

/* Sets a handle up; `call` is what the callbacks get.  False: no memory. */
extern bool
cs_handle_open(CsHandle *handle, const CsHttpSpec *spec, void *call);

/* Gives a handle back, wiping the headers.  Accepts a zeroed one. */
extern void cs_handle_close(CsHandle *handle);

/* Says in a sentence why a call failed; names the CA file that was tried when
 * it was for a certificate. */
extern void cs_handle_describe(const CsHandle *handle, CURLcode rc, char *out,
							   size_t outlen);

/* What the call took so far, or all in all. */
extern void cs_handle_measure(const CsHandle *handle, CsHttpCost *cost);

/* "7.88.1" as built and as loaded; need no cs_handle_init. */
extern const char *cs_handle_built_version(void);
extern const char *cs_handle_loaded_version(void);

#endif /* CS_HANDLE_H */
