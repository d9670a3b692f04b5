/*-------------------------------------------------------------------------
 * prepared.c
 *	  What prepared transactions will announce when they are committed.
 *
 * A few records in static shared memory, by the name of the transaction, which
 * is unique over all databases.  They do not outlive the server: after its
 * start the worker of each database looks at all rows anyway, but rows of a
 * transaction that is committed later it cannot have seen.  So what is committed
 * under a name that is not known here may have rows.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/prepared.h"

#include "access/xact.h"
#include "storage/lwlock.h"

#include "pg/shmem.h"

#define MAX_PREPARED 64
#define GID_ROOM	 200 /* GIDSIZE of PostgreSQL */

typedef struct Prepared
{
	char   gid[GID_ROOM]; /* empty: the record is free */
	CsNews news;
} Prepared;

typedef struct PreparedTable
{
	bool	 overflowed; /* one found no room */
	Prepared prepared[MAX_PREPARED];
} PreparedTable;

static PreparedTable *table;
static LWLock		 *table_lock;

static Size
prepared_size(void)
{
	return sizeof(PreparedTable);
}

static void
prepared_init(void *memory, LWLock *lock)
{
	memset(memory, 0, sizeof(PreparedTable));
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
	for (int i = 0; i < MAX_PREPARED; i++)
		if (strcmp(table->prepared[i].gid, gid) == 0)
			return &table->prepared[i];
	return NULL;
}

void
cs_prepared_keep(const char *gid, const CsNews *news)
{
	Prepared *p;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	p = find("");
	if (p != NULL)
	{
		strlcpy(p->gid, gid, sizeof(p->gid));
		p->news = *news;
	}
	else
		table->overflowed = true;
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
	else
		news->look_at_all = table->overflowed;
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
