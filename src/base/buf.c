/*-------------------------------------------------------------------------
 * buf.c
 *	  A growing byte string, and what is written into one.
 *
 * libc only.  A CsBuf owns its bytes until cs_buf_free, which overwrites
 * them; so does every growth, because requests hold secrets.
 *------------------------------------------------------------------------- */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core.h"

/* First allocation of a buffer: holds a URL or a set of headers. */
#define BUF_FIRST_SIZE 256

/*
 * Makes room for `more` bytes and the NUL.  Not realloc: that would leave the
 * old bytes, perhaps a password, behind in freed memory.
 */
static bool
reserve(CsBuf *buf, size_t more)
{
	size_t needed;
	size_t size;
	char  *data;

	if (buf->failed || more >= CS_BUF_MAX - buf->len)
	{
		buf->failed = true;
		return false;
	}
	needed = buf->len + more + 1;
	if (needed <= buf->size)
		return true;

	size = buf->size > 0 ? buf->size * 2 : BUF_FIRST_SIZE;
	if (size < needed)
		size = needed;
	if (size > CS_BUF_MAX)
		size = CS_BUF_MAX;
	data = malloc(size);
	if (data == NULL)
	{
		buf->failed = true;
		return false;
	}
	if (buf->data != NULL)
	{
		memcpy(data, buf->data, buf->len + 1);
		cs_core_wipe(buf->data, buf->size);
		free(buf->data);
	}
	buf->data = data;
	buf->size = size;
	return true;
}

void
cs_buf_append(CsBuf *buf, const char *bytes, size_t len)
{
	if (!reserve(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
cs_buf_puts(CsBuf *buf, const char *text)
{
	cs_buf_append(buf, text, strlen(text));
}

void
cs_buf_printf(CsBuf *buf, const char *format, ...)
{
	va_list args;
	int		needed;

	va_start(args, format);
	needed = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (needed < 0)
		buf->failed = true;
	if (needed < 0 || !reserve(buf, (size_t) needed))
		return;

	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t) needed + 1, format, args);
	va_end(args);
	buf->len += (size_t) needed;
}

/* RFC 3986 section 2.3. */
static bool
is_unreserved(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		   (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
		   c == '~';
}

void
cs_buf_put_urlencoded(CsBuf *buf, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (const unsigned char *c = (const unsigned char *) text; *c != '\0';
		 c++)
	{
		char code[3] = {'%', hex[*c >> 4], hex[*c & 15]};

		if (is_unreserved(*c))
			cs_buf_append(buf, (const char *) c, 1);
		else
			cs_buf_append(buf, code, sizeof(code));
	}
}

/* RFC 8259 section 7: quote, backslash and controls are escaped. */
void
cs_buf_put_json_string(CsBuf *buf, const char *text)
{
	const char *plain = text;
	const char *c;

	cs_buf_append(buf, "\"", 1);
	for (c = text; *c != '\0'; c++)
	{
		if ((unsigned char) *c >= 0x20 && *c != '"' && *c != '\\')
			continue;
		cs_buf_append(buf, plain, (size_t) (c - plain));
		if (*c == '"' || *c == '\\')
			cs_buf_printf(buf, "\\%c", *c);
		else
			cs_buf_printf(buf, "\\u%04x", (unsigned char) *c);
		plain = c + 1;
	}
	cs_buf_append(buf, plain, (size_t) (c - plain));
	cs_buf_append(buf, "\"", 1);
}

void
cs_buf_put_base64(CsBuf *buf, const void *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = bytes;
	char				*out;

	/* Checked first, so that the product cannot overflow. */
	if (len > CS_BUF_MAX)
	{
		buf->failed = true;
		return;
	}
	if (!reserve(buf, (len + 2) / 3 * 4))
		return;
	out = buf->data + buf->len;
	for (; len > 0; in += 3)
	{
		size_t		 n = len < 3 ? len : 3;
		unsigned int group = (unsigned int) in[0] << 16;

		if (n > 1)
			group |= (unsigned int) in[1] << 8;
		if (n > 2)
			group |= in[2];
		*out++ = digits[group >> 18];
		*out++ = digits[group >> 12 & 63];
		*out++ = n > 1 ? digits[group >> 6 & 63] : '=';
		*out++ = n > 2 ? digits[group & 63] : '=';
		len -= n;
	}
	*out = '\0';
	buf->len = (size_t) (out - buf->data);
}

void
cs_buf_free(CsBuf *buf)
{
	if (buf->data != NULL)
	{
		cs_core_wipe(buf->data, buf->size);
		free(buf->data);
	}
	memset(buf, 0, sizeof(*buf));
}
