/*-------------------------------------------------------------------------
 * words.h
 *	  Words of a text, compared without regard to case.
 *
 * Pure functions.  Texts are not terminated and belong to the caller.
 *------------------------------------------------------------------------- */
#ifndef CS_WORDS_H
#define CS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Letters of ASCII in lower case; other bytes stay. */
extern char cs_words_fold(char c);

/*
 * Words are runs of letters, digits and bytes beyond ASCII: "1XBET (Kenya)"
 * has two.  Takes the next one at or after *at, and moves *at behind it;
 * false when there is none.
 */
typedef struct CsWord
{
	const char *text;
	size_t		len;
} CsWord;

extern bool cs_words_next(const char **at, const char *end, CsWord *word);

/* The same words have the same number. */
extern uint32_t cs_words_hash(const CsWord *word);

/* Are the words of a name the first words of a text? */
extern bool cs_words_begin(const char *text, const char *text_end,
						   const char *name, const char *name_end);

#endif /* CS_WORDS_H */
