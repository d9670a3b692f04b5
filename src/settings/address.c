/*-------------------------------------------------------------------------
 * address.c
 *	  Where requests may go: base URLs and proxies.
 *
 * Texts are looked at and nothing else: no look-up, no memory.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/address.h"

/* Length of a host (name, address, or [IPv6]) at the head of text. */
static size_t
host_length(const char *text)
{
	if (text[0] == '[')
	{
		size_t len = strspn(text + 1, "0123456789abcdefABCDEF:.");

		return len > 0 && text[len + 1] == ']' ? len + 2 : 0;
	}
	return strspn(
		text,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
}

static bool
is_loopback(const char *host, size_t len)
{
	if (len == strlen("localhost") &&
		pg_strncasecmp(host, "localhost", len) == 0)
		return true;
	if (len == strlen("[::1]") && strncmp(host, "[::1]", len) == 0)
		return true;
	return len > 4 && strncmp(host, "127.", 4) == 0 &&
		   strspn(host, "0123456789.") >= len;
}

/* What follows the port, if there is one, after a host; NULL: a bad port. */
static const char *
skip_port(const char *text)
{
	size_t digits;

	if (*text != ':')
		return text;
	digits = strspn(text + 1, "0123456789");
	if (digits < 1 || digits > 5 || atoi(text + 1) < 1 ||
		atoi(text + 1) > 65535)
		return NULL;
	return text + 1 + digits;
}

bool
cs_address_is_base(const char *url)
{
	bool		plain = pg_strncasecmp(url, "http://", 7) == 0;
	const char *host = url + (plain ? 7 : 8);
	const char *rest;
	size_t		len;

	if (!plain && pg_strncasecmp(url, "https://", 8) != 0)
		return false;
	len = host_length(host);
	if (len == 0 || (plain && !is_loopback(host, len)))
		return false;
	rest = skip_port(host + len);
	if (rest == NULL || (*rest != '\0' && *rest != '/'))
		return false;
	for (; *rest != '\0'; rest++)
		if (strchr("?#\\@", *rest) != NULL || (unsigned char) *rest <= ' ' ||
			(unsigned char) *rest >= 0x7f)
			return false;
	return true;
}

bool
cs_address_is_proxy(const char *value)
{
	static const char *const schemes[] = {"http://",   "https://",
										  "socks4://", "socks4a://",
										  "socks5://", "socks5h://"};
	const char				*host = value;
	const char				*rest;

	for (size_t i = 0; i < lengthof(schemes); i++)
		if (pg_strncasecmp(value, schemes[i], strlen(schemes[i])) == 0)
			host = value + strlen(schemes[i]);
	rest = host_length(host) > 0 ? skip_port(host + host_length(host)) : NULL;
	return rest != NULL && (*rest == '\0' || strcmp(rest, "/") == 0);
}
