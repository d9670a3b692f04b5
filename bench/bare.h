/*-------------------------------------------------------------------------
 * bare.h
 *	  What the two bare clients share: log-in, requests and answers of the
 *	  sandbox's providers, without a database.
 *
 * The functions end the program when anything fails: a measurement in which a
 * call failed is none.
 *------------------------------------------------------------------------- */
#ifndef BARE_H
#define BARE_H

#include <curl/curl.h>
#include <json-c/json.h>
#include <stddef.h>

typedef struct BareKind BareKind;

/* A provider to ask, logged in. */
typedef struct BareServer
{
	const BareKind	  *kind;
	const char		  *base_url;
	struct curl_slist *headers; /* the token among them */
} BareServer;

/* One transfer at a time; the handle and its buffers serve many. */
typedef struct BareCall
{
	const BareServer *server;
	CURL			 *easy;
	json_tokener	 *tokener;
	char			 *body;
	size_t			  len;
	size_t			  size;
} BareCall;

/* Logs in; kind is "decision", "lac" or "statement". */
extern void
bare_server_open(BareServer *server, const char *base_url, const char *kind);

extern void bare_call_init(BareCall *call, const BareServer *server);

/* Makes question number n the call's next one. */
extern void bare_call_aim(BareCall *call, long n);

/* Checks how the call ended and parses its answer. */
extern void bare_call_finish(BareCall *call, CURLcode result);

extern long	  bare_number(const char *text);
extern double bare_now(void);

#endif /* BARE_H */
