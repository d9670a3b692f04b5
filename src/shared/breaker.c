/*-------------------------------------------------------------------------
 * breaker.c
 *	  A server's circuit breaker, as views show it.
 *------------------------------------------------------------------------- */
#include "shared/breaker.h"

const char *
cs_breaker_name(CsBreakerState state)
{
	static const char *const names[] = {[CS_BREAKER_CLOSED] = "closed",
										[CS_BREAKER_OPEN] = "open",
										[CS_BREAKER_HALF_OPEN] = "half_open"};

	return names[state];
}
