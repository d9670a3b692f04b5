/*-------------------------------------------------------------------------
 * ca_file.c
 *	  Certificates to trust, in a file of the database server.
 *
 * The courier reads the file as the operating-system user of the server, as is
 * done here.  A certificate that OpenSSL calls trusted has some bytes more behind
 * it, and its line a word more.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/ca_file.h"

#include <sys/stat.h>

#include "storage/fd.h"
#include "utils/timestamp.h"

#include "base/certificate.h"
#include "pg/pem.h"

/* All public authorities together take a quarter of it. */
#define MAX_CA_BYTES (1024 * 1024)

/* The file's bytes with a NUL behind; NULL: errno says why not. */
static char *
read_file(const char *path)
{
	FILE  *file = AllocateFile(path, PG_BINARY_R);
	char  *bytes;
	size_t len;
	int	   failure;

	if (file == NULL)
		return NULL;
	bytes = palloc(MAX_CA_BYTES + 1);
	len = fread(bytes, 1, MAX_CA_BYTES, file);
	bytes[len] = '\0';
	failure = ferror(file) ? errno : 0;
	FreeFile(file);
	errno = failure;
	return failure == 0 ? bytes : NULL;
}

/* When the last of them ends; 0: there is none. */
static TimestampTz
last_end(const char *bytes)
{
	TimestampTz last = 0;
	CsPem		pem;

	while (cs_pem_next(&bytes, "CERTIFICATE-----", &pem))
	{
		int64_t seconds;

		if (cs_certificate_end(pem.der, pem.len, &seconds))
			last = Max(last, time_t_to_timestamptz((pg_time_t) seconds));
		pfree(pem.der);
	}
	return last;
}

const char *
cs_ca_file_fault(const char *path, TimestampTz now, TimestampTz *until)
{
	struct stat st;
	char	   *bytes;

	if (stat(path, &st) != 0)
		return psprintf("The file cannot be read: %m.");
	if (!S_ISREG(st.st_mode))
		return "It is not a regular file.";
	bytes = read_file(path);
	if (bytes == NULL)
		return psprintf("The file cannot be read: %m.");
	*until = last_end(bytes);
	pfree(bytes);
	if (*until == 0)
		return "The file holds no certificate.";
	return *until < now ? "All certificates of the file have expired." : NULL;
}
