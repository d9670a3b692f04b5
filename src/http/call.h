/*-------------------------------------------------------------------------
 * call.h
 *	  One call: what libcurl does for it, and what its end means.
 *------------------------------------------------------------------------- */
#ifndef CS_CALL_H
#define CS_CALL_H

#include "http/deadline.h"
#include "http/handle.h"
#include "http/host.h"
#include "http/http.h"

typedef struct CsCall
{
	CsDeadline	 due;	   /* to connect, then to answer */
	CsInstant	 deadline; /* to answer */
	CsLookup	 lookup;
	CsHttpOwner *owner;
	CsHandle	 handle;
	int			 socket;   /* the last it opened; -1: none */
	bool		 added;	   /* the multi handle has it */
	bool		 too_late; /* the connection it got is closed */
	bool		 withheld; /* its owner kept it from leaving */
	bool		 sent;
	bool		 sent_twice; /* libcurl wanted to send again */
	bool		 too_large;
	bool		 out_of_memory;
	int			 request_timeout_ms;
	int			 connect_timeout_ms;
	size_t		 max_body;
	char		*body;
	size_t		 len;
	size_t		 size;
} CsCall;

/* Before the first call, after curl_global_init; false: no memory. */
extern bool cs_call_init(void);

/* Sets a call up, which begins nothing yet.  NULL: no memory. */
extern CsCall *cs_call_new(const CsHttpSpec *spec, CsHttpOwner *owner);

/* The multi handle must not have it any more.  Wipes what is secret. */
extern void cs_call_free(CsCall *call);

/* The call of an easy handle. */
extern CsCall *cs_call_of(CURL *easy);

/* What it means that libcurl ended it with this code. */
extern void
cs_call_ended(const CsCall *call, CURLcode rc, CsHttpResult *result);

/* What it means that its time is over. */
extern void cs_call_late(const CsCall *call, CsHttpResult *result);

/* May it have gone to a machine that is its host's no more? */
extern bool cs_call_doubtful(const CsCall *call, CsCallEnd how);

#endif /* CS_CALL_H */
