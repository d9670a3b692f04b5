/*-------------------------------------------------------------------------
 * ca_file.c
 *	  Certificates to trust, in a file of the database server.
 *
 * The courier reads the file as the operating-system user of the server, as is
 * done here.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/ca_file.h"

#include <sys/stat.h>

#include "storage/fd.h"

/* All public authorities together take a quarter of it. */
#define MAX_CA_BYTES (1024 * 1024)

/* The file's bytes with a NUL behind; NULL: errno says why not. */
static char *
read_file(const char *path)
{
	FILE  *file = AllocateFile(path, PG_BINARY_R);
	char  *bytes;
	size_t len;

	if (file == NULL)
		return NULL;
	bytes = palloc(MAX_CA_BYTES + 1);
	len = fread(bytes, 1, MAX_CA_BYTES, file);
	bytes[len] = '\0';
	if (ferror(file))
	{
		pfree(bytes);
		bytes = NULL;
	}
	FreeFile(file);
	return bytes;
}

const char *
cs_ca_file_fault(const char *path)
{
	struct stat st;
	char	   *bytes;
	bool		has_any;

	if (stat(path, &st) != 0)
		return psprintf("The file cannot be read: %m.");
	if (!S_ISREG(st.st_mode))
		return "It is not a regular file.";
	bytes = read_file(path);
	if (bytes == NULL)
		return psprintf("The file cannot be read: %m.");
	has_any = strstr(bytes, "-----BEGIN CERTIFICATE-----") != NULL ||
			  strstr(bytes, "-----BEGIN TRUSTED CERTIFICATE-----") != NULL;
	pfree(bytes);
	return has_any ? NULL : "The file holds no certificate.";
}
