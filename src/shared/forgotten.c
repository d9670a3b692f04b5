/*-------------------------------------------------------------------------
 * forgotten.c
 *	  Who was forgotten of late.
 *
 * The last ones stand in a ring.  Of what went out of it only the time is known:
 * a question that is older is taken for one about somebody who was forgotten, and
 * then its answer is not kept.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/forgotten.h"

#include "storage/lwlock.h"

#include "pg/clock.h"
#include "pg/shmem.h"

#define RING_SIZE 16384 /* 384 kB */

typedef struct Entry
{
	CsKey	  subject;
	CsInstant at; /* 0: none */
} Entry;

typedef struct Ring
{
	int		  next;
	CsInstant latest;
	CsInstant horizon; /* when the last one was that went out of it */
	Entry	  all[RING_SIZE];
} Ring;

static Ring	  *ring;
static LWLock *ring_lock;

static Size
ring_size(void)
{
	return sizeof(Ring);
}

static void
create_ring(void *memory, LWLock *lock)
{
	memset(memory, 0, sizeof(Ring));
}

static void
attach_ring(void *memory, LWLock *lock)
{
	ring = memory;
	ring_lock = lock;
}

void
cs_forgotten_init(void)
{
	static const CsShmemPart part = {"credscore forgotten", ring_size,
									 create_ring, attach_ring};

	cs_shmem_register(&part);
}

void
cs_forgotten_add(const CsKey *subject)
{
	Entry *place;

	LWLockAcquire(ring_lock, LW_EXCLUSIVE);
	place = &ring->all[ring->next];
	ring->next = (ring->next + 1) % RING_SIZE;
	ring->horizon = Max(ring->horizon, place->at);
	place->subject = *subject;
	place->at = ring->latest = cs_clock_ticks();
	LWLockRelease(ring_lock);
}

/* The lock is held. */
static bool
stands(const CsKey *subject, CsInstant then)
{
	for (int i = 0; i < RING_SIZE && ring->all[i].at != 0; i++)
		if (ring->all[i].at >= then &&
			cs_key_equal(&ring->all[i].subject, subject))
			return true;
	return false;
}

CsForgotten
cs_forgotten_since(const CsKey *subject, CsInstant then)
{
	CsForgotten forgotten = CS_FORGOTTEN_NO;

	LWLockAcquire(ring_lock, LW_SHARED);
	if (ring->latest >= then && ring->latest != 0)
		forgotten = stands(subject, then)	? CS_FORGOTTEN_YES
					: ring->horizon >= then ? CS_FORGOTTEN_PERHAPS
											: CS_FORGOTTEN_NO;
	LWLockRelease(ring_lock);
	return forgotten;
}
