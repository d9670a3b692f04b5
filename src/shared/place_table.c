/*-------------------------------------------------------------------------
 * place_table.c
 *	  The records of databases in shared memory: making them, finding them, and
 *	  what views show of them.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/place_table.h"

#include "pg/shmem.h"

CsPlaceTable *cs_place_table;
LWLock		 *cs_place_table_lock;

static Size
places_size(void)
{
	return sizeof(CsPlaceTable);
}

static void
places_init(void *memory, LWLock *lock)
{
	CsPlaceTable *t = memory;

	memset(t, 0, sizeof(*t));
	t->launcher = -1;
	if (!pg_strong_random(&t->life, sizeof(t->life)))
		ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("credscore found no random numbers")));
}

static void
places_attach(void *memory, LWLock *lock)
{
	cs_place_table = memory;
	cs_place_table_lock = lock;
}

static const CsShmemPart places_part = {"credscore places", places_size,
										places_init, places_attach};

void
cs_place_init(void)
{
	cs_shmem_register(&places_part);
}

int64
cs_place_life(void)
{
	return cs_place_table->life;
}

/* --- records; the lock is held --- */

CsPlaceRecord *
cs_place_table_find(Oid database)
{
	for (int i = 0; i < cs_place_table->nplaces; i++)
		if (cs_place_table->places[i].database == database)
			return &cs_place_table->places[i];
	return NULL;
}

/* Does a record say nothing that its absence would not say? */
static bool
is_silent(const CsPlaceRecord *p)
{
	return p->state == CS_PLACE_FREE && !p->need && p->holds == 0 &&
		   p->due == CS_NEVER && !cs_place_table_has_news(p);
}

static CsPlaceRecord *
unused_record(void)
{
	if (cs_place_table->nplaces < CS_PLACE_TABLE_SIZE)
		return &cs_place_table->places[cs_place_table->nplaces++];
	for (int i = 0; i < CS_PLACE_TABLE_SIZE; i++)
		if (!OidIsValid(cs_place_table->places[i].database) ||
			is_silent(&cs_place_table->places[i]))
			return &cs_place_table->places[i];
	return NULL;
}

CsPlaceRecord *
cs_place_table_make(Oid database)
{
	CsPlaceRecord *p = cs_place_table_find(database);

	if (p != NULL)
		return p;
	p = unused_record();
	if (p == NULL)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->database = database;
	p->process = -1;
	p->due = CS_NEVER;
	return p;
}

/* --- views --- */

bool
cs_place_view(int i, CsPlaceView *view)
{
	bool there;

	LWLockAcquire(cs_place_table_lock, LW_SHARED);
	there = i < cs_place_table->nplaces;
	if (there)
	{
		const CsPlaceRecord *p = &cs_place_table->places[i];

		*view = (CsPlaceView){p->database, p->state,	  p->pid,
							  p->since,	   p->due,		  p->waiting,
							  p->holds,	   p->blocked_by, p->blocked_since};
	}
	LWLockRelease(cs_place_table_lock);
	return there;
}

void
cs_place_launcher(CsLauncherView *view)
{
	LWLockAcquire(cs_place_table_lock, LW_SHARED);
	*view = (CsLauncherView){.pid = cs_place_table->launcher >= 0
										? cs_place_table->launcher_pid
										: 0,
							 .since = cs_place_table->launcher_since,
							 .away_until = cs_place_table->away_until,
							 .deaths = cs_place_table->deaths};
	LWLockRelease(cs_place_table_lock);
}
