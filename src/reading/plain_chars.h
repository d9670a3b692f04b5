/*-------------------------------------------------------------------------
 * plain_chars.h
 *	  The text that is behind the ways to print it.
 *
 * Pure functions.  Texts are not terminated and belong to the caller.
 *------------------------------------------------------------------------- */
#ifndef CS_PLAIN_CHARS_H
#define CS_PLAIN_CHARS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Texts are typeset, too: no-break spaces, long dashes and curly apostrophes
 * stand for those of ASCII.  Of a text in UTF-8 this writes the same in plain
 * characters: any blank as a space or as the control character it is, dashes as
 * a hyphen, quotation marks as those of ASCII, other signs as a space; what has
 * no width is left out.  Letters of all scripts stay.  `out` has room for as
 * many bytes as the text has; returns how many it takes.
 */
extern size_t cs_plain_chars_write(const char *text, size_t len, char *out);

/*
 * Makes one line of a text in place, as it was before it was wrapped to fit a
 * column: white space is one space, there is none around it, and none behind a
 * hyphen within a word.  Returns the length that is left.
 */
extern size_t cs_plain_chars_unwrap(char *text, size_t len);

/* Would both leave the text as it is, but for blanks around it? */
extern bool cs_plain_chars_are_all(const char *text, size_t len);

#endif /* CS_PLAIN_CHARS_H */
