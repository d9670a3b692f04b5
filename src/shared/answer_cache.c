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
 * Entries know when they expire, and go then: the courier's heartbeat sweeps
 * them out.  When there is no place, bodies exceed credscore.cache_size, or
 * anybody finds no room in shared memory (give_way), a clock hand goes round
 * the entries: one that was read since its last visit stays, unless expired.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/answer_cache.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "pg/shmem.h"

/* One entry is planned for so many bytes of cache; answers are longer. */
#define BYTES_PER_ENTRY 2048
#define MIN_ENTRIES		64

/* How many entries go at once, under the lock. */
#define MAX_EVICTED 64

/*
 * So many entries are looked at under the lock; and so many, or such a part of
 * the table, in one go.
 */
#define SWEEP_SLICE 1024
#define SWEEP_LEAST (16 * SWEEP_SLICE)
#define SWEEP_SHARE 60

/* Who finds no room gets this part of the cache, so as not to ask each time. */
#define GIVE_WAY_SHARE 16

/*
 * Whether fresh answers make room for others steadily is seen over so many
 * replies, the last ones counting most; and it is over after ten minutes.
 */
#define PRESS_REPLIES 1024
#define PRESS_SHARE	  10
#define PRESS_LEAST	  16
#define PRESS_US	  (600 * CS_US_PER_S)

typedef struct CacheEntry
{
	CsKey			 key;
	CsKey			 server;
	CsKey			 account;
	CsKey			 subject;
	int				 next; /* in the bucket, or the free list; -1: last */
	bool			 used;
	pg_atomic_uint32 read; /* since the clock hand came by */
	uint32			 size;
	CsInstant		 stored_at;
	CsInstant		 expires_at;
	dsa_pointer		 body;
	int				 http_status;
	char			 request_id[40];
	TimestampTz		 received_at;
} CacheEntry;

