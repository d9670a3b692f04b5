/*-------------------------------------------------------------------------
 * marker.h
 *	  How many workers were killed of late.
 *
 * A process that is killed takes all others of the server with it, and whatever
 * shared memory had.  So a worker leaves a file while it runs, which it removes
 * however it ends, unless it is killed itself.
 *------------------------------------------------------------------------- */
#ifndef CS_MARKER_H
#define CS_MARKER_H

#include "base/instant.h"

/* Deaths are remembered for so long. */
#define CS_MARKER_MEMORY_US (10 * 60 * CS_US_PER_S)

/* A worker begins.  Never raises: without a file its death is not counted. */
extern void cs_marker_set(void);

/*
 * Counts workers of this postmaster that were killed in the last ten minutes, and
 * says when the last was; removes files that say nothing any more.  For the
 * launcher, when it starts.  Never raises.
 */
extern int cs_marker_deaths(CsInstant *last);

#endif /* CS_MARKER_H */
