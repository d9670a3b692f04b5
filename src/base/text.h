/*-------------------------------------------------------------------------
 * text.h
 *	  Foreign texts, made fit to be shown.
 *------------------------------------------------------------------------- */
#ifndef CS_TEXT_H
#define CS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Is it non-empty, and visible ASCII without spaces? */
extern bool cs_text_is_visible(const char *value);

/*
 * Length in bytes (1 to 4) of the UTF-8 character at `bytes`, of which `left`
 * (at least 1) may be read; 0 when it is not well formed (RFC 3629: no
 * over-long form, no surrogate, at most U+10FFFF).
 */
extern size_t cs_text_utf8_length(const unsigned char *bytes, size_t left);

/*
 * Makes a foreign text fit to be shown, in place: runs of seven and more
 * digits (also with spaces, dashes, brackets or dots between them) keep
 * their first three and last two, words of 24 and more characters that look
 * like a key or token become "[redacted]", control characters become spaces,
 * invalid UTF-8 becomes '?'.
 */
extern void cs_text_redact(char *text);

/*
 * Likewise for the words of a TLS library: the number of an error of OpenSSL's,
 * "error:" and eight hexadecimal digits before a colon and words, stays.
 */
extern void cs_text_redact_tls(char *text);

/*
 * Masks a subject for messages: the first up to five and the last up to three
 * characters stay ("254700123456" -> "25470****456"), and at least four
 * characters, or all of a shorter subject, are hidden.
 */
extern void cs_text_mask(const char *subject, char *out, size_t outlen);

#endif /* CS_TEXT_H */
