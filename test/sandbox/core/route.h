/*-------------------------------------------------------------------------
 * route.h
 *	  How a URL finds its provider and endpoint.
 *
 * /<provider>/<rest> is that provider's; /control is the tests'.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_ROUTE_H
#define SANDBOX_ROUTE_H

#include "core/types.h"

/* Starts the providers that were added, and makes their counters. */
extern void sb_route_init(void);

/* Finds provider, endpoint and counter; a control request gets none. */
extern void sb_route(SbRequest *request, const char *method, const char *url);

#endif /* SANDBOX_ROUTE_H */
