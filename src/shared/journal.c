/*-------------------------------------------------------------------------
 * journal.c
 *	  The journal: its end, and who still needs what, in shared memory.
 *
 * One LWLock orders the appends: whoever holds it writes its record at the end and
 * moves that.  A write goes to the kernel's cache and takes some microseconds; the
 * room for it was taken on disk when the segment was made.  While less than what
 * all open questions may have to say is left, no further billed call leaves, so
 * that what has left can always say how it ended.
 *
 * A crash at any moment leaves at the end a record that is not whole, or is not
 * there: what is behind it was not written, and the recorder begins a segment of
 * its own behind it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/lwlock.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "pg/wakeup.h"
#include "shared/journal_chain.h"
#include "shared/journal_database.h"
#include "shared/journal_entry.h"

/* What one question may have to say. */
#define BYTES_PER_QUESTION 4096

/* A segment more is wanted when less than this beyond that is left. */
#define SPARE (CS_JOURNAL_SEGMENT / 4)

typedef struct JournalTable
{
	bool			   ready;
	bool			   wanted; /* somebody waits for room */
	bool			   full;   /* it may not grow */
	bool			   fails; /* a record could not be written, a moment ago */
	int				   recorder;
	int				   recorder_pid;
	CsInstant		   recorder_since;
	uint64			   first_segment;
	CsJournalPosition  end;
	CsJournalPosition  prepared;
	uint64			   run;
	uint64			   left_out; /* records, since the start */
	int64			   promised; /* bytes, to replies on their way */
	char			   failure[128];
	CsJournalDatabases databases;
} JournalTable;

static JournalTable *table;
static LWLock		*table_lock;

/* The segment that this process appends to; -1: none. */
static int	  append_fd = -1;
static uint64 append_segment;

static Size
table_size(void)
{
	return sizeof(JournalTable);
}

static void
create_table(void *memory, LWLock *lock)
{
	JournalTable *created = memory;

	memset(created, 0, sizeof(*created));
	created->recorder = -1;
}

static void
attach_table(void *memory, LWLock *lock)
{
	table = memory;
	table_lock = lock;
}

void
cs_journal_init(void)
{
	static const CsShmemPart part = {"credscore journal", table_size,
									 create_table, attach_table};

	cs_shmem_register(&part);
}

/* --- room; the lock is held --- */

static uint64
left(void)
{
	return table->prepared - table->end;
}

/* What open questions may have to say, and the loss at the end of a segment. */
static uint64
reserved(void)
{
	return (uint64) cs_guc_max_questions() * BYTES_PER_QUESTION +
		   CS_JOURNAL_RECORD_MAX + table->promised;
}

static void
want_room(void)
{
	if (table->wanted)
		return;
	table->wanted = true;
	cs_wakeup_process(table->recorder);
}

CsJournalRoom
cs_journal_room(Oid database, size_t more)
{
	CsJournalRoom room = CS_JOURNAL_ROOM_SOON;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	if (table->fails ||
		(table->ready &&
		 cs_journal_database_make(&table->databases, database) == NULL))
		room = CS_JOURNAL_ROOM_NONE;
	else if (table->ready && left() >= reserved() + more)
		room = CS_JOURNAL_ROOM;
	else if (table->full || table->failure[0] != '\0')
		room = CS_JOURNAL_ROOM_NONE;
	if (!table->ready || left() < reserved() + more + SPARE)
		want_room();
	LWLockRelease(table_lock);
	return room;
}

void
cs_journal_promise(int64 bytes)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->promised += bytes;
	LWLockRelease(table_lock);
}

const char *
cs_journal_room_detail(void)
{
	const char *detail = "The journal cannot be made yet.";

	LWLockAcquire(table_lock, LW_SHARED);
	if (table->full)
		detail =
			"It has grown to credscore.journal_size, since its records were not loaded.";
	else if (table->fails || table->failure[0] != '\0')
		detail = "Its files cannot be written; see the server log.";
	LWLockRelease(table_lock);
	return detail;
}

/* --- appending --- */

/* This process' descriptor for a segment; -1: it cannot be opened. */
static int
descriptor(uint64 segment)
{
	if (append_fd >= 0 && append_segment == segment)
		return append_fd;
	if (append_fd >= 0)
		close(append_fd);
	append_fd = cs_journal_file_open(segment, O_WRONLY);
	append_segment = segment;
	return append_fd;
}

