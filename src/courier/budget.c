/*-------------------------------------------------------------------------
 * budget.c
 *	  The daily budget of billed calls, kept over restarts and crashes.
 *
 * A budget must not be exceeded, whatever happens.  So calls are reserved in
 * blocks, and a block is handed out only when the file that says so is safe
 * on disk: after a crash the count goes on behind the last block, of which
 * some calls may not have been made.
 *
 * The file is PGDATA/credscore.budget, replaced as a whole by a rename.
 * pg_stat/ would not do: what is there may be thrown away.  Nor would
 * global/, where pg_checksums stops at files it does not know.  pg_ names in
 * PGDATA are PostgreSQL's.  pg_basebackup and pg_rewind copy a file of our
 * own like any other, so a clone starts with the count of the server it was
 * made of; from then on each server instance counts for itself.  pg_upgrade
 * leaves it behind, and the day of the upgrade starts anew.
 *
 * Where the file cannot say what was spent today (it is damaged, or the clock
 * was set back by days) the day counts as used up; the next one is normal.
 * Where it cannot be read or written, there are no calls until it can.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/budget.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/hashfn.h"
#include "storage/fd.h"
#include "utils/elog.h"

#include "courier/budget_book.h"

/* Every process of the server has the data directory as its own. */
#define BUDGET_FILE		"credscore.budget"
#define BUDGET_TMP_FILE "credscore.budget.tmp"

/*
 * After file trouble the file is left alone this long: a queue of 10,000
 * questions is not to try 10,000 times on a full disk, nor to log that.
 */
#define PAUSE_US (5 * USECS_PER_SEC)

typedef enum BookState
{
	BOOK_UNREAD,
	BOOK_OPEN,
	BOOK_SHUT /* the courier ends */
} BookState;

static CsBudgetBook book;
static BookState	state = BOOK_UNREAD;
static bool			unfound;   /* there was no file */
static bool			unsaved;   /* a closed day is not in the file yet */
static TimestampTz	failed_at; /* last file work; 0: it went well */
static int32		full_day = CS_BUDGET_NO_DAY; /* logged: no line left */

/* A step of file work; false when it failed, which it has logged. */
typedef bool (*FileStep)(void);

/* The file's bytes: read here, or to be written. */
static uint8  image[CS_BOOK_IMAGE_MAX + 1];
static size_t image_len;

static bool
report_file_trouble(const char *verb, const char *path)
{
	ereport(
		WARNING,
		(errcode_for_file_access(),
		 errmsg("could not %s file \"%s\": %m", verb, path),
		 errdetail(
			 "Servers with a daily_budget make no further calls while it cannot be kept.")));
	return false;
}

/* Reads the file into `image`; without one there are no bytes. */
static bool
read_file(void)
{
	int		fd = OpenTransientFile(BUDGET_FILE, O_RDONLY | PG_BINARY);
	ssize_t got;

	image_len = 0;
	if (fd < 0)
		return errno == ENOENT || report_file_trouble("open", BUDGET_FILE);
	do
	{
		got = read(fd, image + image_len, sizeof(image) - image_len);
		if (got > 0)
			image_len += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		report_file_trouble("read", BUDGET_FILE);
	CloseTransientFile(fd);

	/* An empty file is one that lost its bytes, not one that never was. */
	if (got == 0 && image_len == 0)
		image[image_len++] = 0;
	return got == 0;
}

static bool
write_bytes(int fd)
{
	ssize_t put;

	errno = 0;
	put = write(fd, image, image_len);
	if (put < 0 || (size_t) put != image_len)
	{
		/* A short write without an error is a full disk. */
		if (put >= 0)
			errno = ENOSPC;
		return report_file_trouble("write", BUDGET_TMP_FILE);
	}
	if (pg_fsync(fd) != 0)
		return report_file_trouble("fsync", BUDGET_TMP_FILE);
	return true;
}

/* Replaces the file by `image`, durably. */
static bool
write_file(void)
{
	int	 fd = OpenTransientFile(BUDGET_TMP_FILE,
								O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);
	bool written;

	if (fd < 0)
		return report_file_trouble("create", BUDGET_TMP_FILE);
	written = write_bytes(fd);
	if (CloseTransientFile(fd) != 0 && written)
		written = report_file_trouble("close", BUDGET_TMP_FILE);
	return written &&
		   durable_rename(BUDGET_TMP_FILE, BUDGET_FILE, WARNING) == 0;
}

/*
 * PostgreSQL's file functions raise when memory for their tables is short:
 * that is logged, and a failure like others.
 */
static bool
run_guarded(FileStep step)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		done = step();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		EmitErrorReport();
		FlushErrorState();
	}
	PG_END_TRY();
	return done;
}

