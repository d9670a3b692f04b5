/*-------------------------------------------------------------------------
 * secret_file.h
 *	  A credential kept in a file of the database server.
 *------------------------------------------------------------------------- */
#ifndef CS_SECRET_FILE_H
#define CS_SECRET_FILE_H

#include "postgres.h"

#include <sys/stat.h>

/* Where a secret was read from and how the file looked then. */
typedef struct CsSecretFile
{
	const char *path;
	struct stat seen;
} CsSecretFile;

/*
 * Reads the secret of option `name` from `path` (palloc'd; one trailing line
 * end is dropped).  The file must be a regular one that only the server's
 * operating-system user, or root and its group, can read, as PostgreSQL asks
 * of its TLS key.  Errors: 58P01 (there is none), others of the file, 42501
 * (readable by others), HV024 (no file, empty, larger than 16 kB, or with
 * control characters); their hint is `hint`.
 */
extern char *cs_secret_file_read(CsSecretFile *file, const char *name,
								 const char *path, const char *hint);

/* Does the file differ from what was read?  True also when it is gone. */
extern bool cs_secret_file_changed(const CsSecretFile *file);

#endif /* CS_SECRET_FILE_H */
