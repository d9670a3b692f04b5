/*-------------------------------------------------------------------------
 * sms_sentence.c
 *	  The sentences of a text; see sms_sentence.h.
 *------------------------------------------------------------------------- */
#include "features/sms_sentence.h"

#include <string.h>

#include "features/words.h"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* What makes a sentence say of something that it is not so, or not yet. */
static const char *const denials[] = {
	"not",	 "no",	   "never",	 "none",	"without", "avoid",	  "avoids",
	"don",	 "didn",   "doesn",	 "isn",		"aren",	   "wasn",	  "hasn",
	"haven", "won",	   "cannot", "will",	"would",   "may",	  "might",
	"could", "should", "can",	 "becomes", "before",  "prevent", "nor"};

/* ... that it is so of others. */
static const char *const others[] = {
	"customers", "borrowers", "clients", "people", "others", "those",
	"anyone",	 "everyone",  "who",	 "any",	   "every",	 "all",
	"most",		 "some",	  "many",	 "members"};

/* ... and only where something else is so. */
static const char *const conditions[] = {"if",	 "when",	"whenever",
										 "once", "unless",	"until",
										 "case", "whether", "provided"};

static bool
is_one_of(const CsWord *word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (cs_words_same(word->text, word->text + word->len, names[i],
						  names[i] + strlen(names[i])))
			return true;
	return false;
}

#define IS_ONE_OF(word, names) is_one_of(word, names, LENGTH(names))

/* A full stop that digits follow is none. */
static bool
is_end(const char *at, const char *end)
{
	if (*at == '!' || *at == '?' || *at == ';')
		return true;
	return *at == '.' && (at + 1 == end || at[1] < '0' || at[1] > '9');
}

bool
cs_sms_sentence_next(CsSmsRest *rest, CsSmsSpan *sentence)
{
	while (rest->at < rest->end)
	{
		const char *start;
		bool		asks;

		cs_sms_field_skip_blank(rest);
		for (start = rest->at;
			 rest->at < rest->end && !is_end(rest->at, rest->end);)
			rest->at++;
		sentence->text = start;
		sentence->len = (size_t) (rest->at - start);
		/* "now!?" asks, too */
		for (asks = false; rest->at < rest->end && is_end(rest->at, rest->end);
			 rest->at++)
			asks |= *rest->at == '?';
		if (sentence->len > 0 && !asks)
			return true;
	}
	return false;
}

bool
cs_sms_sentence_is_so(const CsSmsSpan *before)
{
	const char *at = before->text;
	const char *end = at + before->len;
	CsWord		word;

	while (cs_words_next(&at, end, &word))
		if (IS_ONE_OF(&word, denials) || IS_ONE_OF(&word, others) ||
			IS_ONE_OF(&word, conditions))
			return false;
	return true;
}

bool
cs_sms_sentence_stays_so(const CsSmsSpan *behind)
{
	const char *at = behind->text;
	const char *end = at + behind->len;
	CsWord		word;

	while (cs_words_next(&at, end, &word))
		if (IS_ONE_OF(&word, conditions))
			return false;
	return true;
}
