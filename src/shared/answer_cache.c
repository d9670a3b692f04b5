/*-------------------------------------------------------------------------
 * answer_cache.c
 *	  CACHE: replies that were paid for, shared over all sessions.
 *
 * A hash table of fixed size in static shared memory; bodies lie in the DSA
 * area and are counted by reference, so that a reader keeps what it found
 * while another reply takes its place.  Readers hold the lock shared for a
 * copy of an entry; writers exclusively, for a few assignments per entry.
 * Memory is freed outside the lock.
 *
 * When there is no place, or bodies exceed credscore.cache_size, a clock hand
 * goes round the entries: one that was read since its last visit stays.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/answer_cache.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "pg/shmem.h"

/* One entry is planned for so many bytes of cache; answers are longer. */
#define BYTES_PER_ENTRY 2048
#define MIN_ENTRIES		64

/* How many entries one store may take away: it makes place for one reply. */
#define MAX_EVICTED 64

typedef struct CacheEntry
{
	CsKey			 key;
	CsKey			 server;
	CsKey			 account;
	int				 next; /* in the bucket, or the free list; -1: last */
	bool			 used;
	pg_atomic_uint32 read; /* since the clock hand came by */
	uint32			 size;
	CsInstant		 stored_at;
	dsa_pointer		 body;
	int				 http_status;
	char			 request_id[40];
} CacheEntry;

typedef struct CacheTable
{
	int		   nentries;
	int		   nbuckets;
	int		   hand;
	int		   free_head;
	int		   nused;
	int64	   bytes;
	CacheEntry entries[FLEXIBLE_ARRAY_MEMBER];
	/* followed by `int buckets[nbuckets]` */
} CacheTable;

static CacheTable *cache;
static int		  *buckets;
static LWLock	  *cache_lock;

static int
entry_count(void)
{
	return Max((int64) cs_guc_cache_size() * 1024 / BYTES_PER_ENTRY,
			   MIN_ENTRIES);
}

static Size
cache_shmem_size(void)
{
	Size n = entry_count();

	return add_size(offsetof(CacheTable, entries),
					mul_size(n, sizeof(CacheEntry) + sizeof(int)));
}

static void
cache_shmem_init(void *memory, LWLock *lock)
{
	CacheTable *table = memory;
	int		   *first;

	memset(table, 0, cache_shmem_size());
	table->nentries = table->nbuckets = entry_count();
	first = (int *) &table->entries[table->nentries];
	for (int i = 0; i < table->nbuckets; i++)
		first[i] = -1;
	for (int i = 0; i < table->nentries; i++)
	{
		pg_atomic_init_u32(&table->entries[i].read, 0);
		table->entries[i].next = i + 1 < table->nentries ? i + 1 : -1;
	}
}

static void
cache_shmem_attach(void *memory, LWLock *lock)
{
	cache = memory;
	cache_lock = lock;
	buckets = (int *) &cache->entries[cache->nentries];
}

static const CsShmemPart cache_part = {"credscore cache", cache_shmem_size,
									   cache_shmem_init, cache_shmem_attach};

void
cs_answer_cache_init(void)
{
	cs_shmem_register(&cache_part);
}

/* --- the table; the lock is held --- */

/* Keys are digests: any part of one is as good as a hash. */
static int *
bucket_of(const CsKey *key)
{
	uint32 hash;

	memcpy(&hash, key->bytes, sizeof(hash));
	return &buckets[hash % (uint32) cache->nbuckets];
}

static CacheEntry *
find(const CsKey *key)
{
	for (int i = *bucket_of(key); i >= 0; i = cache->entries[i].next)
		if (cs_key_equal(&cache->entries[i].key, key))
			return &cache->entries[i];
	return NULL;
}

/* Takes an entry out; its body is the caller's to release. */
static dsa_pointer
take_out(CacheEntry *entry)
{
	int	 self = entry - cache->entries;
	int *link = bucket_of(&entry->key);

	while (*link != self)
		link = &cache->entries[*link].next;
	*link = entry->next;
	entry->used = false;
	entry->next = cache->free_head;
	cache->free_head = self;
	cache->nused--;
	cache->bytes -= entry->size;
	return entry->body;
}

/* Moves the clock hand to an entry that may go. */
static CacheEntry *
next_victim(void)
{
	for (int visited = 0; visited < 2 * cache->nentries; visited++)
	{
		CacheEntry *entry = &cache->entries[cache->hand];

		cache->hand = (cache->hand + 1) % cache->nentries;
		if (entry->used && pg_atomic_exchange_u32(&entry->read, 0) == 0)
			return entry;
	}
	return NULL;
}

