/*-------------------------------------------------------------------------
 * loop.h
 *	  Listening sockets and the event loop.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_LOOP_H
#define SANDBOX_LOOP_H

#include "core/types.h"

/* Where to listen, and with which PEM files; without them no TLS. */
typedef struct SbListen
{
	const char *address;
	const char *port; /* "0": any */
	const char *cert;
	const char *key;
	const char *client_ca; /* NULL: clients need no certificate */
} SbListen;

/* The ports that were got; control is 0 when it is the same. */
typedef struct SbPorts
{
	int port;
	int control;
} SbPorts;

/* Starts to listen; what prevents it ends the process. */
extern SbPorts sb_loop_open(const SbListen *listen);

/* Serves until a signal says it is over, and closes everything. */
extern void sb_loop_run(void);

/* Looks whether the client of a suspended request hangs up; or no longer. */
extern void sb_loop_watch(SbRequest *request);
extern void sb_loop_unwatch(SbRequest *request);

/* Prints what the system says is wrong, and ends the process. */
extern void sb_loop_die(const char *what) __attribute__((noreturn));

#endif /* SANDBOX_LOOP_H */
