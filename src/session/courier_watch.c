/*-------------------------------------------------------------------------
 * courier_watch.c
 *	  Watching the courier while a session waits.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/courier_watch.h"

#include "pg/clock.h"

/*
 * The courier restarts within a second, and says at least once a second that
 * its loop turns.  One that is away, or silent, for so many looks in a row will
 * not answer.
 */
#define COURIER_AWAY_LOOKS	 10
#define COURIER_SILENT_LOOKS 30

/*
 * What this session has seen of the courier while it waited in vain.  Rounds
 * are counted and not seconds: after the whole machine stood still everybody's
 * clock has moved on, and nobody has missed anything.
 */
typedef struct Watch
{
	uint64	  rounds;
	int		  missed;	 /* looks in a row that saw no new round */
	CsInstant looked_at; /* the last look */
} Watch;

static Watch watch;

bool
cs_courier_watch_is_lost(CsCourierState *courier)
{
	CsInstant now = cs_clock_ticks();

	if (now - watch.looked_at < CS_COURIER_WATCH_MS * CS_US_PER_MS)
		return false;
	cs_slots_courier(courier);
	watch.missed = courier->rounds == watch.rounds ? watch.missed + 1 : 0;
	watch.rounds = courier->rounds;
	watch.looked_at = now;
	return watch.missed >=
		   (courier->pid == 0 ? COURIER_AWAY_LOOKS : COURIER_SILENT_LOOKS);
}
