/*-------------------------------------------------------------------------
 * lane.h
 *	  The lanes of a queue: what asks one server for one role, and how much of
 *	  it may leave at present.
 *
 * A window of its own for each, so that a slow provider delays no other, and
 * neither does a role whose credentials are refused.  A lane whose server lets
 * nothing leave is left alone for a while; then one row tries, and the others
 * follow when that was served.  So does a new lane, for a second at most.
 *
 * In memory of the process: a new worker finds out by itself.  How many are on
 * their way follows from the jobs that are.
 *------------------------------------------------------------------------- */
#ifndef CS_LANE_H
#define CS_LANE_H

#include "postgres.h"

#include "base/instant.h"
#include "shared/account.h"

/* The number of a lane, which is made when it is first asked for. */
extern uint16 cs_lane_of(const NameData *server, const NameData *role);

/* Lanes are numbered from 0 on. */
extern int cs_lane_count(void);

/* How many more questions may be handed over now. */
extern int cs_lane_room(int lane);

/* When there may be room, if nothing comes back before; CS_NEVER: not before. */
extern CsInstant cs_lane_opens_at(int lane);

/* A question is on its way, under these limits; NULL: they are not known. */
extern void cs_lane_begin(int lane, const CsLimits *limits);

/* It is not any more. */
extern void cs_lane_end(int lane);

/* Its server has answered. */
extern void cs_lane_served(int lane);

/* Nothing leaves at present: it is left alone, for so long at the least. */
extern void cs_lane_refused(int lane, int said_ms);

/* What lanes had to wait for may have changed: they try at once. */
extern void cs_lane_wake_all(void);

/* When it was last served; 0: never. */
extern CsInstant cs_lane_served_at(int lane);

#endif /* CS_LANE_H */
