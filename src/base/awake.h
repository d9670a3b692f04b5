/*-------------------------------------------------------------------------
 * awake.h
 *	  The time in which a process was awake: patience is measured in it.
 *
 * A process may be stopped, and so may its machine: a container is paused, a
 * virtual machine is moved.  Clocks go on, and what others have sent meanwhile
 * lies there.  Whoever was waited for is not to blame for that time, so it does
 * not count.
 *------------------------------------------------------------------------- */
#ifndef CS_AWAKE_H
#define CS_AWAKE_H

#include "base/instant.h"

/*
 * Microseconds that this process has been awake, at an instant of a clock that
 * is never set.  For one loop per process, which asks once a second at least.
 */
extern CsInstant cs_awake_at(CsInstant ticks);

#endif /* CS_AWAKE_H */
