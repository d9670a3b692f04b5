/*-------------------------------------------------------------------------
 * json_string.h
 *	  Strings of a JSON text, checked and unescaped in place.
 *------------------------------------------------------------------------- */
#ifndef CS_JSON_STRING_H
#define CS_JSON_STRING_H

#include "base/core.h"

#define CS_JSON_TOO_EARLY "the end of the text too early"

/*
 * Reads a string whose opening quote *at is on, and leaves *at behind its
 * closing one.  Its content, *len bytes of valid UTF-8 without a NUL, is
 * unescaped where it stands and ended with a NUL.  Returns what is wrong, with
 * *at there, or NULL.
 */
extern const char *
cs_json_string_scan(unsigned char **at, const unsigned char *end,
					const char **text, size_t *len);

#endif /* CS_JSON_STRING_H */
