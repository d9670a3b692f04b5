/*-------------------------------------------------------------------------
 * server.h
 *	  A request's way: read, counted, perhaps kept waiting, replied to.
 *
 * These are libmicrohttpd's to call: for each piece of a request, when it has
 * ended, and when a connection comes or goes.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include <microhttpd.h>
#include <stddef.h>

extern enum MHD_Result
sb_server_handle(void *cls, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_len, void **context);
extern void
sb_server_completed(void *cls, struct MHD_Connection *connection,
					void **context, enum MHD_RequestTerminationCode code);
extern void
sb_server_connected(void *cls, struct MHD_Connection *connection,
					void **context, enum MHD_ConnectionNotificationCode code);

#endif /* SANDBOX_SERVER_H */
