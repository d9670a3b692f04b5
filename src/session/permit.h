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
#include "settings/settings.h"

/* On a standby what is in memory is served, and calls have to be allowed. */
extern bool cs_permit_here(void);

/*
 * Is the database away from home?  One look for all questions of an execution,
 * and one for each question of a command, which may run for hours.  It costs fifteen
 * microseconds or so, and each call that may follow a hundred times that.
 */
extern bool cs_permit_away(CsScope *scope);

/* Does the server want to be told what for, and was not? */
extern bool cs_permit_lacks_purpose(const CsSettings *settings);

/* Is this code one of those for which no call has left, nor was to? */
extern bool cs_permit_refused(CsErrorCode code);

#endif /* CS_PERMIT_H */