static void
put_in(const CsKey *key, const CsSharedAccount *account,
	   const CsOutcome *outcome, dsa_pointer body, uint32 size)
{
	int		   *bucket = bucket_of(key);
	CacheEntry *entry = &cache->entries[cache->free_head];

	cache->free_head = entry->next;
	entry->key = *key;
	entry->server = account->server_key;
	entry->account = account->account_key;
	entry->next = *bucket;
	*bucket = entry - cache->entries;
	entry->used = true;
	pg_atomic_write_u32(&entry->read, 0);
	entry->size = size;
	entry->stored_at = cs_clock_ticks();
	entry->body = body;
	entry->http_status = outcome->http_status;
	strlcpy(entry->request_id, outcome->request_id, sizeof(entry->request_id));
	cache->nused++;
	cache->bytes += size;
}

/* --- reading --- */

bool
cs_answer_cache_find(const CsKey *key, int max_age_ms, CsInstant after,
					 CsCached *found)
{
	CsInstant	oldest = cs_clock_ticks() - max_age_ms * CS_US_PER_MS;
	CacheEntry *entry;
	bool		hit = false;

	LWLockAcquire(cache_lock, LW_SHARED);
	entry = find(key);
	if (entry != NULL && entry->stored_at >= oldest &&
		entry->stored_at > after)
	{
		hit = true;
		memset(&found->outcome, 0, sizeof(found->outcome));
		found->outcome.http_status = entry->http_status;
		strlcpy(found->outcome.request_id, entry->request_id,
				sizeof(found->outcome.request_id));
		found->body = entry->body;
		found->stored_at = entry->stored_at;
		cs_reply_addref(entry->body);
		pg_atomic_write_u32(&entry->read, 1);
	}
	LWLockRelease(cache_lock);
	return hit;
}

/* --- writing --- */

static void
release_all(const dsa_pointer *bodies, int n)
{
	for (int i = 0; i < n; i++)
		cs_reply_release(bodies[i]);
}

void
cs_answer_cache_store(const CsKey *key, const CsSharedAccount *account,
					  const CsOutcome *outcome, dsa_pointer body)
{
	int64		limit = (int64) cs_guc_cache_size() * 1024;
	uint32		size = cs_reply_size(body);
	dsa_pointer gone[MAX_EVICTED + 1];
	int			ngone = 0;
	CacheEntry *entry;

	if (size > limit / 4)
	{
		cs_reply_release(body);
		return;
	}
	LWLockAcquire(cache_lock, LW_EXCLUSIVE);
	entry = find(key);
	if (entry != NULL)
		gone[ngone++] = take_out(entry);
	while (ngone < MAX_EVICTED &&
		   (cache->bytes + size > limit || cache->nused == cache->nentries))
	{
		entry = next_victim();
		if (entry == NULL)
			break;
		gone[ngone++] = take_out(entry);
	}
	if (cache->free_head >= 0 && cache->bytes + size <= limit)
		put_in(key, account, outcome, body, size);
	else
		gone[ngone++] = body;
	LWLockRelease(cache_lock);
	release_all(gone, ngone);
}

void
cs_answer_cache_refine(const CsKey *key, dsa_pointer raw, dsa_pointer body)
{
	CacheEntry *entry;
	dsa_pointer gone = body;
	uint32		size = cs_reply_size(body);

	LWLockAcquire(cache_lock, LW_EXCLUSIVE);
	entry = find(key);
	if (entry != NULL && entry->body == raw)
	{
		gone = entry->body;
		cache->bytes += (int64) size - entry->size;
		entry->body = body;
		entry->size = size;
	}
	LWLockRelease(cache_lock);
	cs_reply_release(gone);
}

static bool
is_of(const CsKey *key, const CsKey *wanted)
{
	return wanted == NULL || cs_key_equal(key, wanted);
}

int64
cs_answer_cache_clear(const CsKey *server, const CsKey *account)
{
	int64 cleared = 0;

	for (int i = 0; i < cache->nentries; i++)
	{
		CacheEntry *entry = &cache->entries[i];
		dsa_pointer body = InvalidDsaPointer;

		LWLockAcquire(cache_lock, LW_EXCLUSIVE);
		if (entry->used && is_of(&entry->server, server) &&
			is_of(&entry->account, account))
			body = take_out(entry);
		LWLockRelease(cache_lock);
		if (DsaPointerIsValid(body))
		{
			cs_reply_release(body);
			cleared++;
		}
	}
	return cleared;
}
