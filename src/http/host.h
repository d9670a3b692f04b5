/*-------------------------------------------------------------------------
 * host.h
 *	  The hosts that calls go to: whose address is known, and who looks it up.
 *
 * libcurl starts a thread for each look-up.  So one call leads, and the others
 * to its host wait until it has the address.  An address is used for a
 * minute, and no longer when a call that used it failed.
 *------------------------------------------------------------------------- */
#ifndef CS_HOST_H
#define CS_HOST_H

#include "base/instant.h"
#include "base/list.h"
#include "http/http.h"

/*
 * A call gets no connection that is older, so that a host that moves is
 * followed: an address is looked up for new connections only.
 */
#define CS_HOST_STAYS_SECONDS 300

typedef enum CsHostRole
{
	CS_HOST_GOES = 0, /* the address is known, or none is needed */
	CS_HOST_LEADS,	  /* it goes, and makes libcurl look the address up */
	CS_HOST_WAITS	  /* it stays until it gets another role */
} CsHostRole;

/* What a call has to do with the address of its host; embed it. */
typedef struct CsLookup
{
	CsHostRole	   role;
	struct CsHost *host; /* NULL: it needs no look-up */
	CsListNode	   node; /* in the host's list while it waits */
} CsLookup;

/*
 * Gives a call, whose CsLookup is all zero, its role.  The host that counts is
 * that of the proxy if there is one; a literal address, and localhost, which
 * libcurl knows, need no look-up.  False: no memory.
 */
extern bool
cs_host_enter(CsLookup *lookup, const CsHttpSpec *spec, CsInstant now);

/* "-host:port": makes libcurl forget the address.  For one that leads. */
extern const char *cs_host_entry(const CsLookup *lookup);

/*
 * Which of two kinds of connections is a call's that begins now?  They take
 * turns of the time above, for a connection that is in use at any time, as
 * HTTP/2's are, would never be dropped for its age.
 */
extern bool cs_host_turn(const CsLookup *lookup, CsInstant now);

/*
 * The address was found: who led now goes, and who waits may.  Accepts every
 * call that connects; may be called inside libcurl.
 */
extern void cs_host_found(CsLookup *lookup, CsInstant now);

/*
 * The call needs no address any more: it is over, or leaves over a connection
 * that was there.  Another leads then.  May be called inside libcurl unless it
 * waits.
 */
extern void cs_host_leave(CsLookup *lookup);

/* A call failed that may have gone to the wrong address: look it up anew. */
extern void cs_host_doubt(const CsLookup *lookup);

/* Takes one of those who wait for the same host away; NULL: none does. */
extern CsLookup *cs_host_dismiss(const CsLookup *lookup);

/* May cs_host_next have something? */
extern bool cs_host_stirs(void);

/* Who waited and now goes or leads; NULL: none at present. */
extern CsLookup *cs_host_next(CsInstant now);

/* Is there a host at all for which libcurl may start a thread? */
extern bool cs_host_any(void);

#endif /* CS_HOST_H */
