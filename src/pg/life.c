/*-------------------------------------------------------------------------
 * life.c
 *	  Which life of its data directory this server leads.
 *
 * The postmaster knows it first, and its children with it.  The file is never
 * deleted.  pg_basebackup and pg_rewind copy it like any
 * other, so that a standby has its primary's.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/life.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/fd.h"

/* Every process of the server has the data directory as its own. */
#define LIFE_FILE	  "credscore.life"
#define LIFE_TMP_FILE "credscore.life.tmp"

#define LIFE_SIZE 16 /* of a new one */

static CsLife life;
static bool	  known;

static void
complain(int elevel, const char *what, const char *path)
{
	ereport(elevel, (errcode_for_file_access(),
					 errmsg("could not %s file \"%s\": %m", what, path)));
}

static void
read_life(void)
{
	int		fd = BasicOpenFile(LIFE_FILE, O_RDONLY | PG_BINARY);
	ssize_t n = 0;

	if (fd < 0 && errno != ENOENT)
		complain(ERROR, "open", LIFE_FILE);
	if (fd >= 0)
	{
		n = read(fd, life.bytes, sizeof(life.bytes));
		close(fd);
	}
	if (n < 0)
		complain(ERROR, "read", LIFE_FILE);
	life.len = n;
	known = true;
}

static void
write_life(void)
{
	int fd =
		BasicOpenFile(LIFE_TMP_FILE, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);

	if (fd < 0)
		complain(FATAL, "create", LIFE_TMP_FILE);
	errno = 0;
	if (write(fd, life.bytes, life.len) != (ssize_t) life.len)
	{
		/* A short write sets no errno. */
		errno = errno ? errno : ENOSPC;
		complain(FATAL, "write", LIFE_TMP_FILE);
	}
	if (pg_fsync(fd) != 0 || close(fd) != 0)
		complain(FATAL, "fsync", LIFE_TMP_FILE);
	(void) durable_rename(LIFE_TMP_FILE, LIFE_FILE, FATAL);
}

static bool
is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/*
 * Starts from a backup, to be a server of its own.  With both signal files
 * PostgreSQL makes a standby, and so do we.
 */
static bool
is_copy(void)
{
	return !is_there(STANDBY_SIGNAL_FILE) &&
		   (is_there(RECOVERY_SIGNAL_FILE) || is_there(BACKUP_LABEL_FILE));
}

static void
begin_new_life(void)
{
	if (!pg_strong_random(life.bytes, LIFE_SIZE))
		ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate random values")));
	life.len = LIFE_SIZE;
	known = true;
	write_life();
	ereport(
		LOG,
		(errmsg("credscore: this server was made from a backup"),
		 errdetail("Its databases call no provider until they are adopted."),
		 errhint(
			 "Where they are to buy answers, a superuser says SELECT credscore_adopt().")));
}

void
cs_life_init(void)
{
	if (!IsUnderPostmaster && is_copy())
		begin_new_life();
	else
		(void) cs_life_present();
}

const CsLife *
cs_life_present(void)
{
	if (!known)
		read_life();
	return &life;
}
