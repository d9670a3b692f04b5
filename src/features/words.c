/*-------------------------------------------------------------------------
 * words.c
 *	  Words of a text, compared without regard to case.
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
cs_words_hash(const CsWord *word)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < word->len; i++)
		hash =
			(hash ^ (unsigned char) cs_words_fold(word->text[i])) * 16777619u;
	return hash;
}

static bool
same_word(const CsWord *a, const CsWord *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (cs_words_fold(a->text[i]) != cs_words_fold(b->text[i]))
			return false;
	return true;
}

bool
cs_words_begin(const char *text, const char *text_end, const char *name,
			   const char *name_end)
{
	CsWord wanted;
	CsWord word;

	while (cs_words_next(&name, name_end, &wanted))
		if (!cs_words_next(&text, text_end, &word) ||
			!same_word(&word, &wanted))
			return false;
	return true;
}
