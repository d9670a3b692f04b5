/*-------------------------------------------------------------------------
 * lane.c
 *	  The lanes of a queue: what asks one server for one role, and how much of
 *	  it may leave at present.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/lane.h"

#include "utils/memutils.h"

#include "pg/clock.h"
#include "pg/guc.h"

/* A lane is left alone for so long, doubling. */
#define FIRST_PAUSE_MS 1000
#define LAST_PAUSE_MS  60000

/* A lane of which nothing is known has one question on its way, for so long. */
#define TRIAL_MS 1000

/*
 * Beyond what a server's max_concurrency lets onto the wire as many again wait
 * for their turn, so that calls follow each other while rows are written.
 */
#define AHEAD_FACTOR 2

typedef struct Lane
{
	NameData  server;
	NameData  role;
	int		  flying;
	int		  most;		/* as the latest settings say */
	bool	  open;		/* more than one may be on its way */
	CsInstant began_at; /* the latest question */
	CsInstant served_at;
	CsInstant until; /* it is left alone */
	int		  pause_ms;
} Lane;

static Lane *lanes;
static int	 nlanes;
static int	 room;
static int	 all_flying;

static bool
is_lane(const Lane *lane, const NameData *server, const NameData *role)
{
	return strcmp(NameStr(lane->server), NameStr(*server)) == 0 &&
		   strcmp(NameStr(lane->role), NameStr(*role)) == 0;
}

static void
grow(void)
{
	room = Max(room * 2, 16);
	lanes = lanes == NULL
				? MemoryContextAlloc(TopMemoryContext, room * sizeof(Lane))
				: repalloc(lanes, room * sizeof(Lane));
}

uint16
cs_lane_of(const NameData *server, const NameData *role)
{
	for (int i = 0; i < nlanes; i++)
		if (is_lane(&lanes[i], server, role))
			return (uint16) i;
	/* Beyond that they share the last one. */
	if (nlanes == PG_UINT16_MAX)
		return PG_UINT16_MAX - 1;
	if (nlanes == room)
		grow();
	lanes[nlanes] = (Lane){.server = *server, .role = *role, .most = 1};
	return (uint16) nlanes++;
}

int
cs_lane_count(void)
{
	return nlanes;
}

/* All roles' together: the server has one limit. */
static int
flying_at(const NameData *server)
{
	int n = 0;

	for (int i = 0; i < nlanes; i++)
		if (strcmp(NameStr(lanes[i].server), NameStr(*server)) == 0)
			n += lanes[i].flying;
	return n;
}

/* Half of what is left of the worker's share of slots stays for other lanes. */
static int
left_over(void)
{
	return (cs_guc_max_questions() / 2 - all_flying + 1) / 2;
}

/* Has the question that tries been away for long, so that one need not wait? */
static bool
is_slow(const Lane *lane, CsInstant now)
{
	return lane->pause_ms == 0 && lane->flying > 0 &&
		   now - lane->began_at >= TRIAL_MS * CS_US_PER_MS;
}

int
cs_lane_room(int number)
{
	const Lane *lane = &lanes[number];
	CsInstant	now = cs_clock_ticks();

	if (lane->until > now)
		return 0;
	if (!lane->open && !is_slow(lane, now))
		return lane->flying == 0 ? 1 : 0;
	return Max(0, Min(lane->most - flying_at(&lane->server), left_over()));
}

CsInstant
cs_lane_opens_at(int number)
{
	const Lane *lane = &lanes[number];

	if (cs_lane_room(number) > 0)
		return 0;
	if (lane->until > cs_clock_ticks())
		return lane->until;
	if (!lane->open && lane->pause_ms == 0)
		return lane->began_at + TRIAL_MS * CS_US_PER_MS;
	return CS_NEVER;
}

void
cs_lane_begin(int number, const CsLimits *limits)
{
	Lane *lane = &lanes[number];

	lane->flying++;
	all_flying++;
	lane->began_at = cs_clock_ticks();
	if (limits != NULL)
		lane->most = AHEAD_FACTOR * limits->max_concurrency;
}

void
cs_lane_end(int number)
{
	lanes[number].flying--;
	all_flying--;
}

void
cs_lane_served(int number)
{
	Lane *lane = &lanes[number];

	lane->served_at = cs_clock_ticks();
	lane->open = true;
	lane->pause_ms = 0;
	lane->until = 0;
}

void
cs_lane_refused(int number, int said_ms)
{
	Lane	 *lane = &lanes[number];
	CsInstant now = cs_clock_ticks();

	lane->open = false;
	/* Others that were on their way with it are refused for the same reason. */
	if (lane->until <= now)
		lane->pause_ms =
			Min(Max(lane->pause_ms * 2, FIRST_PAUSE_MS), LAST_PAUSE_MS);
	lane->until =
		Max(lane->until, now + Max(lane->pause_ms, said_ms) * CS_US_PER_MS);
}

void
cs_lane_wake_all(void)
{
	for (int i = 0; i < nlanes; i++)
		lanes[i].until = 0;
}

CsInstant
cs_lane_served_at(int number)
{
	return lanes[number].served_at;
}
