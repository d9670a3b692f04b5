/*-------------------------------------------------------------------------
 * shmem.c
 *	  Shared memory: requested once, handed to the modules by name.
 *
 * Each module registers one part; parts lie in the static segment and get an
 * LWLock of the tranche "credscore" each.  One more part, here, is a DSA area
 * for requests and answers, whose chunks and bytes are counted.  Nothing in
 * shared memory points into a process.
 *
 * The area never grows beyond the static segment.  With segments of its own it
 * would take from other queries what their parallel plans need, of a file
 * system that may be small (64 MB in a container); would not give it back,
 * since PostgreSQL's DSA returns a segment only when a block of small chunks
 * in it becomes free, never when a large chunk does; and would leave a
 * descriptor behind with each attempt that fails, which the end of the
 * transaction reports as a leak.  Here a chunk's address is known without
 * mapping anything, so that looking at one cannot fail.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/shmem.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#include "pg/clock.h"
#include "pg/guc.h"

#define MAX_PARTS		  16
#define TRANCHE_NAME	  "credscore"
#define AREA_TRANCHE_NAME "credscore_dsa"

/*
 * What the area has beside the cache: for each open question a request of 2 kB
 * and an answer, until its session takes it; and a quarter of the cache for
 * what chunks take more than they were asked for.
 */
#define BYTES_PER_QUESTION ((Size) 8 * 1024)
#define MIN_WORKING_SIZE   ((Size) 8 * 1024 * 1024)
#define CACHE_LOSS		   4

typedef struct AreaPart
{
	int				 tranche_id;
	Size			 size;
	pg_atomic_uint64 chunks;   /* allocated and not freed */
	pg_atomic_uint64 bytes;	   /* in them */
	pg_atomic_uint64 failures; /* chunks that found no room */
	pg_atomic_uint64 failed_at;
	uint8			 cluster_key[CS_CLUSTER_KEY_SIZE];
	char place[FLEXIBLE_ARRAY_MEMBER]; /* MAXALIGNed by its offset */
} AreaPart;

#define AREA_PLACE(part) \
	((char *) (part) + MAXALIGN(offsetof(AreaPart, place)))

/* Lies before each chunk, whose pointer leads behind it. */
typedef struct ChunkHeader
{
	Size size; /* as it was asked for */
} ChunkHeader;

#define HEADER_SIZE MAXALIGN(sizeof(ChunkHeader))

static const CsShmemPart *parts[MAX_PARTS];
static int				  nparts;
static AreaPart			 *area_part;
static dsa_area			 *area; /* attached in this process, or NULL */
static CsShmemRelief	  relief;

static shmem_request_hook_type prev_shmem_request_hook;
static shmem_startup_hook_type prev_shmem_startup_hook;

void
cs_shmem_register(const CsShmemPart *part)
{
	Assert(nparts < MAX_PARTS);
	parts[nparts++] = part;
}

void
cs_shmem_on_shortage(CsShmemRelief function)
{
	relief = function;
}

static Size
area_size(void)
{
	Size cache = mul_size(cs_guc_cache_size(), 1024);
	Size working = mul_size(cs_guc_max_questions(), BYTES_PER_QUESTION);

	return add_size(add_size(cache, cache / CACHE_LOSS),
					Max(working, MIN_WORKING_SIZE));
}

static Size
area_part_size(void)
{
	return add_size(MAXALIGN(offsetof(AreaPart, place)), area_size());
}

static void
shmem_request(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();

	RequestAddinShmemSpace(MAXALIGN(area_part_size()));
	for (int i = 0; i < nparts; i++)
		RequestAddinShmemSpace(MAXALIGN(parts[i]->size()));
	RequestNamedLWLockTranche(TRANCHE_NAME, nparts);
}

