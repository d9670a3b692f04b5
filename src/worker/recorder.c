/*-------------------------------------------------------------------------
 * recorder.c
 *	  The process that keeps the files of the journal.
 *
 * A static background worker without a database, which opens no catalogue and
 * runs whatever credscore.workers says.  After a start it reads the journal once,
 * to find where it ends and whose records lie in it; then it makes segments where
 * room is wanted, flushes what was appended once a second, removes what no database
 * needs any more, and sees that a worker comes where there is something to load.
 *
 * Nobody appends before the end is found.  While the server is a standby nothing
 * is appended: once it is promoted, and in a data directory that began another
 * life, the journal goes on with another id, so that a position in the table of a
 * database, which came from another server, is not taken for one of here.
 *
 * Who waits for a flush wakes it; what was appended while one is under way waits for
 * the next, so that one serves many.  After one that failed the kernel may have given
 * up what it had: nothing of that is taken for safe any more, and the journal goes on
 * in another segment as soon as one can be made, which is tried once a second.
 *
 * It may end at any moment: appending needs it for new segments only, and the next
 * one goes on from what is in shared memory.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/recorder.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/checksum.h"
#include "pg/background.h"
#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/life.h"
#include "pg/wakeup.h"
#include "shared/journal.h"
#include "shared/journal_chain.h"
#include "shared/journal_flush.h"
#include "shared/journal_reader.h"
#include "shared/place.h"

#define RECOVERY_LOOK_MS 20
#define TICK_MS			 1000

/* The same trouble with files is logged again after so long. */
#define LOG_AGAIN_US (60 * CS_US_PER_S)

extern PGDLLEXPORT void credscore_recorder_main(Datum arg);

/* What the next segment will say. */
static CsJournalHeader header;

/* When all else than room and flushing is looked at again. */
static CsInstant house_due;

/* It was a standby, or a backup on its way to consistency. */
static bool was_archive;

/* --- trouble --- */

static void
complain(const char *verb, uint64 segment)
{
	static CsInstant logged_at;
	CsInstant		 now = cs_clock_ticks();

	if (logged_at != 0 && now - logged_at < LOG_AGAIN_US)
		return;
	logged_at = now;
	ereport(
		WARNING,
		(errcode_for_file_access(),
		 errmsg("could not %s segment " UINT64_FORMAT
				" of the credscore journal: %m",
				verb, segment),
		 errdetail(
			 "Servers with a ledger are not called while the journal has no room."),
		 errhint(
			 "It lies in the directory credscore.journal of the data directory.")));
}

/* --- finding the end --- */

static uint64
digest_of_life(void)
{
	const CsLife *life = cs_life_present();

	return ((uint64) life->len << 32) | cs_checksum(life->bytes, life->len);
}

