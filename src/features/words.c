/*-------------------------------------------------------------------------
 * words.c
 *	  Words of a text; see words.h.
 *------------------------------------------------------------------------- */
#include "features/words.h"

char
cs_words_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static bool
is_word_char(char c)
{
	char folded = cs_words_fold(c);

	return (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9') ||
		   (unsigned char) c >= 0x80;
}

bool
cs_words_next(const char **at, const char *end, CsWord *word)
{
	const char *start = *at;

	while (start < end && !is_word_char(*start))
		start++;
	word->text = start;
	for (*at = start; *at < end && is_word_char(**at);)
		(*at)++;
	word->len = (size_t) (*at - start);
	return word->len > 0;
}

/* FNV-1a. */
uint32_t
cs_words_hash(uint32_t hash, const CsWord *word)
{
	for (size_t i = 0; i < word->len; i++)
		hash =
			(hash ^ (unsigned char) cs_words_fold(word->text[i])) * 16777619u;
	return hash;
}

/* The next character of a word at or after *at; false: there is none. */
static bool
next_char(const char **at, const char *end, char *c)
{
	while (*at < end && !is_word_char(**at))
		(*at)++;
	if (*at >= end)
		return false;
	*c = cs_words_fold(*(*at)++);
	return true;
}

int
cs_words_compare(const char *a, const char *a_end, const char *b,
				 const char *b_end)
{
	char from_a;
	char from_b;

	while (next_char(&a, a_end, &from_a))
	{
		if (!next_char(&b, b_end, &from_b))
			return 1;
		if (from_a != from_b)
			return from_a < from_b ? -1 : 1;
	}
	return next_char(&b, b_end, &from_b) ? -1 : 0;
}

bool
cs_words_same(const char *a, const char *a_end, const char *b,
			  const char *b_end)
{
	return cs_words_compare(a, a_end, b, b_end) == 0;
}
