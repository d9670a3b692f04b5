/*-------------------------------------------------------------------------
 * base64.h
 *	  Reads base64: credentials in a header, files in a body.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_BASE64_H
#define SANDBOX_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Is this padded standard base64, without line breaks? */
extern bool sb_base64_valid(const char *text, size_t len);

/* Decodes up to size bytes and terminates them; returns how many. */
extern size_t
sb_base64_decode(const char *from, size_t len, char *to, size_t size);

#endif /* SANDBOX_BASE64_H */
