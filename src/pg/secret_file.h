/*-------------------------------------------------------------------------
 * secret_file.h
 *	  A credential kept in a file of the database server.
 *------------------------------------------------------------------------- */
#ifndef CS_SECRET_FILE_H
#define CS_SECRET_FILE_H

#include "postgres.h"

#include <sys/stat.h>

/* What a file is to hold. */
typedef enum CsSecretKind
{
	CS_SECRET_LINE,		  /* a secret, in one line */
	CS_SECRET_KEY,		  /* a private key, PEM, without passphrase */
	CS_SECRET_CERTIFICATE /* certificates, PEM: no secret, others may read */
} CsSecretKind;

/* An option that names a file, for messages. */
typedef struct CsSecretOption
{
	CsSecretKind kind;
	const char	*name; /* without _file */
	const char	*path;
	bool		 path_shown; /* may whoever asks know it? */
	const char	*hint;
} CsSecretOption;

/* Where a secret was read from and how the file looked then. */
typedef struct CsSecretFile
{
	const char *path;
	struct stat seen;
} CsSecretFile;

/*
 * Reads the secret of an option from its file (palloc'd; of a line one
 * trailing line end is dropped).  The file must be a regular one that only the server's
 * operating-system user, or root and its group, can read, as PostgreSQL asks
 * of its TLS key.  Errors: 58P01 (there is none), others of the file, 42501
 * (readable by others), HV024 (no file, empty, larger than 16 kB, with control
 * characters, or not of its kind); their hint is the option's.
 */
extern char *
cs_secret_file_read(CsSecretFile *file, const CsSecretOption *option);

/* Does the file differ from what was read?  True also when it is gone. */
extern bool cs_secret_file_changed(const CsSecretFile *file);

#endif /* CS_SECRET_FILE_H */
