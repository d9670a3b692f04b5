/*-------------------------------------------------------------------------
 * budget.c
 *	  The daily budgets of billed calls, and of what they cost, kept over
 *	  restarts and crashes.
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
 * leaves it behind: who does not copy it starts the day anew.
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
#include "datatype/timestamp.h"
#include "storage/fd.h"
#include "utils/elog.h"

#include "courier/budget_book.h"
#include "pg/clock.h"
#include "provider/registry.h"

/* Every process of the server has the data directory as its own. */
#define BUDGET_FILE		"credscore.budget"
#define BUDGET_TMP_FILE "credscore.budget.tmp"

/*
 * After file trouble the file is left alone this long: a queue of 10,000
 * questions is not to try 10,000 times on a full disk, nor to log that.
 */
#define PAUSE_US (5 * CS_US_PER_S)

typedef enum BookState
{
	BOOK_UNREAD,
	BOOK_OPEN,
	BOOK_SHUT /* the courier ends */
} BookState;

static CsBudgetBook book;
static BookState	state = BOOK_UNREAD;
static bool			unfound;	/* there was no file */
static bool			unsaved;	/* a loss is not in the file yet */
static CsInstant	failed_at;	/* last file work, in ticks; 0: it went well */
static TimestampTz	full_until; /* logged: no line left */

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
			 "Servers with a daily_budget or daily_spend make no further calls while it cannot be kept.")));
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
do_step(FileStep step)
{
	bool done;

	if (failed_at != 0 && cs_clock_ticks() < failed_at + PAUSE_US)
		return false;
	done = run_guarded(step);
	failed_at = done ? 0 : cs_clock_ticks();
	return done;
}

static bool
save(void)
{
	image_len = cs_budget_book_encode(&book, image);
	return do_step(write_file);
}

static bool
read_book(TimestampTz now)
{
	if (!do_step(read_file))
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
			 "It cannot tell how many calls were made today, so every daily_budget and daily_spend counts as used up."),
		 errhint(
			 "Calls go on when the day of their server is over.  To let them go on now with full budgets, stop the server, remove the file, and start the server.")));
	cs_budget_book_lose(&book, now);
	unsaved = true;
	return true;
}

/* Is the book at hand, and does it know of today? */
static bool
open_book(TimestampTz now)
{
	if (state == BOOK_SHUT || (state == BOOK_UNREAD && !read_book(now)))
		return false;
	if (cs_budget_book_meet(&book, now))
	{
		ereport(
			WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("file \"%s\" is of a day to come", BUDGET_FILE),
			 errdetail(
				 "The system's clock was set back; how many calls were made today is not known, so every daily_budget and daily_spend counts as used up."),
			 errhint(
				 "Calls go on when the day of their server is over.  To let them go on now with full budgets, stop the server, remove the file, and start the server.")));
		unsaved = true;
	}

	if (unfound)
		book.begun_at = now;
	unfound = false;

	/* So that a restart does not lose the day after, too. */
	if (unsaved && save())
		unsaved = false;
	return true;
}

static void
report_full(const CsBudgetDay *today)
{
	if (today->now >= full_until)
		ereport(
			WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg(
				 "no more than %d budgets of servers and user mappings can be used in a day",
				 CS_BUDGET_MAX_LINES)));
	full_until = Max(full_until, today->end);
}

/* Reserves a block: only what is in the file may be used. */
static bool
reserve(const CsKey *budget, CsBudgetSize size, const CsBudgetDay *today)
{
	CsBudgetLine  before;
	CsBudgetLine *line =
		cs_budget_book_reserve(&book, budget, size, today, &before);

	if (line == NULL)
	{
		report_full(today);
		return false;
	}
	if (save())
		return true;
	*line = before;
	return false;
}

CsBudgetSize
cs_budget_size(const CsSharedAccount *account, CsBudgetKind kind)
{
	const CsLimits *limits = &account->limits;

	switch (kind)
	{
		case CS_BUDGET_SERVER:
			return (CsBudgetSize){limits->daily_budget, 1};
		case CS_BUDGET_MAPPING:
			return (CsBudgetSize){account->mapping_budget, 1};
		case CS_BUDGET_SPEND:
			break;
	}

	/* Without a price, which a limit has, nothing is spent. */
	return (CsBudgetSize){limits->price > 0 ? limits->daily_spend : 0,
						  Max(limits->price, 1)};
}

void
cs_budget_key(CsKey *key, const CsSharedAccount *account, CsBudgetKind kind)
{
	char		which[16] = "";
	const char *parts[] = {cs_registry_at(account->provider)->name,
						   cs_block_text(account, account->base_url),
						   cs_block_text(account, account->server_name),
						   which};
	uint64		halves[2] = {1, 2};

	/* A role keeps its number when it is renamed; PUBLIC's is 0. */
	if (kind == CS_BUDGET_MAPPING)
		snprintf(which, sizeof(which), "%u", account->holder);
	/* What was spent in one currency says nothing of another. */
	else if (kind == CS_BUDGET_SPEND)
		strlcpy(which, account->limits.currency, sizeof(which));

	/* Names only administrators choose: a plain hash, chained, is enough. */
	for (size_t half = 0; half < lengthof(halves); half++)
		for (size_t i = 0; i < lengthof(parts); i++)
			halves[half] =
				hash_bytes_extended((const unsigned char *) parts[i],
									(int) strlen(parts[i]) + 1, halves[half]);
	memcpy(key->bytes, halves, sizeof(key->bytes));
}

CsBudgetResult
cs_budget_take(const CsKey *budget, CsBudgetSize size,
			   const CsBudgetDay *today, CsInstant *charged)
{
	CsBookTake took;

	*charged = CS_BUDGET_NOTHING;
	if (size.size <= 0)
		return CS_BUDGET_OK;
	if (!open_book(today->now))
		return CS_BUDGET_ERROR;
	took = cs_budget_book_take(&book, budget, size, today);
	if (took == CS_BOOK_RESERVE)
	{
		if (!reserve(budget, size, today))
			return CS_BUDGET_ERROR;
		took = cs_budget_book_take(&book, budget, size, today);
	}
	if (took != CS_BOOK_TAKEN)
		return CS_BUDGET_USED_UP;
	*charged = cs_budget_book_used(&book, budget, today).end;
	return CS_BUDGET_OK;
}

void
cs_budget_give_back(const CsKey *budget, int64 amount, CsInstant charged)
{
	if (state == BOOK_OPEN && charged != CS_BUDGET_NOTHING)
		cs_budget_book_give_back(&book, budget, amount, charged);
}

CsBudgetUse
cs_budget_used(const CsKey *budget, const CsBudgetDay *today)
{
	if (!open_book(today->now))
		return (CsBudgetUse){.used = -1, .end = today->end};
	return cs_budget_book_used(&book, budget, today);
}

void
cs_budget_close(void)
{
	if (state == BOOK_OPEN && cs_budget_book_unreserve(&book))
	{
		failed_at = 0;
		(void) save();
	}
	state = BOOK_SHUT;
}
