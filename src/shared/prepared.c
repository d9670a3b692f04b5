/*-------------------------------------------------------------------------
 * prepared.c
 *	  What prepared transactions will announce when they are committed.
 *
 * A record for each transaction that can be prepared at a time, in static shared
 * memory, by its name, which is unique over all databases.  They do not outlive
 * shared memory: a transaction that is prepared and has no record here was prepared
 * before, and nobody knows what it has to announce.  So those that have nothing to
 * announce have their record, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/prepared.h"

#include "access/twophase.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "pg/shmem.h"

#define GID_ROOM 200 /* GIDSIZE of PostgreSQL */

typedef struct Prepared
{
	char   gid[GID_ROOM]; /* empty: the record is free */
	CsNews news;
} Prepared;

static Prepared *table; /* max_prepared_xacts of them */
static LWLock	*table_lock;

static Size
prepared_size(void)
{
	return mul_size(max_prepared_xacts, sizeof(Prepared));
}

static void
prepared_init(void *memory, LWLock *lock)
{
	memset(memory, 0, prepared_size());
}

static void
prepared_attach(void *memory, LWLock *lock)
{
	table = memory;
	table_lock = lock;
}

static const CsShmemPart prepared_part = {"credscore prepared", prepared_size,
										  prepared_init, prepared_attach};

void
cs_prepared_init(void)
{
	cs_shmem_register(&prepared_part);
}

/* The record of a name; "" finds a free one. */
static Prepared *
find(const char *gid)
{
	for (int i = 0; i < max_prepared_xacts; i++)
		if (strcmp(table[i].gid, gid) == 0)
			return &table[i];
	return NULL;
}

void
cs_prepared_keep(const char *gid, const CsNews *news)
{
	Prepared *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find(gid);
	if (p == NULL)
		p = find("");
	if (p != NULL)
	{
		strlcpy(p->gid, gid, sizeof(p->gid));
		p->news = *news;
	}
	LWLockRelease(table_lock);
}

bool
cs_prepared_find(const char *gid, CsNews *news)
{
	Prepared *p;

	memset(news, 0, sizeof(*news));
	LWLockAcquire(table_lock, LW_SHARED);
	p = find(gid);
	if (p != NULL)
		*news = p->news;
	LWLockRelease(table_lock);
	return p != NULL;
}

void
cs_prepared_drop(const char *gid)
{
	Prepared *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find(gid);
	if (p != NULL)
		p->gid[0] = '\0';
	LWLockRelease(table_lock);
}
