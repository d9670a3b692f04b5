/*-------------------------------------------------------------------------
 * awake.c
 *	  The time in which a process was awake: patience is measured in it.
 *------------------------------------------------------------------------- */
#include "base/awake.h"

#include "base/core.h"

/* Who asks once a second, and was away for so long, stood still. */
#define STANDSTILL_US (2 * CS_US_PER_S)

/* That counts as little as this; where every turn takes so long, patience still
 * ends some time. */
#define COUNTED_US (100 * CS_US_PER_MS)

static CsInstant seen;	/* the latest instant asked about */
static CsInstant stood; /* how long this process stood still, until then */

CsInstant
cs_awake_at(CsInstant ticks)
{
	if (ticks - seen > STANDSTILL_US)
		stood += ticks - seen - COUNTED_US;
	seen = CS_MAX(seen, ticks);
	return ticks - stood;
}
