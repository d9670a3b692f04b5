/*-------------------------------------------------------------------------
 * base64.c
 *	  Reads base64: credentials in a header, files in a body.
 *------------------------------------------------------------------------- */
#include "core/base64.h"

#include <stdint.h>

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

bool
sb_base64_valid(const char *text, size_t len)
{
	size_t i;
	size_t padding = 0;

	if (len == 0 || len % 4 != 0)
		return false;
	while (padding < 2 && text[len - 1 - padding] == '=')
		padding++;
	for (i = 0; i < len - padding; i++)
	{
		if (base64_value(text[i]) < 0)
			return false;
	}
	return true;
}

size_t
sb_base64_decode(const char *from, size_t len, char *to, size_t size)
{
	uint32_t bits = 0;
	int		 nbits = 0;
	size_t	 n = 0;
	size_t	 i;

	for (i = 0; i < len && n + 1 < size; i++)
	{
		int value = base64_value(from[i]);

		if (value < 0)
			break;
		bits = bits << 6 | (uint32_t) value;
		nbits += 6;
		if (nbits >= 8)
		{
			nbits -= 8;
			to[n++] = (char) (bits >> nbits);
		}
	}
	to[n] = '\0';
	return n;
}
