/*-------------------------------------------------------------------------
 * shmem.h
 *	  Shared memory: requested once, handed to the modules by name.
 *------------------------------------------------------------------------- */
#ifndef CS_SHMEM_H
#define CS_SHMEM_H

#include "postgres.h"

#include "storage/lwlock.h"
#include "utils/dsa.h"

#include "base/instant.h"

/* What a module keeps in the static segment. */
typedef struct CsShmemPart
{
	const char *name; /* as pg_shmem_allocations shows it */
	Size (*size)(void);
	void (*init)(void *memory, LWLock *lock);	/* first process */
	void (*attach)(void *memory, LWLock *lock); /* every process */
} CsShmemPart;

/* Called from _PG_init while preloading; `part` must be static. */
extern void cs_shmem_register(const CsShmemPart *part);
extern void cs_shmem_init(void);

/* Is shared memory there, i.e. was credscore preloaded? */
extern bool cs_shmem_ready(void);

/* ereport(ERROR) 55000 with the hint that names the setting, unless ready. */
extern void cs_shmem_require(void);

/* The area for requests and answers; attached on first use. */
extern dsa_area *cs_shmem_area(void);

/*
 * Who keeps what can be had again makes room for so many bytes, or for some of
 * them: false when it has nothing left to give.
 */
typedef bool (*CsShmemRelief)(Size wanted);

/* Called from _PG_init while preloading. */
extern void cs_shmem_on_shortage(CsShmemRelief relief);

/*
 * dsa_allocate that never raises: InvalidDsaPointer when there is no room even
 * after everything gave way, which is counted.  Call it without any LWLock.
 * Only cs_shmem_free frees what it returns.
 */
extern dsa_pointer cs_shmem_allocate(Size size);

/* The same, of what is free: nothing gives way, nothing is counted. */
extern dsa_pointer cs_shmem_allocate_spare(Size size);
extern void		   cs_shmem_free(dsa_pointer chunk);

/* What was asked for. */
extern Size cs_shmem_chunk_size(dsa_pointer chunk);

/* Lets memory that chunks of one size have left serve chunks of any size. */
extern void cs_shmem_trim(void);

/* What is allocated and not yet freed, over all processes. */
typedef struct CsShmemUse
{
	uint64	  chunks;
	uint64	  bytes; /* as they were asked for */
	uint64	  size;	 /* of the area */
	uint64	  failures;
	CsInstant failed_at; /* in ticks; 0: never */
} CsShmemUse;

extern CsShmemUse cs_shmem_use(void);

/* Forgets the failures. */
extern void cs_shmem_reset(void);

/* A random secret of this server start; keys of digests are made with it. */
#define CS_CLUSTER_KEY_SIZE 32
extern const uint8 *cs_shmem_cluster_key(void);

#endif /* CS_SHMEM_H */
