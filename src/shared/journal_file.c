/*-------------------------------------------------------------------------
 * journal_file.c
 *	  The files of the journal.
 *
 * Nothing here raises but palloc in cs_journal_file_list: failures are errno.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/journal_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_perm.h"
#include "storage/fd.h"

#include "base/checksum.h"

#define DIRECTORY	  "credscore.journal"
#define TMP_FILE	  DIRECTORY "/new.tmp"
#define NAME_SIZE	  16 /* hexadecimal digits */
#define PATH_SIZE	  64
#define MAGIC		  0x314a5343 /* "CSJ1" */
#define VERSION		  1
#define SEALED_LENGTH offsetof(CsJournalHeader, crc)

static void
path_of(uint64 segment, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, DIRECTORY "/%016llX",
			 (unsigned long long) segment);
}

/* What a directory has gained or lost is safe on disk; false, and errno. */
static bool
flush_directory(const char *path)
{
	int	 fd = BasicOpenFile(path, O_RDONLY | PG_BINARY);
	bool flushed;

	if (fd < 0)
		return false;
	flushed = pg_fsync(fd) == 0 || errno == EBADF || errno == EINVAL;
	close(fd);
	return flushed;
}

bool
cs_journal_file_make_directory(void)
{
	if (MakePGDirectory(DIRECTORY) == 0)
		return flush_directory(".");
	return errno == EEXIST;
}

static bool
is_segment_name(const char *name)
{
	return strlen(name) == NAME_SIZE &&
		   strspn(name, "0123456789ABCDEF") == NAME_SIZE;
}

static int
compare_segments(const void *a, const void *b)
{
	uint64 x = *(const uint64 *) a;
	uint64 y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

int
cs_journal_file_list(uint64 **segments)
{
	DIR			  *dir = opendir(DIRECTORY);
	struct dirent *entry;
	int			   n = 0;
	int			   most = 64;

	if (dir == NULL)
		return -1;
	*segments = palloc(most * sizeof(uint64));
	while ((entry = readdir(dir)) != NULL)
	{
		if (!is_segment_name(entry->d_name))
			continue;
		if (n == most)
			*segments = repalloc(*segments, (most *= 2) * sizeof(uint64));
		(*segments)[n++] = strtoull(entry->d_name, NULL, 16);
	}
	closedir(dir);
	qsort(*segments, n, sizeof(uint64), compare_segments);
	return n;
}

int
cs_journal_file_open(uint64 segment, int flags)
{
	char path[PATH_SIZE];

	path_of(segment, path);
	return BasicOpenFile(path, flags | PG_BINARY);
}

/* Takes its room on disk, and begins it. */
static bool
fill(int fd, const CsJournalHeader *header)
{
	int failed = posix_fallocate(fd, 0, (off_t) CS_JOURNAL_SEGMENT);

	if (failed != 0)
	{
		errno = failed;
		return false;
	}
	errno = ENOSPC; /* a short write sets none */
	return pg_pwrite(fd, header, sizeof(*header), 0) ==
			   (ssize_t) sizeof(*header) &&
		   pg_fsync(fd) == 0;
}

bool
cs_journal_file_make(const CsJournalHeader *header)
{
	CsJournalHeader sealed = *header;
	char			path[PATH_SIZE];
	int	 fd = BasicOpenFile(TMP_FILE, O_RDWR | O_CREAT | O_TRUNC | PG_BINARY);
	bool made;
	int	 fault;

	if (fd < 0)
		return false;
	sealed.magic = MAGIC;
	sealed.version = VERSION;
	sealed.crc = cs_checksum(&sealed, SEALED_LENGTH);
	path_of(header->segment, path);
	made = fill(fd, &sealed) && rename(TMP_FILE, path) == 0 &&
		   flush_directory(DIRECTORY);
	fault = errno;
	close(fd);
	if (!made)
		(void) unlink(TMP_FILE);
	errno = fault;
	return made;
}

bool
cs_journal_file_remove(uint64 segment)
{
	char path[PATH_SIZE];

	path_of(segment, path);
	return unlink(path) == 0 || errno == ENOENT;
}

bool
cs_journal_file_flush(uint64 segment)
{
	int	 fd = cs_journal_file_open(segment, O_RDWR);
	bool flushed;
	int	 fault;

	if (fd < 0)
		return false;
	flushed = pg_fdatasync(fd) == 0;
	fault = errno;
	close(fd);
	errno = fault;
	return flushed;
}

bool
cs_journal_file_header(uint64 segment, CsJournalHeader *header)
{
	int	 fd = cs_journal_file_open(segment, O_RDONLY);
	bool read;

	if (fd < 0)
		return false;
	errno = 0;
	read =
		pg_pread(fd, header, sizeof(*header), 0) == (ssize_t) sizeof(*header);
	close(fd);
	return read && header->magic == MAGIC && header->version == VERSION &&
		   header->segment == segment &&
		   header->crc == cs_checksum(header, SEALED_LENGTH);
}

bool
cs_journal_file_wipe(CsJournalPosition from, CsJournalPosition to)
{
	static const char zeros[8192];
	uint64			  segment = cs_journal_file_of(from);
	int				  fd = cs_journal_file_open(segment, O_WRONLY);
	bool			  wiped = fd >= 0;

	while (wiped && from < to)
	{
		size_t	len = Min(to - from, sizeof(zeros));
		ssize_t put = pg_pwrite(
			fd, zeros, len, (off_t) (from - cs_journal_file_start(segment)));

		wiped = put > 0 || errno == EINTR;
		if (put > 0)
			from += put;
	}
	if (fd >= 0)
		close(fd);
	return wiped;
}