/* Creates the area in the postmaster; the limit keeps it where it is. */
static void
create_area(AreaPart *part)
{
	dsa_area *created;

	part->tranche_id = LWLockNewTrancheId();
	LWLockRegisterTranche(part->tranche_id, AREA_TRANCHE_NAME);
	pg_atomic_init_u64(&part->chunks, 0);
	pg_atomic_init_u64(&part->bytes, 0);
	pg_atomic_init_u64(&part->failures, 0);
	pg_atomic_init_u64(&part->failed_at, 0);
	part->size = area_size();
	if (!pg_strong_random(part->cluster_key, sizeof(part->cluster_key)))
		ereport(FATAL,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate the secret key of credscore")));
	created = dsa_create_in_place(AREA_PLACE(part), part->size,
								  part->tranche_id, NULL);
	dsa_pin(created);
	dsa_set_size_limit(created, part->size);
	dsa_detach(created);
}

static void
shmem_startup(void)
{
	LWLockPadded *locks;
	bool		  found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	locks = GetNamedLWLockTranche(TRANCHE_NAME);
	area_part = ShmemInitStruct("credscore area", area_part_size(), &found);
	if (!found)
		create_area(area_part);
	for (int i = 0; i < nparts; i++)
	{
		void *memory =
			ShmemInitStruct(parts[i]->name, parts[i]->size(), &found);

		if (!found)
			parts[i]->init(memory, &locks[i].lock);
		parts[i]->attach(memory, &locks[i].lock);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
cs_shmem_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = shmem_request;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = shmem_startup;
}

bool
cs_shmem_ready(void)
{
	return area_part != NULL;
}

void
cs_shmem_require(void)
{
	if (!cs_shmem_ready())
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(
				 "credscore must be loaded via \"shared_preload_libraries\""),
			 errhint(
				 "Add credscore to shared_preload_libraries in postgresql.conf and restart the server.")));
}

/* Gives the process' reference to the area back. */
static void
release_area(int code, Datum arg)
{
	area = NULL;
	dsa_release_in_place(AREA_PLACE(area_part));
}

dsa_area *
cs_shmem_area(void)
{
	if (area == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		LWLockRegisterTranche(area_part->tranche_id, AREA_TRANCHE_NAME);
		area = dsa_attach_in_place(AREA_PLACE(area_part), NULL);
		dsa_pin_mapping(area);
		on_shmem_exit(release_area, (Datum) 0);
		MemoryContextSwitchTo(old);
	}
	return area;
}

dsa_pointer
cs_shmem_allocate_spare(Size size)
{
	dsa_pointer start =
		dsa_allocate_extended(cs_shmem_area(), add_size(HEADER_SIZE, size),
							  DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
	ChunkHeader *header;

	if (!DsaPointerIsValid(start))
		return InvalidDsaPointer;
	header = dsa_get_address(cs_shmem_area(), start);
	header->size = size;
	pg_atomic_fetch_add_u64(&area_part->chunks, 1);
	pg_atomic_fetch_add_u64(&area_part->bytes, size);
	return start + HEADER_SIZE;
}

/*
 * What gives way does so by much at once: each small chunk that finds no room
 * costs the area the descriptor of a block, which PostgreSQL forgets.
 */
dsa_pointer
cs_shmem_allocate(Size size)
{
	dsa_pointer chunk;

	do
		chunk = cs_shmem_allocate_spare(size);
	while (!DsaPointerIsValid(chunk) && size < area_part->size &&
		   relief != NULL && relief(size));
	if (!DsaPointerIsValid(chunk))
	{
		pg_atomic_fetch_add_u64(&area_part->failures, 1);
		pg_atomic_write_u64(&area_part->failed_at, (uint64) cs_clock_ticks());
	}
	return chunk;
}

static ChunkHeader *
header_of(dsa_pointer chunk)
{
	return dsa_get_address(cs_shmem_area(), chunk - HEADER_SIZE);
}

Size
cs_shmem_chunk_size(dsa_pointer chunk)
{
	return header_of(chunk)->size;
}

void
cs_shmem_free(dsa_pointer chunk)
{
	Size size = header_of(chunk)->size;

	dsa_free(cs_shmem_area(), chunk - HEADER_SIZE);
	pg_atomic_fetch_sub_u64(&area_part->chunks, 1);
	pg_atomic_fetch_sub_u64(&area_part->bytes, size);
}

void
cs_shmem_trim(void)
{
	dsa_trim(cs_shmem_area());
}

CsShmemUse
cs_shmem_use(void)
{
	CsShmemUse use = {
		.chunks = pg_atomic_read_u64(&area_part->chunks),
		.bytes = pg_atomic_read_u64(&area_part->bytes),
		.size = area_part->size,
		.failures = pg_atomic_read_u64(&area_part->failures),
		.failed_at = (CsInstant) pg_atomic_read_u64(&area_part->failed_at)};

	return use;
}

void
cs_shmem_reset(void)
{
	pg_atomic_write_u64(&area_part->failures, 0);
	pg_atomic_write_u64(&area_part->failed_at, 0);
}

const uint8 *
cs_shmem_cluster_key(void)
{
	return area_part->cluster_key;
}
