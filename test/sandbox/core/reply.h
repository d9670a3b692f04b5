/*-------------------------------------------------------------------------
 * reply.h
 *	  Hands a reply to libmicrohttpd, properly or as a fault wants it.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_REPLY_H
#define SANDBOX_REPLY_H

#include <microhttpd.h>

#include "core/types.h"

/* Sends the reply; MHD_NO ends the connection. */
extern enum MHD_Result sb_reply_send(SbRequest *request);

/*
 * Sends what goes beyond the promised length, once libmicrohttpd has sent the
 * rest.  Under TLS these bytes are garbage, which serves as well.
 */
extern void sb_reply_excess(SbRequest *request);

#endif /* SANDBOX_REPLY_H */
