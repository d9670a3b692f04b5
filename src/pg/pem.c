/*-------------------------------------------------------------------------
 * pem.c
 *	  What stands in a text in PEM form.
 *
 * Between two lines it is base64 (RFC 7468).  What is copied on the way is
 * wiped, for it may be a private key.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/pem.h"

#include "common/base64.h"

#include "base/core.h"

#define PEM_BEGIN "-----BEGIN "
#define PEM_END	  "-----END "

/* What is between the lines of the next one; NULL: there is none. */
static const char *
find(const char *at, const char *tail, const char **end)
{
	size_t tail_len = strlen(tail);

	while ((at = strstr(at, PEM_BEGIN)) != NULL)
	{
		const char *line_end = at + strcspn(at, "\r\n");

		if (line_end - at >= (ptrdiff_t) tail_len &&
			strncmp(line_end - tail_len, tail, tail_len) == 0)
		{
			*end = strstr(line_end, PEM_END);
			return *end != NULL ? line_end : NULL;
		}
		at = line_end;
	}
	return NULL;
}

static bool
decode(const char *text, int len, CsPem *pem)
{
	char *packed = palloc(len); /* without the ends of lines */
	int	  size = pg_b64_dec_len(len);
	int	  n = 0;

	for (int i = 0; i < len; i++)
		if (strchr(" \t\r\n", text[i]) == NULL)
			packed[n++] = text[i];
	pem->der = palloc(size);
	n = pg_b64_decode(packed, n, (char *) pem->der, size);
	cs_core_wipe(packed, len);
	pfree(packed);
	if (n <= 0)
	{
		cs_core_wipe(pem->der, size);
		pfree(pem->der);
		return false;
	}
	pem->len = (size_t) n;
	return true;
}

bool
cs_pem_next(const char **text, const char *tail, CsPem *pem)
{
	const char *begin;
	const char *end;

	while ((begin = find(*text, tail, &end)) != NULL)
	{
		*text = end;
		if (decode(begin, (int) (end - begin), pem))
			return true;
	}
	return false;
}