static bool
write_at(CsJournalPosition position, const char *bytes, size_t len)
{
	uint64	segment = cs_journal_file_of(position);
	int		fd = descriptor(segment);
	off_t	offset = (off_t) (position - cs_journal_file_start(segment));
	ssize_t put;

	if (fd < 0)
		return false;
	do
		put = pg_pwrite(fd, bytes, len, offset);
	while (put < 0 && errno == EINTR);
	return put == (ssize_t) len;
}

/* Where a record of that length goes: none lies in two segments. */
static CsJournalPosition
place_for(size_t len)
{
	uint64			  segment = cs_journal_file_of(table->end);
	CsJournalPosition at = Max(table->end, cs_journal_file_first(segment));

	return at + len <= cs_journal_file_start(segment + 1)
			   ? at
			   : cs_journal_file_first(segment + 1);
}

/* Writes it and moves the end; the lock is held. */
static bool
append(const CsJournalHead *head, CsJournalPosition at)
{
	CsJournalDatabase *d =
		cs_journal_database_make(&table->databases, head->database);

	if (!table->ready || d == NULL || at + head->len > table->prepared ||
		!write_at(at, (const char *) head, head->len))
	{
		table->fails |= table->ready && head->type != CS_JOURNAL_REUSED;
		return false;
	}
	table->end = at + head->len;
	cs_journal_database_add(d, at, table->end, true);
	return true;
}

bool
cs_journal_append(const CsJournalEntry *entry, CsJournalPosition *position)
{
	static CsJournalBuffer record;
	CsJournalLink		  *link = (CsJournalLink *) (&record.head + 1);
	CsJournalPosition	   at;
	bool				   done;

	if (!cs_journal_entry_assemble(entry, &record))
		return false;
	if (!entry->linked)
		record.head.crc = cs_journal_file_crc(&record.head);
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	at = place_for(record.head.len);
	if (entry->linked)
	{
		link->before = cs_journal_chain_head(&link->subject);
		record.head.crc = cs_journal_file_crc(&record.head);
	}
	done = append(&record.head, at);
	if (done && entry->linked)
		cs_journal_chain_set_head(&link->subject, at);
	LWLockRelease(table_lock);
	if (done && position != NULL)
		*position = at;
	return done;
}

void
cs_journal_left_out(void)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->left_out++;
	LWLockRelease(table_lock);
}

/* --- who sends --- */

void
cs_journal_run_start(void)
{
	uint64 run;

	if (!pg_strong_random(&run, sizeof(run)))
		run = (uint64) cs_clock_now();
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->run = run;
	table->promised = 0;
	LWLockRelease(table_lock);
}

uint64
cs_journal_run(void)
{
	uint64 run;

	LWLockAcquire(table_lock, LW_SHARED);
	run = table->run;
	LWLockRelease(table_lock);
	return run;
}

/* --- loading --- */

bool
cs_journal_is_due(Oid database)
{
	CsJournalDatabase *d;
	bool			   due;

	LWLockAcquire(table_lock, LW_SHARED);
	d = cs_journal_database_find(&table->databases, database);
	due =
		table->ready && d != NULL && cs_journal_database_is_due(d, table->run);
	LWLockRelease(table_lock);
	return due;
}

CsJournalPosition
cs_journal_end(void)
{
	CsJournalPosition end;

	LWLockAcquire(table_lock, LW_SHARED);
	end = table->ready ? table->end : 0;
	LWLockRelease(table_lock);
	return end;
}

CsJournalPosition
cs_journal_unloaded_from(Oid database, bool open)
{
	CsJournalPosition		 from;
	const CsJournalDatabase *d;

	LWLockAcquire(table_lock, LW_SHARED);
	d = cs_journal_database_find(&table->databases, database);
	from = d == NULL || d->loaded >= d->last ? table->end : d->loaded;
	if (d != NULL && open && d->needed != 0)
		from = Min(from, d->needed);
	LWLockRelease(table_lock);
	return from;
}

uint64
cs_journal_first_segment(void)
{
	uint64 first;

	LWLockAcquire(table_lock, LW_SHARED);
	first = table->first_segment;
	LWLockRelease(table_lock);
	return first;
}

void
cs_journal_loaded(Oid database, CsJournalPosition loaded,
				  CsJournalPosition needed, bool ended)
{
	CsJournalDatabase *d;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	d = cs_journal_database_find(&table->databases, database);
	if (d != NULL)
	{
		d->loaded = loaded;
		d->needed = needed < d->last ? needed : 0;
		if (ended)
			d->run = table->run;
		if (!cs_journal_database_is_unloaded(d))
			d->oid = InvalidOid;
	}
	LWLockRelease(table_lock);
}