/* Does a step, unless the last one failed a moment ago. */
static bool
do_step(FileStep step, TimestampTz now)
{
	bool done;

	/* A clock that was set back does not prolong the pause. */
	if (failed_at != 0 && now >= failed_at && now < failed_at + PAUSE_US)
		return false;
	done = run_guarded(step);
	failed_at = done ? 0 : now;
	return done;
}

static bool
save(TimestampTz now)
{
	image_len = cs_budget_book_encode(&book, image);
	return do_step(write_file, now);
}

static bool
read_book(TimestampTz now)
{
	if (!do_step(read_file, now))
		return false;
	state = BOOK_OPEN;
	unfound = image_len == 0;
	if (unfound || cs_budget_book_decode(&book, image, image_len))
		return true;
	ereport(
		WARNING,
		(errcode(ERRCODE_DATA_CORRUPTED),
		 errmsg("file \"%s\" is damaged", BUDGET_FILE),
		 errdetail(
			 "It cannot tell how many calls were made today, so every daily_budget counts as used up."),
		 errhint(
			 "Calls go on at midnight UTC.  To let them go on now with full budgets, stop the server, remove the file, and start the server.")));
	cs_budget_book_close_day(&book, cs_budget_book_day(now));
	unsaved = true;
	return true;
}

/* Is the book at hand, at the right page? */
static bool
open_book(TimestampTz now)
{
	if (state == BOOK_SHUT || (state == BOOK_UNREAD && !read_book(now)))
		return false;
	if (cs_budget_book_turn(&book, cs_budget_book_day(now)))
	{
		ereport(
			WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("file \"%s\" is of a day to come", BUDGET_FILE),
			 errdetail(
				 "The system's clock was set back; how many calls were made today is not known, so every daily_budget counts as used up."),
			 errhint(
				 "Calls go on at midnight UTC.  To let them go on now with full budgets, stop the server, remove the file, and start the server.")));
		unsaved = true;
	}

	book.young |= unfound;
	unfound = false;

	/* So that a restart does not close the day after, too. */
	if (unsaved && save(now))
		unsaved = false;
	return true;
}

/* Reserves a block: only what is in the file may be used. */
static bool
reserve(const CsKey *server, int budget, TimestampTz now)
{
	int32		  before;
	CsBudgetLine *line =
		cs_budget_book_reserve(&book, server, budget, &before);

	if (line == NULL)
	{
		if (full_day != book.day)
			ereport(
				WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg(
					 "no more than %d servers with a daily_budget can be called in a day",
					 CS_BUDGET_MAX_SERVERS)));
		full_day = book.day;
		return false;
	}
	if (save(now))
		return true;
	line->reserved = before;
	return false;
}

void
cs_budget_key(CsKey *key, const char *provider, const char *base_url,
			  const char *server_name)
{
	const char *const parts[] = {provider, base_url, server_name};
	uint64			  halves[2] = {1, 2};

	/* Names only administrators choose: a plain hash, chained, is enough. */
	for (size_t half = 0; half < lengthof(halves); half++)
		for (size_t i = 0; i < lengthof(parts); i++)
			halves[half] =
				hash_bytes_extended((const unsigned char *) parts[i],
									(int) strlen(parts[i]) + 1, halves[half]);
	memcpy(key->bytes, halves, sizeof(key->bytes));
}

CsBudgetResult
cs_budget_take(const CsKey *server, int budget, TimestampTz now, int32 *day)
{
	CsBookTake took;

	*day = CS_BUDGET_NO_DAY;
	if (budget <= 0)
		return CS_BUDGET_OK;
	if (!open_book(now))
		return CS_BUDGET_ERROR;
	took = cs_budget_book_take(&book, server, budget);
	if (took == CS_BOOK_RESERVE)
	{
		if (!reserve(server, budget, now))
			return CS_BUDGET_ERROR;
		took = cs_budget_book_take(&book, server, budget);
	}
	if (took != CS_BOOK_TAKEN)
		return CS_BUDGET_USED_UP;
	*day = book.day;
	return CS_BUDGET_OK;
}

void
cs_budget_give_back(const CsKey *server, int32 day)
{
	if (state == BOOK_OPEN && day == book.day && !book.closed)
		cs_budget_book_give_back(&book, server);
}

int
cs_budget_used(const CsKey *server, TimestampTz now)
{
	if (!open_book(now) || book.closed)
		return -1;
	return cs_budget_book_used(&book, server);
}

bool
cs_budget_is_young(void)
{
	return state == BOOK_OPEN && book.young;
}

void
cs_budget_close(void)
{
	if (state == BOOK_OPEN && cs_budget_book_unreserve(&book))
	{
		failed_at = 0;
		(void) save(0);
	}
	state = BOOK_SHUT;
}
