/*-------------------------------------------------------------------------
 * journal_flush.c
 *	  Waiting until what was appended to the journal is safe on disk.
 *
 * All of it is a few numbers that the recorder writes and others read, without a
 * lock.  Several flushes that failed are one range of doubt, so that who looks late
 * may doubt what is safe, and never the other way round.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal_flush.h"

#include "miscadmin.h"
#include "port/atomics.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/shmem.h"
#include "pg/wakeup.h"
#include "shared/journal.h"

/* Who waits without being told when looks so often. */
#define AWAIT_LOOK_MS 2

typedef struct Flushing
{
	pg_atomic_uint64 flushed;
	pg_atomic_uint64 doubted_from; /* PG_UINT64_MAX: nothing is */
	pg_atomic_uint64 doubted_to;
	pg_atomic_uint64 missed;
	pg_atomic_uint32 fails;
	int				 waiter; /* process; -1: nobody has waited */
} Flushing;

static Flushing *flushing;

static Size
flushing_size(void)
{
	return sizeof(Flushing);
}

static void
create_flushing(void *memory, LWLock *lock)
{
	Flushing *created = memory;

	pg_atomic_init_u64(&created->flushed, 0);
	pg_atomic_init_u64(&created->doubted_from, PG_UINT64_MAX);
	pg_atomic_init_u64(&created->doubted_to, 0);
	pg_atomic_init_u64(&created->missed, 0);
	pg_atomic_init_u32(&created->fails, 0);
	created->waiter = -1;
}

static void
attach_flushing(void *memory, LWLock *lock)
{
	flushing = memory;
}

void
cs_journal_flush_init(void)
{
	static const CsShmemPart part = {"credscore journal flushing",
									 flushing_size, create_flushing,
									 attach_flushing};

	cs_shmem_register(&part);
}

/* --- who else waits --- */

CsJournalSafety
cs_journal_flush_await(CsJournalPosition position, int most_ms)
{
	CsInstant		until = cs_clock_ticks() + most_ms * CS_US_PER_MS;
	CsJournalSafety safety;

	while ((safety = cs_journal_flush_look(position)) == CS_JOURNAL_WAITS &&
		   cs_clock_ticks() < until)
	{
		cs_journal_wake_recorder();
		(void) cs_wakeup_sleep(AWAIT_LOOK_MS,
							   CS_WAIT_EVENT("CredscoreJournalFlush"));
	}
	return safety;
}

/* --- the courier --- */

void
cs_journal_flush_want(CsJournalPosition position)
{
	flushing->waiter = CS_MY_PROC_NUMBER;
	pg_memory_barrier();
	if (cs_journal_flush_look(position) == CS_JOURNAL_WAITS)
		cs_journal_wake_recorder();
}

CsJournalSafety
cs_journal_flush_look(CsJournalPosition position)
{
	bool flushed = position < pg_atomic_read_u64(&flushing->flushed);

	/* The doubt is written before what comes after it is safe. */
	pg_read_barrier();
	if (position >= pg_atomic_read_u64(&flushing->doubted_from) &&
		position < pg_atomic_read_u64(&flushing->doubted_to))
		return CS_JOURNAL_DOUBTED;
	return flushed ? CS_JOURNAL_SAFE : CS_JOURNAL_WAITS;
}

bool
cs_journal_flush_fails(void)
{
	return pg_atomic_read_u32(&flushing->fails) != 0;
}

void
cs_journal_flush_missed(void)
{
	pg_atomic_fetch_add_u64(&flushing->missed, 1);
}

/* --- the recorder --- */

static void
tell(void)
{
	pg_memory_barrier();
	cs_wakeup_process(flushing->waiter);
}

void
cs_journal_flush_done(CsJournalPosition position)
{
	pg_write_barrier();
	pg_atomic_write_u64(&flushing->flushed, position);
	tell();
}

void
cs_journal_flush_failed(CsJournalPosition position)
{
	uint64 from = pg_atomic_read_u64(&flushing->flushed);

	pg_atomic_write_u32(&flushing->fails, 1);
	if (from < pg_atomic_read_u64(&flushing->doubted_from))
		pg_atomic_write_u64(&flushing->doubted_from, from);
	pg_atomic_write_u64(&flushing->doubted_to, position);
	tell();
}

void
cs_journal_flush_anew(CsJournalPosition position)
{
	cs_journal_flush_failed(position);
	cs_journal_flush_done(position);
	pg_atomic_write_u32(&flushing->fails, 0);
}

/* --- views --- */

void
cs_journal_flush_view(CsJournalFlushView *view)
{
	view->flushed = pg_atomic_read_u64(&flushing->flushed);
	view->fails = cs_journal_flush_fails();
	view->missed = pg_atomic_read_u64(&flushing->missed);
}
