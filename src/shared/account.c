/*-------------------------------------------------------------------------
 * account.c
 *	  Accounts in shared memory.
 *
 * A table of places says which are in use; blocks lie in the DSA area.  The
 * lock guards which key is where: shared to find one and count oneself in,
 * exclusive to take a place or to leave it empty.  Nothing of the area is
 * looked at under the lock, since attaching to it may raise.  Who has a
 * reference counts another without the lock.  The last one to go takes the
 * lock and looks whether the place still is the same and still without users:
 * meanwhile it may have been found again, or emptied by another last one.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/account.h"

#include "port/atomics.h"

#include "pg/compat.h"
#include "pg/shmem.h"

/* A session asks with one or two at a time, now and then with hundreds. */
#define PLACES_PER_PROCESS 2
#define MIN_PLACES		   4096

typedef struct Place
{
	CsKey			 key;
	dsa_pointer		 block; /* InvalidDsaPointer: the place is empty */
	uint32			 size;
	pg_atomic_uint32 users;
} Place;

typedef struct AccountTable
{
	int				 nplaces;
	int				 nused; /* no place beyond the first so many is taken */
	pg_atomic_uint64 last_serial;
	Place			 places[FLEXIBLE_ARRAY_MEMBER];
} AccountTable;

static AccountTable *table;
static LWLock		*table_lock;

static int
place_count(void)
{
	return Max(PLACES_PER_PROCESS * cs_compat_process_count(), MIN_PLACES);
}

static Size
accounts_size(void)
{
	return add_size(offsetof(AccountTable, places),
					mul_size(place_count(), sizeof(Place)));
}

static void
accounts_create(void *memory, LWLock *lock)
{
	AccountTable *t = memory;

	memset(t, 0, accounts_size());
	t->nplaces = place_count();
	pg_atomic_init_u64(&t->last_serial, 0);
	for (int i = 0; i < t->nplaces; i++)
		pg_atomic_init_u32(&t->places[i].users, 0);
}

static void
accounts_attach(void *memory, LWLock *lock)
{
	table = memory;
	table_lock = lock;
}

static const CsShmemPart accounts_part = {"credscore accounts", accounts_size,
										  accounts_create, accounts_attach};

void
cs_account_init(void)
{
	cs_shmem_register(&accounts_part);
}

uint64
cs_account_next_serial(void)
{
	return pg_atomic_add_fetch_u64(&table->last_serial, 1);
}

void
cs_account_renew(CsAccountId account, uint64 serial)
{
	CsSharedAccount *a =
		dsa_get_address(cs_shmem_area(), table->places[account].block);
	uint64 known = pg_atomic_read_u64(&a->serial);

	while (known < serial &&
		   !pg_atomic_compare_exchange_u64(&a->serial, &known, serial))
		;
}

const CsSharedAccount *
cs_account_at(CsAccountId account)
{
	return dsa_get_address(cs_shmem_area(), table->places[account].block);
}

/* Under the lock; counts the caller in. */
static CsAccountId
find(const CsKey *key)
{
	for (int i = 0; i < table->nused; i++)
	{
		Place *place = &table->places[i];

		if (DsaPointerIsValid(place->block) && cs_key_equal(&place->key, key))
		{
			pg_atomic_fetch_add_u32(&place->users, 1);
			return i;
		}
	}
	return CS_NO_ACCOUNT;
}

CsAccountId
cs_account_find(const CsKey *key)
{
	CsAccountId found;

	LWLockAcquire(table_lock, LW_SHARED);
	found = find(key);
	LWLockRelease(table_lock);
	return found;
}

/* Under the lock: an empty place, now with this block and one user. */
static CsAccountId
take_place(const CsKey *key, dsa_pointer block, uint32 size)
{
	int i = 0;

	while (i < table->nused && DsaPointerIsValid(table->places[i].block))
		i++;
	if (i == table->nplaces)
		return CS_NO_ACCOUNT;
	table->nused = Max(table->nused, i + 1);
	table->places[i].key = *key;
	table->places[i].block = block;
	table->places[i].size = size;
	pg_atomic_write_u32(&table->places[i].users, 1);
	return i;
}

CsAccountId
cs_account_put(dsa_pointer block)
{
	CsSharedAccount *ours = dsa_get_address(cs_shmem_area(), block);
	CsKey			 key = ours->key;
	CsAccountId		 found;
	CsAccountId		 placed = CS_NO_ACCOUNT;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	found = find(&key);
	if (found == CS_NO_ACCOUNT)
		placed = take_place(&key, block, ours->size);
	LWLockRelease(table_lock);
	if (found == CS_NO_ACCOUNT)
		return placed;
	cs_block_discard(block, ours->size);
	return found;
}

void
cs_account_use(CsAccountId account)
{
	pg_atomic_fetch_add_u32(&table->places[account].users, 1);
}

void
cs_account_release(CsAccountId account)
{
	Place	   *place = &table->places[account];
	dsa_pointer block = place->block;
	uint32		size = 0;
	bool		gone;

	if (pg_atomic_sub_fetch_u32(&place->users, 1) > 0)
		return;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	gone = place->block == block && pg_atomic_read_u32(&place->users) == 0;
	if (gone)
	{
		size = place->size;
		place->block = InvalidDsaPointer;
	}
	LWLockRelease(table_lock);
	if (gone)
		cs_block_discard(block, size);
}

CsAccount
cs_account_view(const CsSharedAccount *account, CsPair *pairs)
{
	CsAccount view;

	for (int i = 0; i < account->npairs; i++)
	{
		pairs[i].name = cs_block_text(account, account->names[i]);
		pairs[i].value = cs_block_text(account, account->values[i]);
	}
	view.base_url = cs_block_text(account, account->base_url);
	view.pairs = pairs;
	view.npairs = account->npairs;
	return view;
}
