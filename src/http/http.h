/*-------------------------------------------------------------------------
 * http.h
 *	  HTTP calls, many at a time, in one process: all that the courier sees of
 *	  this room.
 *
 * A call is one exchange on the wire.  Nothing here knows providers,
 * questions or retries, and nothing here raises.  What a caller may rely on:
 *
 * - A call that cs_http_start accepted ends in exactly one `done`, unless it
 *	 was taken back, or cs_http_failure says why none comes any more.
 * - Before it, `sending` is called at most once; if it was not called, or
 *	 said no, nothing of the request has left, and the end is
 *	 CS_CALL_NOT_SENT.  A request never leaves twice.
 * - Both are called by cs_http_turn only.
 * - Time goes by on a clock of this room's own, and is seen by cs_http_turn:
 *	 a reply that lies there in full when the time is over still counts.
 *
 * Neither a header of PostgreSQL nor one of libcurl is needed, so that
 * something else may stand behind these functions.
 *------------------------------------------------------------------------- */
#ifndef CS_HTTP_H
#define CS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core.h"
#include "provider/template.h"

/*
 * What to send.  Everything is copied before cs_http_start returns, but
 * `body`, `ca_file` and the client certificate, which must stay until the call
 * is over.
 */
typedef struct CsHttpSpec
{
	CsMethod	method;
	const char *url;
	const char *headers; /* "Name: value\n" each, or NULL */
	const char *token;	 /* bearer token, or NULL */
	const char *body;
	size_t		body_len;
	const char *ca_file;			/* NULL: the system's store */
	const char *client_cert;		/* PEM, or NULL */
	const char *client_key;			/* likewise, both or neither */
	const char *proxy;				/* NULL: none, the environment's neither */
	int			connect_timeout_ms; /* until the request leaves */
	int			request_timeout_ms; /* from the start, connect included */
	size_t		max_body;			/* bytes after decompression */
} CsHttpSpec;

/* What a call took, whatever became of it. */
typedef struct CsHttpCost
{
	int64_t duration_us; /* connecting included */
	int64_t bytes_out;	 /* heads and bodies, without TLS */
	int64_t bytes_in;
	int		connections; /* that were opened for it */
} CsHttpCost;

#define CS_HTTP_DETAIL_SIZE 320

typedef struct CsHttpResult
{
	CsCallEnd	end;
	int			status; /* 0: no status line was read */
	const char *body;	/* valid during the callback only; never NULL */
	size_t		len;
	int			retry_after_ms; /* 0: not said */
	CsHttpCost	cost;
	char		detail[CS_HTTP_DETAIL_SIZE]; /* why, unless CS_CALL_REPLY */
} CsHttpResult;

/* Who started a call.  Embed it, zeroed; both functions must not raise. */
typedef struct CsHttpOwner
{
	struct CsCall *call; /* of this room: what is started and not over */

	/*
	 * The connection stands and the request is about to leave.  False keeps it
	 * from leaving.  Called inside libcurl: look and store only.
	 */
	bool (*sending)(struct CsHttpOwner *owner);

	/*
	 * The call is over, and nothing here knows the owner any more; what the
	 * result points to goes when this returns.  May start calls.
	 */
	void (*done)(struct CsHttpOwner *owner, CsHttpResult *result);
} CsHttpOwner;

/* Sets this process up, once; false when that cannot be done. */
extern bool cs_http_init(void);

/* A descriptor that is readable when cs_http_turn has something to do. */
extern int cs_http_descriptor(void);

/* Milliseconds until cs_http_turn has to be called in any case; -1: never. */
extern long cs_http_timeout(void);

/* False when the call could not be set up (no memory): no callback follows. */
extern bool cs_http_start(const CsHttpSpec *spec, CsHttpOwner *owner);

/*
 * Takes back a call that is not wanted any more: no callback follows.  False:
 * the request has left, or there is no call, and nothing changes.
 */
extern bool cs_http_take_back(CsHttpOwner *owner);

/*
 * Moves bytes, looks at deadlines, hands over what is finished.  Whenever a
 * call was over start_next may start others: they leave at once, and not behind
 * all else that has come.
 */
extern void cs_http_turn(void (*start_next)(void));

/*
 * Why no call can be made in this process any more, as a sentence; NULL while
 * all is well.  Then cs_http_start still accepts calls, of which none leaves,
 * and cs_http_turn does nothing: what has not called `sending` by then was not
 * sent, the rest is lost, and the process has to end.
 */
extern const char *cs_http_failure(void);

/* Versions of libcurl, as built with and as loaded; need no cs_http_init. */
extern const char *cs_http_built_version(void);
extern const char *cs_http_loaded_version(void);

#endif /* CS_HTTP_H */
