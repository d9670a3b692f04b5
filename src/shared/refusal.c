/*-------------------------------------------------------------------------
 * refusal.c
 *	  Accounts that their provider refused, in shared memory, until it accepts
 *	  them.
 *
 * A fixed array.  Only the courier writes, under the lock; it alone may look
 * without.  Accounts that are gone stay until their place is wanted: the one
 * that was refused longest ago makes room.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/refusal.h"

#include "pg/clock.h"
#include "pg/shmem.h"

#define MAX_REFUSED 256

typedef struct RefusalTable
{
	int		  n; /* places from here on are empty */
	CsRefused refused[MAX_REFUSED];
} RefusalTable;

static RefusalTable *table;
static LWLock		*table_lock;

static Size
refusals_size(void)
{
	return sizeof(RefusalTable);
}

static void
refusals_create(void *memory, LWLock *lock)
{
	memset(memory, 0, sizeof(RefusalTable));
}

static void
refusals_attach(void *memory, LWLock *lock)
{
	table = memory;
	table_lock = lock;
}

static const CsShmemPart refusals_part = {"credscore refusals", refusals_size,
										  refusals_create, refusals_attach};

void
cs_refusal_init(void)
{
	cs_shmem_register(&refusals_part);
}

static CsRefused *
find(const CsKey *server, const CsKey *account)
{
	for (int i = 0; i < table->n; i++)
		if (cs_key_equal(&table->refused[i].server, server) &&
			cs_key_equal(&table->refused[i].account, account))
			return &table->refused[i];
	return NULL;
}

/* An empty place, or that of the one refused longest ago. */
static CsRefused *
make_room(void)
{
	CsRefused *oldest = &table->refused[0];

	if (table->n < MAX_REFUSED)
		return &table->refused[table->n++];
	for (int i = 1; i < MAX_REFUSED; i++)
		if (table->refused[i].since < oldest->since)
			oldest = &table->refused[i];
	return oldest;
}

bool
cs_refusal_note(const CsKey *server, const CsKey *account, CsErrorCode code)
{
	if (find(server, account) != NULL)
		return false;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	*make_room() = (CsRefused){*server, *account, code, cs_clock_now()};
	LWLockRelease(table_lock);
	return true;
}

bool
cs_refusal_lift(const CsKey *server, const CsKey *account)
{
	CsRefused *found = find(server, account);

	if (found == NULL)
		return false;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	*found = table->refused[--table->n];
	LWLockRelease(table_lock);
	return true;
}

bool
cs_refusal_find(const CsKey *server, const CsKey *account, CsRefused *refused)
{
	CsRefused *found;

	LWLockAcquire(table_lock, LW_SHARED);
	found = find(server, account);
	if (found != NULL)
		*refused = *found;
	LWLockRelease(table_lock);
	return found != NULL;
}
