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

/*
 * Names are compared by the letters of their words, whatever stands between
 * these: "BET LION", "Betlion" and "BET-\nLION" are one name.  A name's hash
 * begins with CS_WORDS_NO_HASH, and its words are added one by one.
 */
#define CS_WORDS_NO_HASH 2166136261u

extern uint32_t cs_words_hash(uint32_t hash, const CsWord *word);

extern bool cs_words_same(const char *a, const char *a_end, const char *b,
						  const char *b_end);

/* An order of names: below, at or above zero; zero for the same. */
extern int cs_words_compare(const char *a, const char *a_end, const char *b,
							const char *b_end);

#endif /* CS_WORDS_H */