void
cs_journal_forget(Oid database, const char *why)
{
	CsJournalDatabase *d;
	uint64			   bytes = 0;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	d = cs_journal_database_find(&table->databases, database);
	if (d != NULL)
	{
		bytes = cs_journal_database_is_unloaded(d)
					? d->last - Max(d->needed, d->loaded)
					: 0;
		d->oid = InvalidOid;
	}
	LWLockRelease(table_lock);
	if (bytes > 0)
		ereport(LOG,
				(errmsg("credscore lost " UINT64_FORMAT
						" bytes of its journal, with calls of database %u",
						bytes, database),
				 errdetail("%s", why)));
}

bool
cs_journal_unloaded(int i, Oid *database, uint64 *bytes)
{
	bool there;

	LWLockAcquire(table_lock, LW_SHARED);
	there = i < table->databases.n;
	if (there)
	{
		const CsJournalDatabase *d = &table->databases.all[i];

		*database =
			cs_journal_database_is_due(d, table->run) ? d->oid : InvalidOid;
		*bytes = d->last - Max(d->loaded, d->needed);
	}
	LWLockRelease(table_lock);
	return there;
}

/* --- the recorder --- */

void
cs_journal_recorder(int process)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->recorder = process;
	table->recorder_pid = process >= 0 ? MyProcPid : 0;
	table->recorder_since = cs_clock_ticks();
	LWLockRelease(table_lock);
}

void
cs_journal_wake_recorder(void)
{
	cs_wakeup_process(table->recorder);
}

bool
cs_journal_is_ready(void)
{
	return table->ready;
}

void
cs_journal_found_record(Oid database, CsJournalPosition begin,
						CsJournalPosition end)
{
	CsJournalDatabase *d;

	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	d = cs_journal_database_make(&table->databases, database);
	if (d != NULL)
		cs_journal_database_add(d, begin, end, false);
	LWLockRelease(table_lock);
}

void
cs_journal_found(const CsJournalFound *found)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->first_segment = found->first_segment;
	table->end = found->end;
	table->prepared = found->prepared;
	table->failure[0] = '\0';
	table->ready = true;
	LWLockRelease(table_lock);
}

/* The first position that somebody needs. */
static CsJournalPosition
needed_from(void)
{
	return cs_journal_database_first_needed(&table->databases, table->end);
}

/* May another segment be made?  What open questions need it has in any case. */
static bool
may_grow(void)
{
	uint64 limit = Max((uint64) cs_guc_journal_size() * 1024 * 1024,
					   reserved() + 2 * CS_JOURNAL_SEGMENT);

	return table->prepared - cs_journal_file_start(table->first_segment) +
			   CS_JOURNAL_SEGMENT <=
		   limit;
}

void
cs_journal_task(CsJournalTask *task)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	task->make = table->wanted && left() < reserved() + SPARE;
	task->may = may_grow();
	task->next = cs_journal_file_of(table->prepared);
	task->first_segment = table->first_segment;
	task->needed_segment = cs_journal_file_of(needed_from());
	task->end = table->end;
	table->full = task->make && !task->may;
	if (!task->make)
		table->wanted = false;
	LWLockRelease(table_lock);
}

void
cs_journal_made(uint64 segment, const char *failure)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	strlcpy(table->failure, failure != NULL ? failure : "",
			sizeof(table->failure));
	if (failure == NULL)
		table->prepared = cs_journal_file_start(segment + 1);
	LWLockRelease(table_lock);
}

void
cs_journal_go_on_in(uint64 segment)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->end = Max(table->end, cs_journal_file_start(segment));
	LWLockRelease(table_lock);
}

void
cs_journal_try_again(void)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->fails = false;
	LWLockRelease(table_lock);
}

void
cs_journal_removed(uint64 below)
{
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	table->first_segment = Max(table->first_segment, below);
	LWLockRelease(table_lock);
}

/* --- views --- */

void
cs_journal_view(CsJournalView *view)
{
	LWLockAcquire(table_lock, LW_SHARED);
	memset(view, 0, sizeof(*view));
	view->recorder = table->recorder_pid;
	view->recorder_since = table->recorder_since;
	view->ready = table->ready;
	view->left_out = table->left_out;
	view->full = table->full;
	view->fails = table->fails;
	view->bytes =
		table->prepared - cs_journal_file_start(table->first_segment);
	view->unloaded = table->end - needed_from();
	strlcpy(view->failure, table->failure, sizeof(view->failure));
	LWLockRelease(table_lock);
}
