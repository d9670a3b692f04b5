/*-------------------------------------------------------------------------
 * shmem.c
 *	  Shared memory: requested once, handed to the modules by name.
 *
 * Each module registers one part; parts lie in the static segment and get an
 * LWLock of the tranche "credscore" each.  One more part, here, is the first
 * segment of a DSA area for requests and answers, whose chunks and bytes are
 * counted.  Nothing in shared memory points into a process.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/shmem.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/memutils.h"

#define MAX_PARTS		  8
#define TRANCHE_NAME	  "credscore"
#define AREA_TRANCHE_NAME "credscore_dsa"

/*
 * First segment of the area.  It holds 1,000 requests of 2 kB and 500
 * answers of 8 kB without a further segment; more segments come and go.
 */
#define AREA_INITIAL_SIZE (8 * 1024 * 1024)

typedef struct AreaPart
{
	int				 tranche_id;
	pg_atomic_uint64 chunks; /* allocated and not freed */
	pg_atomic_uint64 bytes;	 /* in them */
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

static shmem_request_hook_type prev_shmem_request_hook;
static shmem_startup_hook_type prev_shmem_startup_hook;

void
cs_shmem_register(const CsShmemPart *part)
{
	Assert(nparts < MAX_PARTS);
	parts[nparts++] = part;
}

static Size
area_part_size(void)
{
	return add_size(MAXALIGN(offsetof(AreaPart, place)), AREA_INITIAL_SIZE);
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

/*
 * Creates the area in the postmaster.  The limit keeps the postmaster from
 * making a dynamic segment of its own; it is lifted for everybody else.
 */
static void
create_area(AreaPart *part)
{
	dsa_area *created;

	part->tranche_id = LWLockNewTrancheId();
	LWLockRegisterTranche(part->tranche_id, AREA_TRANCHE_NAME);
	pg_atomic_init_u64(&part->chunks, 0);
	pg_atomic_init_u64(&part->bytes, 0);
	if (!pg_strong_random(part->cluster_key, sizeof(part->cluster_key)))
		ereport(FATAL,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate the secret key of credscore")));
	created = dsa_create_in_place(AREA_PLACE(part), AREA_INITIAL_SIZE,
								  part->tranche_id, NULL);
	dsa_pin(created);
	dsa_set_size_limit(created, AREA_INITIAL_SIZE);
	dsa_set_size_limit(created, (size_t) -1);
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

/*
 * The process' mappings of dynamic segments are gone already when this is
 * called; what is left is its reference to the area.
 */
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
cs_shmem_allocate(Size size)
{
	MemoryContext caller = CurrentMemoryContext;
	dsa_pointer	  start = InvalidDsaPointer;
	ChunkHeader	 *header;

	PG_TRY();
	{
		start =
			dsa_allocate_extended(cs_shmem_area(), add_size(HEADER_SIZE, size),
								  DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
	}
	PG_CATCH();
	{
		/* A full /dev/shm is reported by ereport even with NO_OOM. */
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		LWLockReleaseAll();
		start = InvalidDsaPointer;
	}
	PG_END_TRY();

	if (!DsaPointerIsValid(start))
		return InvalidDsaPointer;
	header = dsa_get_address(cs_shmem_area(), start);
	header->size = size;
	pg_atomic_fetch_add_u64(&area_part->chunks, 1);
	pg_atomic_fetch_add_u64(&area_part->bytes, size);
	return start + HEADER_SIZE;
}

void
cs_shmem_free(dsa_pointer chunk)
{
	dsa_pointer	 start = chunk - HEADER_SIZE;
	ChunkHeader *header = dsa_get_address(cs_shmem_area(), start);
	Size		 size = header->size;

	dsa_free(cs_shmem_area(), start);
	pg_atomic_fetch_sub_u64(&area_part->chunks, 1);
	pg_atomic_fetch_sub_u64(&area_part->bytes, size);
}

CsShmemUse
cs_shmem_use(void)
{
	CsShmemUse use = {pg_atomic_read_u64(&area_part->chunks),
					  pg_atomic_read_u64(&area_part->bytes)};

	return use;
}

const uint8 *
cs_shmem_cluster_key(void)
{
	return area_part->cluster_key;
}
