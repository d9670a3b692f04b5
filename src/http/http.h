/*-------------------------------------------------------------------------
 * http.h
 *	  HTTP calls, many at a time, in one process.
 *
 * A call is one exchange on the wire.  Nothing here knows providers,
 * questions or retries, and nothing here raises: callbacks of libcurl record
 * what happened, and cs_http_turn hands finished calls to their owners.
 *------------------------------------------------------------------------- */
#ifndef CS_HTTP_H
#define CS_HTTP_H

#include "postgres.h"

#include "http/http_spec.h"

#define CS_HTTP_DETAIL_SIZE 320

typedef struct CsHttpResult
{
	CsCallEnd	end;
	int			status; /* 0: no status line was read */
	const char *body;	/* valid during the callback only */
	size_t		len;
	int			retry_after_ms; /* 0: not said */
	CsHttpCost	cost;
	char		detail[CS_HTTP_DETAIL_SIZE]; /* why, unless CS_CALL_REPLY */
} CsHttpResult;

typedef struct CsHttpCall CsHttpCall;

/* Who started a call.  Embed it; both functions must not raise. */
typedef struct CsHttpOwner
{
	/* The request is about to leave.  False keeps it from leaving.  Called
	 * inside libcurl: look and store only. */
	bool (*sending)(struct CsHttpOwner *owner);

	/* The call is over; it is freed when this returns. */
	void (*done)(struct CsHttpOwner *owner, CsHttpResult *result);
} CsHttpOwner;

/* Sets libcurl up in this process; false when it cannot. */
extern bool cs_http_init(void);

/* A descriptor that is readable when cs_http_turn has something to do. */
extern int cs_http_descriptor(void);

/* Milliseconds until cs_http_turn has to be called in any case; -1: never. */
extern long cs_http_timeout(void);

/* False when the call could not be set up (no memory). */
extern bool cs_http_start(const CsHttpSpec *spec, CsHttpOwner *owner);

/*
 * Moves bytes, looks at deadlines, hands over what is finished.  Whenever a
 * call was over start_next may start others: they leave at once, and not behind
 * all else that has come.
 */
extern void cs_http_turn(void (*start_next)(void));

#endif /* CS_HTTP_H */
