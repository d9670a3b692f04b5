/*-------------------------------------------------------------------------
 * secret_file.c
 *	  A credential kept in a file of the database server.
 *
 * Messages name the option; the path goes to the server log only.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "storage/fd.h"

#include "base/core.h"

/* A private key in PEM is the longest secret one could want. */
#define MAX_SECRET_BYTES (16 * 1024)

/* What is read, and whom a fault is told. */
typedef struct Reading
{
	const char *name; /* of the option */
	const char *path;
	const char *hint;
} Reading;

static void
refuse(const Reading *r, int sqlstate, const char *why)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("file of option \"%s_file\" cannot be used", r->name),
			 errdetail("%s", why), errdetail_log("%s (\"%s\")", why, r->path),
			 errhint("%s", r->hint)));
}

/* What the system says of the file, in errno. */
static void
refuse_by_system(const Reading *r, const char *what)
{
	/* A path through what is no directory leads to no file, either. */
	if (errno == ENOTDIR)
		errno = ENOENT;
	ereport(ERROR, (errcode_for_file_access(),
					errmsg("could not %s the file of option \"%s_file\": %m",
						   what, r->name),
					errdetail_log("The file is \"%s\".", r->path),
					errhint("%s", r->hint)));
}

/* Why a file cannot be used; NULL: it can.  The rule for who may read it is
 * PostgreSQL's for its TLS private key. */
static const char *
fault_of(const struct stat *st, int *sqlstate)
{
	*sqlstate = ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE;
	if (!S_ISREG(st->st_mode))
		return "It is not a regular file.";
	if ((st->st_uid != geteuid() && st->st_uid != 0) ||
		(st->st_uid == geteuid() &&
		 (st->st_mode & (S_IRWXG | S_IRWXO)) != 0) ||
		(st->st_uid == 0 &&
		 (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0))
	{
		*sqlstate = ERRCODE_INSUFFICIENT_PRIVILEGE;
		return "It must have permissions u=rw (0600) or less if owned by the database user, or u=rw,g=r (0640) or less if owned by root.";
	}
	if (st->st_size > MAX_SECRET_BYTES)
		return "It is larger than 16 kB.";
	return NULL;
}

static void
check_stat(const Reading *r, const struct stat *st)
{
	int			sqlstate;
	const char *fault = fault_of(st, &sqlstate);

	if (fault != NULL)
		refuse(r, sqlstate, fault);
}

char *
cs_secret_file_read(CsSecretFile *file, const char *name, const char *path,
					const char *hint)
{
	Reading r = {name, path, hint};
	int		fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	char	secret[MAX_SECRET_BYTES + 1];
	char   *result;
	ssize_t len;

	if (fd < 0)
		refuse_by_system(&r, "open");
	if (fstat(fd, &file->seen) != 0)
		refuse_by_system(&r, "stat");
	check_stat(&r, &file->seen);
	len = read(fd, secret, MAX_SECRET_BYTES);
	if (len < 0)
		refuse_by_system(&r, "read");
	CloseTransientFile(fd);

	secret[len] = '\0';
	if (len > 0 && secret[len - 1] == '\n')
		secret[--len] = '\0';
	if (len > 0 && secret[len - 1] == '\r')
		secret[--len] = '\0';
	if (len == 0)
		refuse(&r, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "It is empty.");
	for (ssize_t i = 0; i < len; i++)
		if ((unsigned char) secret[i] < ' ' || secret[i] == 0x7f)
			refuse(&r, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
				   "It holds more than one line, or control characters.");
	file->path = pstrdup(path);
	result = pstrdup(secret);
	cs_core_wipe(secret, sizeof(secret));
	return result;
}

bool
cs_secret_file_changed(const CsSecretFile *file)
{
	struct stat now;

	if (stat(file->path, &now) != 0)
		return true;
	return now.st_ino != file->seen.st_ino ||
		   now.st_dev != file->seen.st_dev ||
		   now.st_size != file->seen.st_size ||
		   now.st_mtim.tv_sec != file->seen.st_mtim.tv_sec ||
		   now.st_mtim.tv_nsec != file->seen.st_mtim.tv_nsec;
}
