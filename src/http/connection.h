/*-------------------------------------------------------------------------
 * connection.h
 *	  The connections that stand, and whether a further request fits them.
 *
 * libcurl keeps connections and hands them to calls; their sockets are opened
 * and closed here.
 *------------------------------------------------------------------------- */
#ifndef CS_CONNECTION_H
#define CS_CONNECTION_H

#include <stdbool.h>

/* The two ends of a connection, as libcurl names them. */
typedef struct CsEnds
{
	const char *remote_ip;
	int			remote_port;
	int			local_port;
} CsEnds;

/* A socket for a connection; -1: there is none to be had. */
extern int cs_connection_open(int family, int type, int protocol);

/* Closes it; returns what close does. */
extern int cs_connection_close(int fd);

/* Is it one of ours? */
extern bool cs_connection_known(int fd);

/* Has it reached its peer? */
extern bool cs_connection_stands(int fd);

/*
 * A request would leave over a connection that served others: has the peer
 * closed it, so that the request could not be answered?  False as well when
 * the connection is not known.
 */
extern bool cs_connection_closed(const CsEnds *ends);

#endif /* CS_CONNECTION_H */
