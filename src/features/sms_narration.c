/*-------------------------------------------------------------------------
 * sms_narration.c
 *	  What banks write of a transaction; see sms_narration.h.
 *
 * The words are those in samples of alerts that are public.
 *------------------------------------------------------------------------- */
#include "features/sms_narration.h"

#include <string.h>

#include "features/words.h"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* How the money went, which is around the name of a party. */
static const char *const ways[] = {
	"a",	"the",	"via",	"pos",	"nip", "web",	  "mob",	  "mobile",
	"ussd", "atm",	"trf",	"tran", "pmt", "payment", "transfer", "purchase",
	"buy",	"card", "from", "to",	"at",  "by",	  "for",	  "cr",
	"dr",	"ng",	"ke",	"xx",	"ref", "online",  "app"};

static const char *const reversals[] = {"reversal", "reversed", "rvsl", "rsvl",
										"rev"};

static const char *const networks[] = {
	"mtn", "glo", "airtel", "9mobile", "etisalat", "safaricom", "telkom"};

static const char *const airtimes[] = {"airtime", "vtu", "recharge", "topup",
									   "bundle"};

/* What a bank takes a charge for ... */
static const char *const causes[] = {
	"sms",		"alert",	   "account", "acct",	 "ac",	  "card",
	"atm",		"maintenance", "maint",	  "monthly", "nip",	  "trf",
	"transfer", "electronic",  "money",	  "emt",	 "stamp", "mobile",
	"pos",		"service",	   "vat",	  "on"};

/* ... and how it is called: by a word that follows them, or alone. */
static const char *const after_causes[] = {"fee", "fees", "levy", "duty"};
static const char *const alone[] = {"charge", "charges", "vat", "cot", "emtl"};

static bool
is_word(const CsWord *word, const char *name)
{
	return cs_words_same(word->text, word->text + word->len, name,
						 name + strlen(name));
}

static bool
is_one_of(const CsWord *word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (is_word(word, names[i]))
			return true;
	return false;
}

#define IS_ONE_OF(word, names) is_one_of(word, names, LENGTH(names))

/* --- kinds --- */

/* The first word that does not say how the money went. */
static bool
first_word(const char **at, const char *end, CsWord *word)
{
	while (cs_words_next(at, end, word))
		if (!IS_ONE_OF(word, ways))
			return true;
	return false;
}

static bool
is_reversal(const char *at, const char *end)
{
	CsWord word;

	return first_word(&at, end, &word) && IS_ONE_OF(&word, reversals);
}

/* "AIRTIME MTN", "MTN DATA BUNDLE". */
static bool
is_airtime(const char *at, const char *end)
{
	CsWord word;

	bool network;

	if (!first_word(&at, end, &word))
		return false;
	network = IS_ONE_OF(&word, networks);
	if (network && !cs_words_next(&at, end, &word))
		return false;
	return IS_ONE_OF(&word, airtimes) || (network && is_word(&word, "data"));
}

/* "SMS CHARGES OCT", "STAMP DUTY", but not "SCHOOL FEES". */
static bool
is_charge(const char *at, const char *end)
{
	CsWord word;
	bool   has_cause = false;

	while (cs_words_next(&at, end, &word))
	{
		if (IS_ONE_OF(&word, alone) ||
			(has_cause && IS_ONE_OF(&word, after_causes)))
			return true;
		if (!IS_ONE_OF(&word, causes))
			return false;
		has_cause = true;
	}
	return false;
}

CsMpesaClass
cs_sms_narration_class(const CsSmsSpan *narration, bool is_debit)
{
	const char *at = narration->text;
	const char *end = at + narration->len;

	if (is_reversal(at, end))
		return CS_MPESA_REVERSAL;
	if (is_debit && is_charge(at, end))
		return CS_MPESA_FEE;
	if (is_debit && is_airtime(at, end))
		return CS_MPESA_AIRTIME;
	return CS_MPESA_TRANSACTION;
}

/* --- parts --- */

static bool
is_stroke(char c)
{
	return c != '\0' && strchr("/|:;@,*", c) != NULL;
}

/* Digits, stars, and a way: what says nothing of who it is. */
static bool
is_way(const CsWord *word)
{
	size_t digits = 0;

	for (size_t i = 0; i < word->len; i++)
		digits += word->text[i] >= '0' && word->text[i] <= '9';
	return digits == word->len || IS_ONE_OF(word, ways);
}

/* From the first word of a part to the last that are no way; empty: none. */
static void
trim_part(CsSmsSpan *part)
{
	const char *at = part->text;
	const char *end = at + part->len;
	CsWord		word;

	part->len = 0;
	while (cs_words_next(&at, end, &word))
	{
		if (is_way(&word))
			continue;
		if (part->len == 0)
			part->text = word.text;
		part->len = (size_t) (word.text + word.len - part->text);
	}
}

bool
cs_sms_narration_next(CsSmsRest *rest, CsSmsSpan *part)
{
	while (rest->at < rest->end)
	{
		const char *start = rest->at;

		while (rest->at < rest->end && !is_stroke(*rest->at))
			rest->at++;
		part->text = start;
		part->len = (size_t) (rest->at - start);
		if (rest->at < rest->end)
			rest->at++;
		trim_part(part);
		if (part->len > 0)
			return true;
	}
	return false;
}
