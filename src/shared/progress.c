/*-------------------------------------------------------------------------
 * progress.c
 *	  How far the running statements that ask have come.
 *
 * No locks: each number is written and read whole, and a reader that meets
 * a writer sees numbers of two moments, which is as good as either.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/progress.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"

#include "pg/compat.h"
#include "pg/shmem.h"

typedef struct Place
{
	pg_atomic_uint32 pid;
	pg_atomic_uint64 started_at;
	pg_atomic_uint64 rows_total;
	pg_atomic_uint64 rows_read;
	pg_atomic_uint64 asked;
	pg_atomic_uint64 done;
	pg_atomic_uint64 in_flight;
	pg_atomic_uint32 phase;
	pg_atomic_uint64 batch_total;
	pg_atomic_uint64 batch_done;
} Place;

static Place *places;
static bool	  cleared_at_exit;
static bool	  in_batch; /* this process is */

/* Of this process' statement. */
static int64	   rows_total;
static int64	   rows_read;
static TimestampTz counted_from; /* when it began */

static Size
progress_size(void)
{
	return mul_size(cs_compat_process_count(), sizeof(Place));
}

static void
progress_create(void *memory, LWLock *lock)
{
	Place *p = memory;

	for (int i = 0; i < cs_compat_process_count(); i++)
	{
		pg_atomic_init_u32(&p[i].pid, 0);
		pg_atomic_init_u64(&p[i].started_at, 0);
		pg_atomic_init_u64(&p[i].rows_total, 0);
		pg_atomic_init_u64(&p[i].rows_read, 0);
		pg_atomic_init_u64(&p[i].asked, 0);
		pg_atomic_init_u64(&p[i].done, 0);
		pg_atomic_init_u64(&p[i].in_flight, 0);
		pg_atomic_init_u32(&p[i].phase, CS_PROGRESS_NO_BATCH);
		pg_atomic_init_u64(&p[i].batch_total, 0);
		pg_atomic_init_u64(&p[i].batch_done, 0);
	}
}

static void
progress_attach(void *memory, LWLock *lock)
{
	places = memory;
}

static const CsShmemPart progress_part = {"credscore progress", progress_size,
										  progress_create, progress_attach};

void
cs_progress_init(void)
{
	cs_shmem_register(&progress_part);
}

static void
clear_at_exit(int code, Datum arg)
{
	cs_progress_batch_end();
}

/* The first question of a statement. */
static void
begin(Place *mine)
{
	if (!cleared_at_exit)
		before_shmem_exit(clear_at_exit, (Datum) 0);
	cleared_at_exit = true;
	pg_atomic_write_u64(&mine->started_at,
						(uint64) GetCurrentStatementStartTimestamp());
}

/* Shows what `set` has written, once all of it is. */
static void
show(Place *mine, bool first)
{
	if (!first)
		return;
	pg_write_barrier();
	pg_atomic_write_u32(&mine->pid, (uint32) MyProcPid);
}

static void
write_statement(Place *mine, int64 asked, int64 done, int64 in_flight)
{
	pg_atomic_write_u64(&mine->rows_total, (uint64) rows_total);
	pg_atomic_write_u64(&mine->rows_read, (uint64) rows_read);
	pg_atomic_write_u64(&mine->asked, (uint64) asked);
	pg_atomic_write_u64(&mine->done, (uint64) done);
	pg_atomic_write_u64(&mine->in_flight, (uint64) in_flight);
}

void
cs_progress_set(int64 asked, int64 done, int64 in_flight)
{
	Place *mine = &places[CS_MY_PROC_NUMBER];
	bool   first = pg_atomic_read_u32(&mine->pid) == 0;

	if (first)
		begin(mine);
	write_statement(mine, asked, done, in_flight);
	show(mine, first);
}

void
cs_progress_batch(CsProgressPhase phase, int64 total, int64 done)
{
	Place *mine = &places[CS_MY_PROC_NUMBER];
	bool   first = pg_atomic_read_u32(&mine->pid) == 0;

	if (first)
	{
		begin(mine);
		write_statement(mine, 0, 0, 0);
	}
	in_batch = true;
	pg_atomic_write_u64(&mine->batch_total, (uint64) total);
	pg_atomic_write_u64(&mine->batch_done, (uint64) done);
	pg_atomic_write_u32(&mine->phase, phase);
	show(mine, first);
}

void
cs_progress_batch_end(void)
{
	in_batch = false;
	cs_progress_clear();
}

/* What a statement counted that then asked nothing is not the next one's. */
static void
begin_to_count(void)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	if (counted_from != now &&
		pg_atomic_read_u32(&places[CS_MY_PROC_NUMBER].pid) == 0)
		rows_total = rows_read = 0;
	counted_from = now;
}

void
cs_progress_expect_rows(int64 rows)
{
	begin_to_count();
	rows_total += rows;
}

void
cs_progress_add_rows(int64 rows)
{
	begin_to_count();
	rows_read += rows;
}

void
cs_progress_clear(void)
{
	rows_total = rows_read = 0;
	if (places == NULL || MyProc == NULL)
		return;
	if (in_batch)
	{
		write_statement(&places[CS_MY_PROC_NUMBER], 0, 0, 0);
		return;
	}
	pg_atomic_write_u32(&places[CS_MY_PROC_NUMBER].pid, 0);
	pg_atomic_write_u32(&places[CS_MY_PROC_NUMBER].phase,
						CS_PROGRESS_NO_BATCH);
}

bool
cs_progress_read(int i, CsProgress *progress)
{
	Place *place = &places[i];

	progress->pid = (int) pg_atomic_read_u32(&place->pid);
	if (progress->pid == 0)
		return false;
	pg_read_barrier();
	progress->started_at =
		(TimestampTz) pg_atomic_read_u64(&place->started_at);
	progress->rows_total = (int64) pg_atomic_read_u64(&place->rows_total);
	progress->rows_read = (int64) pg_atomic_read_u64(&place->rows_read);
	progress->asked = (int64) pg_atomic_read_u64(&place->asked);
	progress->done = (int64) pg_atomic_read_u64(&place->done);
	progress->in_flight = (int64) pg_atomic_read_u64(&place->in_flight);
	progress->phase = (CsProgressPhase) pg_atomic_read_u32(&place->phase);
	progress->batch_total = (int64) pg_atomic_read_u64(&place->batch_total);
	progress->batch_done = (int64) pg_atomic_read_u64(&place->batch_done);
	return true;
}

int
cs_progress_places(void)
{
	return cs_compat_process_count();
}
