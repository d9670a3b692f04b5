/*-------------------------------------------------------------------------
 * plain.h
 *	  Texts in plain characters and one line.
 *------------------------------------------------------------------------- */
#ifndef CS_PLAIN_H
#define CS_PLAIN_H

#include "postgres.h"

/*
 * A text of the database's encoding as plain_chars.h has it plain and in one
 * line; *plain_len is its length.  It is a part of the text where that is so
 * already, else in the current memory context.
 */
extern const char *cs_plain_text(const char *text, int len, int *plain_len);

#endif /* CS_PLAIN_H */
