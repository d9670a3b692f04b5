/*-------------------------------------------------------------------------
 * pause.c
 *	  Servers that let nothing leave at present.
 *
 * In memory of the process; a new worker finds out by itself.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/pause.h"

#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "pg/clock.h"

/* One is left alone for so long, doubling. */
#define FIRST_PAUSE_MS 1000
#define LAST_PAUSE_MS  60000

/* A server that lets nothing leave at present. */
typedef struct Pause
{
	NameData  server;
	CsInstant until;
	int		  ms;
} Pause;

static List *pauses; /* of Pause */

static Pause *
pause_of(const NameData *server)
{
	ListCell *lc;

	foreach(lc, pauses)
		if (strcmp(NameStr(((Pause *) lfirst(lc))->server),
				   NameStr(*server)) == 0)
			return lfirst(lc);
	return NULL;
}

bool
cs_pause_holds(const NameData *server)
{
	Pause *pause = pause_of(server);

	return pause != NULL && pause->until > cs_clock_ticks();
}

void
cs_pause_add(const NameData *server, int said_ms)
{
	Pause *pause = pause_of(server);

	if (pause == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		pause = palloc0(sizeof(Pause));
		pause->server = *server;
		pauses = lappend(pauses, pause);
		MemoryContextSwitchTo(old);
	}
	if (pause->until > cs_clock_ticks())
		return;
	pause->ms = Min(Max(pause->ms * 2, FIRST_PAUSE_MS), LAST_PAUSE_MS);
	pause->until = cs_clock_ticks() + CS_US_PER_MS * (Max(pause->ms, said_ms));
}

void
cs_pause_end(const NameData *server)
{
	Pause *pause = pause_of(server);

	if (pause != NULL)
		pause->ms = 0;
}


CsInstant
cs_pause_until(const NameData *server)
{
	return pause_of(server)->until;
}
