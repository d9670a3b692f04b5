/*-------------------------------------------------------------------------
 * ca_file.c
 *	  Certificates to trust, in a file of the database server.
 *
 * The courier reads the file as the operating-system user of the server, as is
 * done here.  What stands between the lines of PEM is a certificate in base64
 * (RFC 7468); one that OpenSSL calls trusted has some bytes more behind it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/ca_file.h"

#include <sys/stat.h>

#include "common/base64.h"
#include "storage/fd.h"
#include "utils/timestamp.h"

#include "base/certificate.h"

/* All public authorities together take a quarter of it. */
#define MAX_CA_BYTES (1024 * 1024)

#define PEM_BEGIN "-----BEGIN "
#define PEM_END	  "-----END "
#define PEM_TAIL  "CERTIFICATE-----"

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

/* The text of the next certificate; NULL: there is none. */
static const char *
next_certificate(const char *at, const char **end)
{
	while ((at = strstr(at, PEM_BEGIN)) != NULL)
	{
		const char *line_end = at + strcspn(at, "\r\n");
		size_t		tail = strlen(PEM_TAIL);

		if (line_end - at >= (ptrdiff_t) tail &&
			strncmp(line_end - tail, PEM_TAIL, tail) == 0)
		{
			*end = strstr(line_end, PEM_END);
			return *end != NULL ? line_end : NULL;
		}
		at = line_end;
	}
	return NULL;
}

/* When a certificate ends; false when it is none. */
static bool
end_of(const char *text, int len, TimestampTz *end)
{
	char   *packed = palloc(len); /* without the ends of lines */
	int		n = 0;
	int		size = pg_b64_dec_len(len);
	void   *der = palloc(size);
	int64_t seconds;
	bool	found;

	for (int i = 0; i < len; i++)
		if (strchr(" \t\r\n", text[i]) == NULL)
			packed[n++] = text[i];
	n = pg_b64_decode(packed, n, der, size);
	found = n > 0 && cs_certificate_end(der, (size_t) n, &seconds);
	if (found)
		*end = time_t_to_timestamptz((pg_time_t) seconds);
	pfree(packed);
	pfree(der);
	return found;
}

/* When the last of them ends; 0: there is none. */
static TimestampTz
last_end(const char *bytes)
{
	TimestampTz last = 0;
	const char *end;

	for (const char *at = bytes; (at = next_certificate(at, &end)) != NULL;
		 at = end)
	{
		TimestampTz its;

		if (end_of(at, (int) (end - at), &its))
			last = Max(last, its);
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