typedef struct CacheTable
{
	int		   nentries;
	int		   nbuckets;
	int		   hand;  /* of the clock */
	int		   sweep; /* where the next sweep goes on */
	int		   free_head;
	int		   nused;
	int64	   bytes;
	uint64	   stored; /* since the last reset, as all that follows */
	uint64	   expired;
	uint64	   evicted;
	int64	   largest;
	int		   late_stored; /* halved now and then */
	int		   late_evicted;
	CsInstant  evicted_at;
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

static bool give_way(Size wanted);

void
cs_answer_cache_init(void)
{
	cs_shmem_register(&cache_part);
	cs_shmem_on_shortage(give_way);
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

static bool
is_expired(const CacheEntry *entry, CsInstant now)
{
	return entry->used && entry->expires_at <= now;
}

/* Takes out what makes room for others; its body is the caller's to release. */
static dsa_pointer
evict(CacheEntry *entry, CsInstant now)
{
	if (is_expired(entry, now))
		cache->expired++;
	else
	{
		cache->evicted++;
		cache->late_evicted++;
		cache->evicted_at = now;
	}
	return take_out(entry);
}

/* Moves the clock hand to an entry that may go. */
static CacheEntry *
next_victim(CsInstant now)
{
	for (int visited = 0; visited < 2 * cache->nentries; visited++)
	{
		CacheEntry *entry = &cache->entries[cache->hand];

		cache->hand = (cache->hand + 1) % cache->nentries;
		if (is_expired(entry, now) ||
			(entry->used && pg_atomic_exchange_u32(&entry->read, 0) == 0))
			return entry;
	}
	return NULL;
}

static void
put_in(const CsKey *key, const CsSpec *spec, const CsOutcome *outcome,
	   dsa_pointer body, uint32 size)
{
	const CsSharedAccount *account = cs_spec_account(spec);
	int					  *bucket = bucket_of(key);
	CacheEntry			  *entry = &cache->entries[cache->free_head];

	cache->free_head = entry->next;
	entry->key = *key;
	entry->server = account->server_key;
	entry->account = account->account_key;
	entry->subject = spec->subject_key;
	entry->next = *bucket;
	*bucket = entry - cache->entries;
	entry->used = true;
	pg_atomic_write_u32(&entry->read, 0);
	entry->size = size;
	entry->stored_at = cs_clock_ticks();
	entry->expires_at =
		entry->stored_at + account->limits.cache_ttl * CS_US_PER_MS;
	entry->body = body;
	entry->http_status = outcome->http_status;
	strlcpy(entry->request_id, outcome->request_id, sizeof(entry->request_id));
	entry->received_at = outcome->received_at;
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
		found->outcome.received_at = entry->received_at;
		found->outcome.cached = true;
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

/* Under the lock. */
static void
count_stored(void)
{
	cache->stored++;
	if (++cache->late_stored < PRESS_REPLIES)
		return;
	cache->late_stored /= 2;
	cache->late_evicted /= 2;
}

/*
 * Under the lock: evicts until there are no more bytes and entries than that.
 * Adds to the bodies that the caller releases, and returns how many they are.
 */
static int
keep_within(int64 bytes, int entries, dsa_pointer *gone, int ngone)
{
	CsInstant now = cs_clock_ticks();

	while (ngone < MAX_EVICTED &&
		   (cache->bytes > bytes || cache->nused > entries))
	{
		CacheEntry *entry = next_victim(now);

		if (entry == NULL)
			break;
		gone[ngone++] = evict(entry, now);
	}
	return ngone;
}

void
cs_answer_cache_store(const CsKey *key, const CsSpec *spec,
					  const CsOutcome *outcome, dsa_pointer body)
{
	int64		limit = (int64) cs_guc_cache_size() * 1024;
	uint32		size = cs_reply_size(body);
	dsa_pointer gone[MAX_EVICTED + 1];
	int			ngone = 0;
	CacheEntry *entry;

	LWLockAcquire(cache_lock, LW_EXCLUSIVE);
	cache->largest = Max(cache->largest, (int64) size);
	entry = find(key);
	if (entry != NULL)
		gone[ngone++] = take_out(entry);
	if (size <= limit / 4)
		ngone = keep_within(limit - size, cache->nentries - 1, gone, ngone);
	if (size <= limit / 4 && cache->free_head >= 0 &&
		cache->bytes + size <= limit)
	{
		put_in(key, spec, outcome, body, size);
		count_stored();
	}
	else
		gone[ngone++] = body;
	LWLockRelease(cache_lock);
	release_all(gone, ngone);
}

void
cs_answer_cache_refine(const CsKey *key, dsa_pointer raw, dsa_pointer body)
{
	CacheEntry *entry;
	dsa_pointer gone[MAX_EVICTED + 1];
	int			ngone = 0;
	uint32		size = cs_reply_size(body);

	LWLockAcquire(cache_lock, LW_EXCLUSIVE);
	entry = find(key);
	if (entry != NULL && entry->body == raw)
	{
		gone[ngone++] = entry->body;
		cache->bytes += (int64) size - entry->size;
		entry->body = body;
		entry->size = size;
		ngone = keep_within((int64) cs_guc_cache_size() * 1024,
							cache->nentries, gone, ngone);
	}
	else
		gone[ngone++] = body;
	LWLockRelease(cache_lock);
	release_all(gone, ngone);
}

/* --- forgetting --- */

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
	cs_shmem_trim();
	return cleared;
}

int64
cs_answer_cache_count(const CsKey *subject)
{
	int64 n = 0;

	LWLockAcquire(cache_lock, LW_SHARED);
	for (int i = 0; i < cache->nentries; i++)
		n += cache->entries[i].used &&
			 cs_key_equal(&cache->entries[i].subject, subject);
	LWLockRelease(cache_lock);
	return n;
}

int64
cs_answer_cache_forget(const CsKey *subject)
{
	int64 forgotten = 0;

	for (int i = 0; i < cache->nentries; i++)
	{
		CacheEntry *entry = &cache->entries[i];
		dsa_pointer body = InvalidDsaPointer;

		LWLockAcquire(cache_lock, LW_EXCLUSIVE);
		if (entry->used && cs_key_equal(&entry->subject, subject))
			body = take_out(entry);
		LWLockRelease(cache_lock);
		if (!DsaPointerIsValid(body))
			continue;
		cs_reply_wipe(body);
		cs_reply_release(body);
		forgotten++;
	}
	return forgotten;
}

/* Looks at a slice of the table, or less if much is expired. */
static int
sweep(CsInstant now, int *looked_at)
{
	dsa_pointer gone[MAX_EVICTED];
	int			ngone = 0;
	int			n = 0;

	LWLockAcquire(cache_lock, LW_EXCLUSIVE);
	while (n < SWEEP_SLICE && ngone < MAX_EVICTED)
	{
		CacheEntry *entry = &cache->entries[cache->sweep];

		cache->sweep = (cache->sweep + 1) % cache->nentries;
		n++;
		if (is_expired(entry, now))
			gone[ngone++] = evict(entry, now);
	}
	LWLockRelease(cache_lock);
	release_all(gone, ngone);
	*looked_at += n;
	return ngone;
}

/* Sweeps a small table in one go, and a large one in so many. */
static int
sweep_share(void)
{
	int most =
		Max(Min(cache->nentries, SWEEP_LEAST), cache->nentries / SWEEP_SHARE);
	CsInstant now = cs_clock_ticks();
	int		  looked_at = 0;
	int		  gone = 0;

	while (cache->nused > 0 && looked_at < most)
		gone += sweep(now, &looked_at);
	return gone;
}

void
cs_answer_cache_expire(void)
{
	if (sweep_share() > 0)
		cs_shmem_trim();
}

/* Evicts until so many bytes are out, or as much as goes at once. */
static int64
evict_some(int64 wanted)
{
	CsInstant	now = cs_clock_ticks();
	dsa_pointer gone[MAX_EVICTED];
	int			ngone = 0;
	int64		bytes = 0;

	LWLockAcquire(cache_lock, LW_EXCLUSIVE);
	while (ngone < MAX_EVICTED && bytes < wanted)
	{
		CacheEntry *entry = next_victim(now);

		if (entry == NULL)
			break;
		bytes += entry->size;
		gone[ngone++] = evict(entry, now);
	}
	LWLockRelease(cache_lock);
	release_all(gone, ngone);
	return bytes;
}

/*
 * Somebody finds no room in shared memory: what is expired goes, and then as
 * much as makes room with some to spare.  No lock is held.
 */
static bool
give_way(Size wanted)
{
	int64 goal = Max((int64) wanted, cache->bytes / GIVE_WAY_SHARE);
	bool  gave = sweep_share() > 0;
	int64 freed = 0;
	int64 bytes = 1;

	while (!gave && freed < goal && bytes > 0)
	{
		bytes = evict_some(goal - freed);
		freed += bytes;
	}
	gave |= freed > 0;
	if (gave)
		cs_shmem_trim();
	return gave;
}

/* --- looking --- */

static bool
presses(CsInstant now)
{
	return cache->late_evicted >= PRESS_LEAST &&
		   cache->late_evicted * PRESS_SHARE > cache->late_stored &&
		   now - cache->evicted_at < PRESS_US;
}

void
cs_answer_cache_view(CsCacheView *view)
{
	LWLockAcquire(cache_lock, LW_SHARED);
	view->entries = cache->nused;
	view->most_entries = cache->nentries;
	view->bytes = cache->bytes;
	view->stored = cache->stored;
	view->expired = cache->expired;
	view->evicted = cache->evicted;
	view->largest = cache->largest;
	view->evicted_at = cache->evicted_at;
	view->presses = presses(cs_clock_ticks());
	LWLockRelease(cache_lock);
}

void
cs_answer_cache_reset(void)
{
	LWLockAcquire(cache_lock, LW_EXCLUSIVE);
	cache->stored = cache->expired = cache->evicted = 0;
	cache->largest = 0;
	cache->late_stored = cache->late_evicted = 0;
	cache->evicted_at = 0;
	LWLockRelease(cache_lock);
}
