/*-------------------------------------------------------------------------
 * buf.h
 *	  A growing byte string, and what is written into one.
 *------------------------------------------------------------------------- */
#ifndef CS_BUF_H
#define CS_BUF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing byte string, always NUL-terminated at data[len] once something
 * was appended.  After a failed allocation, or beyond CS_BUF_MAX, `failed`
 * stays true and appends do nothing: check it once, at the end.
 */
#define CS_BUF_MAX (64 * 1024 * 1024)

typedef struct CsBuf
{
	char  *data;
	size_t len;
	size_t size;
	bool   failed;
} CsBuf;

extern void cs_buf_append(CsBuf *buf, const char *bytes, size_t len);
extern void cs_buf_puts(CsBuf *buf, const char *text);
extern void cs_buf_printf(CsBuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Percent-encodes everything but RFC 3986 unreserved characters. */
extern void cs_buf_put_urlencoded(CsBuf *buf, const char *text);

/* Appends a JSON string literal, quotes included; `text` is valid UTF-8. */
extern void cs_buf_put_json_string(CsBuf *buf, const char *text);

/* Standard base64 with padding (RFC 4648 section 4). */
extern void cs_buf_put_base64(CsBuf *buf, const void *bytes, size_t len);

/* Overwrites the content, then frees it.  Accepts a zeroed buffer. */
extern void cs_buf_free(CsBuf *buf);

#endif /* CS_BUF_H */
