/*-------------------------------------------------------------------------
 * certificate.h
 *	  Client certificates: who shows one, and whether one is demanded.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_CERTIFICATE_H
#define SANDBOX_CERTIFICATE_H

#include "core/request.h"

/* From now on who speaks TLS has to show one. */
extern void sb_certificate_demand(void);

/*
 * Looks at what the client of a request shows, once per connection: the name
 * goes to client->certificate.
 */
extern void sb_certificate_read(SbRequest *request);

/* May the client be served? */
extern bool sb_certificate_suffices(const SbRequest *request);

#endif /* SANDBOX_CERTIFICATE_H */
