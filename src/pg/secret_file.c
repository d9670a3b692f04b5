/*-------------------------------------------------------------------------
 * secret_file.c
 *	  A credential kept in a file of the database server.
 *
 * Messages name the option.  The path goes to the server log, and to those who
 * may see the options of the user mapping.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "storage/fd.h"

#include "base/core.h"

/* A chain of certificates in PEM is the longest one could want. */
#define MAX_SECRET_BYTES (16 * 1024)

static void
refuse(const CsSecretOption *o, int sqlstate, const char *why)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("file of option \"%s_file\" cannot be used", o->name),
			 o->path_shown ? errdetail("%s The file is \"%s\".", why, o->path)
						   : errdetail("%s", why),
			 errdetail_log("%s The file is \"%s\".", why, o->path),
			 errhint("%s", o->hint)));
}

/* What the system says of the file, in errno. */
static void
refuse_by_system(const CsSecretOption *o, const char *what)
{
	/* A path through what is no directory leads to no file, either. */
	if (errno == ENOTDIR)
		errno = ENOENT;
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not %s the file of option \"%s_file\": %m", what,
					o->name),
			 o->path_shown ? errdetail("The file is \"%s\".", o->path) : 0,
			 errdetail_log("The file is \"%s\".", o->path),
			 errhint("%s", o->hint)));
}

#define OWNER_RULE \
	"It must have permissions u=rw (0600) or less if owned by the database user, or u=rw,g=r (0640) or less if owned by root."

/* Why a file cannot be used; NULL: it can.  The rule for who may read it is
 * PostgreSQL's for its TLS private key. */
static const char *
fault_of(const struct stat *st, CsSecretKind kind, int *sqlstate)
{
	mode_t others =
		kind == CS_SECRET_CERTIFICATE ? S_IWGRP | S_IWOTH : S_IRWXG | S_IRWXO;
	mode_t beside_root =
		kind == CS_SECRET_CERTIFICATE ? others : S_IWGRP | S_IXGRP | S_IRWXO;

	*sqlstate = ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE;
	if (!S_ISREG(st->st_mode))
		return "It is not a regular file.";
	if (kind != CS_SECRET_CERTIFICATE && st->st_uid != geteuid() &&
		st->st_uid != 0)
	{
		*sqlstate = ERRCODE_INSUFFICIENT_PRIVILEGE;
		return OWNER_RULE;
	}
	if ((st->st_mode & (st->st_uid == 0 ? beside_root : others)) != 0)
	{
		*sqlstate = ERRCODE_INSUFFICIENT_PRIVILEGE;
		return kind == CS_SECRET_CERTIFICATE
				   ? "Nobody but its owner may be able to write it."
				   : OWNER_RULE;
	}
	if (st->st_size > MAX_SECRET_BYTES)
		return "It is larger than 16 kB.";
	return NULL;
}

static void
check_stat(const CsSecretOption *o, const struct stat *st)
{
	int			sqlstate;
	const char *fault = fault_of(st, o->kind, &sqlstate);

	if (fault != NULL)
		refuse(o, sqlstate, fault);
}

/* Why it is no secret of one line; takes the line end off. */
static const char *
check_line(char *secret, ssize_t len)
{
	if (len > 0 && secret[len - 1] == '\n')
		secret[--len] = '\0';
	if (len > 0 && secret[len - 1] == '\r')
		secret[--len] = '\0';
	if (len == 0)
		return "It is empty.";
	for (ssize_t i = 0; i < len; i++)
		if ((unsigned char) secret[i] < ' ' || secret[i] == 0x7f)
			return "It holds more than one line, or control characters.";
	return NULL;
}

/* Why it is nothing in PEM; whether that can be used, TLS will see. */
static const char *
check_pem(const char *text, ssize_t len, CsSecretKind kind)
{
	if (len == 0)
		return "It is empty.";
	if (strlen(text) != (size_t) len)
		return "It holds a zero byte; it must be in PEM form.";
	if (kind == CS_SECRET_CERTIFICATE)
		return strstr(text, "-----BEGIN CERTIFICATE-----") != NULL
				   ? NULL
				   : "It holds no certificate in PEM form.";
	if (strstr(text, "PRIVATE KEY-----") == NULL)
		return "It holds no private key in PEM form.";
	if (strstr(text, "ENCRYPTED") != NULL)
		return "Its key is protected by a passphrase, which nobody is there to type.";
	return NULL;
}

char *
cs_secret_file_read(CsSecretFile *file, const CsSecretOption *option)
{
	/* Of a pipe nobody may hold the other end. */
	int fd =
		OpenTransientFile(option->path, O_RDONLY | O_NONBLOCK | PG_BINARY);
	char		secret[MAX_SECRET_BYTES + 1];
	char	   *result;
	const char *fault;
	ssize_t		len;

	if (fd < 0)
		refuse_by_system(option, "open");
	if (fstat(fd, &file->seen) != 0)
		refuse_by_system(option, "stat");
	check_stat(option, &file->seen);
	len = read(fd, secret, MAX_SECRET_BYTES);
	if (len < 0)
		refuse_by_system(option, "read");
	CloseTransientFile(fd);

	secret[len] = '\0';
	fault = option->kind == CS_SECRET_LINE
				? check_line(secret, len)
				: check_pem(secret, len, option->kind);
	if (fault != NULL)
	{
		cs_core_wipe(secret, sizeof(secret));
		refuse(option, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, fault);
	}
	file->path = pstrdup(option->path);
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
