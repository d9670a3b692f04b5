/*-------------------------------------------------------------------------
 * host.h
 *	  The hosts that calls go to, and when their addresses were looked up.
 *------------------------------------------------------------------------- */
#ifndef CS_HOST_H
#define CS_HOST_H

#include "postgres.h"

#include "lib/ilist.h"

#include "http/http_spec.h"

#define CS_HOST_NAME_SIZE 256

/* A host whose address is being, or was, looked up. */
typedef struct CsHost
{
	dlist_node node;					/* in cs_hosts */
	char	   name[CS_HOST_NAME_SIZE]; /* "-host:port", as libcurl wants it
											 * in order to forget it */
	int64	   resolved_until;			/* 0: not resolved */
	struct CsHttpCall *leader;			/* the call that resolves it now */
	dlist_head		   waiting;			/* calls that wait for the leader */
} CsHost;

/* All hosts that were needed so far; there are a few. */
extern dlist_head cs_hosts;

/*
 * The host whose address a call needs, that of its proxy if it has one.  NULL
 * when it needs no look-up: a literal address, or localhost, which libcurl
 * knows.
 */
extern CsHost *cs_host_of(const CsHttpSpec *spec);

#endif /* CS_HOST_H */
