/*-------------------------------------------------------------------------
 * text.h
 *	  Growing byte strings, and what is written into them.
 *
 * An SbText owns its bytes until sb_text_free; whoever declares one, all
 * zeros, frees it or keeps it for reuse.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_TEXT_H
#define SANDBOX_TEXT_H

#include "core/types.h"

/* The data is not terminated unless sb_text_end is used. */
typedef struct SbText
{
	char  *data;
	size_t len;
	size_t cap;
} SbText;

extern void sb_text_grow(SbText *text, size_t more);
extern void sb_text_free(SbText *text);

/* Terminates without counting the terminator. */
extern const char *sb_text_end(SbText *text);

extern void sb_text_int(SbText *text, int64_t value);

/* Digits of value with a point before the last "scale" of them. */
extern void sb_text_decimal(SbText *text, int64_t value, int scale);

extern void sb_text_hex(SbText *text, uint64_t value, int digits);

/*
 * A version 4 UUID.  Its last group begins with 1, so that it never happens to
 * be a magic reference.
 */
extern void sb_text_uuid(SbText *text, uint64_t seed);

/* A quoted JSON string; bytes beyond ASCII go through as they are. */
extern void sb_text_json(SbText *text, const char *str, size_t len);

extern void sb_text_base64url(SbText *text, const void *bytes, size_t len);

/* The same of the standard alphabet, with "=" at the end where it is due. */
extern void sb_text_base64(SbText *text, const void *bytes, size_t len);

extern void
sb_text_insert(SbText *text, size_t at, const char *str, size_t len);

static inline void
sb_text_reserve(SbText *text, size_t more)
{
	if (text->cap - text->len < more)
		sb_text_grow(text, more);
}

static inline void
sb_text_mem(SbText *text, const char *bytes, size_t len)
{
	sb_text_reserve(text, len);
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

static inline void
sb_text_str(SbText *text, const char *str)
{
	sb_text_mem(text, str, strlen(str));
}

static inline void
sb_text_char(SbText *text, char c)
{
	sb_text_reserve(text, 1);
	text->data[text->len++] = c;
}

#endif /* SANDBOX_TEXT_H */
