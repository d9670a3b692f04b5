/*-------------------------------------------------------------------------
 * permit.h
 *	  May calls leave for this session?
 *
 * What only the courier knows, whether calls are switched off, it says itself.
 *------------------------------------------------------------------------- */
#ifndef CS_PERMIT_H
#define CS_PERMIT_H

#include "postgres.h"

#include "base/core.h"
#include "session/scope.h"

/* On a standby what is in memory is served, and calls have to be allowed. */
extern bool cs_permit_here(void);

/*
 * Is the database away from home?  One look for all questions of an execution: it
 * costs some microseconds, and each of the calls that follow a thousand times
 * that.
 */
extern bool cs_permit_away(CsScope *scope);

/* Is this code one of those for which no call has left, nor was to? */
extern bool cs_permit_refused(CsErrorCode code);

#endif /* CS_PERMIT_H */
