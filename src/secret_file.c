/*-------------------------------------------------------------------------
 * secret_file.c
 *	  A credential kept in a file of the database server.
 *
 * Messages name the option; the path goes to the server log only.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "storage/fd.h"

#include "core.h"

/* A private key in PEM is the longest secret one could want. */
#define MAX_SECRET_BYTES	(16 * 1024)

static void
refuse(const char *name, const char *path, int sqlstate, const char *why)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("file of option \"%s_file\" cannot be used", name),
			 errdetail("%s", why),
			 errdetail_log("%s (\"%s\")", why, path)));
}

/* The rule PostgreSQL has for its TLS private key. */
static void
check_stat(const char *name, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		refuse(name, path, ERRCODE_INVALID_PARAMETER_VALUE,
			   "It is not a regular file.");
	if ((st->st_uid != geteuid() && st->st_uid != 0) ||
		(st->st_uid == geteuid() && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0) ||
		(st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0))
		refuse(name, path, ERRCODE_INSUFFICIENT_PRIVILEGE,
			   "It must have permissions u=rw (0600) or less if owned by the database user, or u=rw,g=r (0640) or less if owned by root.");
	if (st->st_size > MAX_SECRET_BYTES)
		refuse(name, path, ERRCODE_INVALID_PARAMETER_VALUE,
			   "It is larger than 16 kB.");
}

char *
cs_secret_file_read(CsSecretFile *file, const char *name, const char *path)
{
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	char		secret[MAX_SECRET_BYTES + 1];
	char	   *result;
	ssize_t		len;

	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open the file of option \"%s_file\": %m", name),
				 errdetail_log("The file is \"%s\".", path)));
	if (fstat(fd, &file->seen) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat the file of option \"%s_file\": %m", name)));
	check_stat(name, path, &file->seen);
	len = read(fd, secret, MAX_SECRET_BYTES);
	if (len < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the file of option \"%s_file\": %m", name)));
	CloseTransientFile(fd);

	secret[len] = '\0';
	if (len > 0 && secret[len - 1] == '\n')
		secret[--len] = '\0';
	if (len > 0 && secret[len - 1] == '\r')
		secret[--len] = '\0';
	if (len == 0)
		refuse(name, path, ERRCODE_INVALID_PARAMETER_VALUE, "It is empty.");
	for (ssize_t i = 0; i < len; i++)
		if ((unsigned char) secret[i] < ' ' || secret[i] == 0x7f)
			refuse(name, path, ERRCODE_INVALID_PARAMETER_VALUE,
				   "It holds more than one line, or control characters.");
	file->path = pstrdup(path);
	result = pstrdup(secret);
	cs_wipe(secret, sizeof(secret));
	return result;
}

bool
cs_secret_file_changed(const CsSecretFile *file)
{
	struct stat now;

	if (stat(file->path, &now) != 0)
		return true;
	return now.st_ino != file->seen.st_ino || now.st_dev != file->seen.st_dev ||
		now.st_size != file->seen.st_size ||
		now.st_mtim.tv_sec != file->seen.st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != file->seen.st_mtim.tv_nsec;
}