static void
begin_new_id(void)
{
	memset(&header, 0, sizeof(header));
	header.life = digest_of_life();
	if (!pg_strong_random(header.id, sizeof(header.id)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate random values")));
}

/* Where one segment's records end, and whether that is in order. */
typedef struct SegmentEnd
{
	CsJournalPosition end; /* 0: it has no records */
	bool			  broken;
} SegmentEnd;

static SegmentEnd
read_segment(CsJournalReader *reader, uint64 segment, bool ours)
{
	SegmentEnd			 found = {0, false};
	const CsJournalHead *head;
	CsJournalPosition	 begin;
	CsJournalRead		 read;

	reader->at = cs_journal_file_first(segment);
	while ((read = cs_journal_reader_next(reader,
										  cs_journal_file_start(segment + 1),
										  &begin, &head)) == CS_JOURNAL_RECORD)
	{
		cs_journal_found_record(head->database, begin, reader->at);
		if (head->linked && ours)
			cs_journal_chain_set_head(
				&((const CsJournalLink *) (head + 1))->subject, begin);
		found.end = reader->at;
	}
	if (read == CS_JOURNAL_UNREADABLE)
		complain("read", segment);
	found.broken = read == CS_JOURNAL_BROKEN || read == CS_JOURNAL_UNREADABLE;
	return found;
}

static bool
is_of_here(void)
{
	return !was_archive && header.life == digest_of_life();
}

/*
 * Reads all that is there; of the last segment the header is kept.
 *
 * What came with a backup is found by its subject in the tables only, once it is
 * loaded: they may know better, as that somebody was forgotten since.
 */
static void
read_segments(const uint64 *segments, int n, CsJournalFound *found)
{
	CsJournalReader reader = {0};
	bool			ours =
		cs_journal_file_header(segments[n - 1], &header) && is_of_here();
	CsJournalHeader last = header;

	for (int i = 0; i < n && !ShutdownRequestPending; i++)
	{
		SegmentEnd end;

		if (!cs_journal_file_header(segments[i], &header))
		{
			complain("understand", segments[i]);
			continue;
		}
		end = read_segment(
			&reader, segments[i],
			ours && memcmp(header.id, last.id, sizeof(last.id)) == 0);
		if (end.end != 0)
			found->end = end.end;
		if (end.broken)
			found->end = cs_journal_file_start(segments[i] + 1);
	}
	cs_journal_reader_close(&reader);
}

/* False: it cannot be read now. */
static bool
find_end(void)
{
	CsJournalFound found;
	uint64		  *segments;
	int			   n = cs_journal_file_list(&segments);

	if (n < 0 && errno != ENOENT)
	{
		cs_journal_made(1, strerror(errno));
		complain("find", 1);
		return false;
	}
	memset(&found, 0, sizeof(found));
	found.first_segment = n > 0 ? segments[0] : 1;
	found.prepared = cs_journal_file_start(n > 0 ? segments[n - 1] + 1 : 1);
	found.end = cs_journal_file_start(found.first_segment);
	if (n > 0)
		read_segments(segments, n, &found);
	if (n <= 0 || !is_of_here())
	{
		begin_new_id();
		found.end = found.prepared;
	}
	if (!ShutdownRequestPending)
		cs_journal_found(&found);
	/* What a process wrote that died may lie in the kernel's cache yet. */
	cs_journal_flush_done(cs_journal_file_start(found.first_segment));
	return true;
}

/* A recorder before this one has found it. */
static void
take_over(void)
{
	CsJournalTask task;

	cs_journal_task(&task);
	if (task.next == task.first_segment ||
		!cs_journal_file_header(task.next - 1, &header))
		begin_new_id();
}

/* True: the journal is ready. */
static bool
get_ready(void)
{
	MemoryContext cxt;
	MemoryContext old;
	bool		  ready;

	if (cs_journal_is_ready())
		return true;
	if (RecoveryInProgress())
	{
		was_archive |= GetRecoveryState() == RECOVERY_STATE_ARCHIVE;
		return false;
	}
	cxt = AllocSetContextCreate(TopMemoryContext, "credscore recorder",
								ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(cxt);
	ready = find_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	return ready;
}

/* --- what it does --- */

static bool
make_segment(uint64 segment)
{
	char failure[128];

	header.segment = segment;
	if (cs_journal_file_make_directory() && cs_journal_file_make(&header))
	{
		cs_journal_made(segment, NULL);
		return true;
	}
	snprintf(failure, sizeof(failure), "%s", strerror(errno));
	complain("make", segment);
	cs_journal_made(segment, failure);
	return false;
}

static void
make_room(void)
{
	CsJournalTask task;

	cs_journal_task(&task);
	if (task.make && task.may)
		(void) make_segment(task.next);
}

/* The last segment that was used stays: it says who we are. */
static void
remove_old(void)
{
	CsJournalTask task;
	uint64		  below;

	cs_journal_task(&task);
	below = Min(task.needed_segment, cs_journal_file_of(task.end));
	below = Min(below, task.next - 1);
	for (uint64 s = task.first_segment; s < below; s++)
	{
		if (!cs_journal_file_remove(s))
		{
			complain("remove", s);
			return;
		}
		cs_journal_removed(s + 1);
	}
}

/* When somebody waits for it, and once a second.  A file that is gone, and was not
 * removed here, is a failure like any other: processes may write into it yet. */
static void
flush(void)
{
	CsJournalPosition  end = cs_journal_end();
	uint64			   first = cs_journal_first_segment();
	CsJournalFlushView view;

	cs_journal_flush_view(&view);
	if (end <= view.flushed || view.fails)
		return;
	first = Max(first, cs_journal_file_of(view.flushed));
	for (uint64 s = first; cs_journal_file_start(s) < end; s++)
		if (!cs_journal_file_flush(s))
		{
			complain("flush", s);
			cs_journal_flush_failed(end);
			return;
		}
	cs_journal_flush_done(end);
}

/* After a flush that failed: another segment can be made, and so it is used. */
static void
begin_anew(void)
{
	CsJournalTask task;

	if (!cs_journal_flush_fails())
		return;
	cs_journal_task(&task);
	if (!task.may || !make_segment(task.next))
		return;
	cs_journal_go_on_in(task.next);
	cs_journal_flush_anew(cs_journal_file_start(task.next));
}

/* Where records wait to be loaded a worker is to come. */
static void
call_workers(void)
{
	Oid	   database;
	uint64 bytes;

	for (int i = 0; cs_journal_unloaded(i, &database, &bytes); i++)
		if (OidIsValid(database))
			cs_place_due(database);
}

/* What need not be done each time that somebody waits for a flush. */
static void
keep_house(void)
{
	cs_journal_try_again();
	begin_anew();
	remove_old();
	call_workers();
}

static void
turn(void)
{
	if (!get_ready())
		return;
	make_room();
	flush();
	if (house_due > cs_clock_ticks())
		return;
	house_due = cs_clock_ticks() + TICK_MS * CS_US_PER_MS;
	keep_house();
}

/* Calls wait for the end to be found: a server that starts is looked at again soon,
 * a standby now and then. */
static long
time_to_sleep(void)
{
	CsInstant left = house_due - cs_clock_ticks();

	if (!cs_journal_is_ready())
		return GetRecoveryState() == RECOVERY_STATE_CRASH ? RECOVERY_LOOK_MS
														  : TICK_MS;
	return (long) Max(left / CS_US_PER_MS + 1, 1);
}

/* --- the process --- */

static void
at_exit(int code, Datum arg)
{
	cs_journal_recorder(-1);
}

void
credscore_recorder_main(Datum arg)
{
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	pgstat_report_appname("credscore recorder");
	before_shmem_exit(at_exit, (Datum) 0);
	cs_journal_recorder(CS_MY_PROC_NUMBER);
	if (cs_journal_is_ready())
		take_over();

	while (!ShutdownRequestPending)
	{
		turn();
		(void) cs_wakeup_sleep(time_to_sleep(),
							   CS_WAIT_EVENT("CredscoreRecorder"));
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
	if (cs_journal_is_ready())
		flush();
	proc_exit(1);
}

void
cs_recorder_init(void)
{
	cs_background_register("credscore recorder", "credscore_recorder_main", 0,
						   BgWorkerStart_PostmasterStart);
}
