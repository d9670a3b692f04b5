/*-------------------------------------------------------------------------
 * mpesa.c
 *	  What a row of an M-Pesa statement is; see mpesa.h.
 *
 * Safaricom documents none of the texts.  The table holds what public parsers
 * of statements recognise.
 *------------------------------------------------------------------------- */
#include "features/mpesa.h"

#include <string.h>

#include "features/words.h"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* --- patterns --- */

/*
 * How a text begins, up to the end of a word.  A pattern is in lower case; a
 * blank in it stands for any white space, and what is in brackets may be
 * absent.
 */
typedef struct Pattern
{
	const char *text;
	CsMpesaClass class;
	bool		  party; /* the text goes on with the party */
	int			  roles;
	CsMpesaRail	  rail;
	CsMpesaHolder holder;
} Pattern;

/* Whom one pays to a paybill, and who pays out from one. */
#define ANY_ROLE \
	(CS_PARTY_BETTING | CS_PARTY_LENDER | CS_PARTY_OWN_ACCOUNT | \
	 CS_PARTY_AIRTIME)

/* At a till one buys, and pays no loan. */
#define TILL_ROLE (CS_PARTY_BETTING | CS_PARTY_AIRTIME)

/* Whoever pays out sells no airtime by it. */
#define PAYOUT_ROLE (CS_PARTY_BETTING | CS_PARTY_LENDER | CS_PARTY_OWN_ACCOUNT)

/* "M-Pesa", "MPesa", and where it is wrapped "M- Pesa". */
#define MPESA		 "m[-[ ]]pesa"
#define MSHWARI		 "m[-[ ]]shwari"
#define FULIZA		 "[fuliza " MPESA " ]"
#define MPESA_OR_NOT "[" MPESA " ]"

/* Rows of the table: without a party, with one, and of bundles. */
#define PLAIN(text, class, rail, holder) \
	{ \
		text, class, false, 0, rail, holder \
	}
#define PARTY(text, roles, rail, holder) \
	{ \
		text, CS_MPESA_TRANSACTION, true, roles, rail, holder \
	}
#define BUNDLES(text) \
	{ \
		text, CS_MPESA_AIRTIME, true, 0, CS_RAIL_NONE, CS_HOLDER_CONSUMER \
	}
#define DISBURSED	"disburs[e][ment][al][d]"
#define WITH_FULIZA "[ with fuliza[ " MPESA "]]"

#define CONSUMER CS_HOLDER_CONSUMER

/* The first that matches holds. */
static const Pattern patterns[] = {
	PLAIN("overdraft of credit party", CS_MPESA_OVERDRAFT, CS_RAIL_NONE,
		  CONSUMER),
	{"od loan repayment[ to ]", CS_MPESA_OVERDRAFT_REPAID, true, 0,
	 CS_RAIL_NONE, CONSUMER},
	PLAIN("fuliza " MPESA_OR_NOT "loan " DISBURSED, CS_MPESA_OVERDRAFT,
		  CS_RAIL_NONE, CONSUMER),
	PLAIN("fuliza " MPESA_OR_NOT "loan repayment", CS_MPESA_OVERDRAFT_REPAID,
		  CS_RAIL_NONE, CONSUMER),

	PLAIN("airtime purchase" WITH_FULIZA, CS_MPESA_AIRTIME, CS_RAIL_NONE,
		  CONSUMER),
	BUNDLES("customer bundle purchase" WITH_FULIZA "[ to ]"),
	BUNDLES("recharge for customer" WITH_FULIZA "[ to ]"),
	PLAIN("buy bundles[ online]" WITH_FULIZA, CS_MPESA_AIRTIME, CS_RAIL_NONE,
		  CONSUMER),

	PARTY("customer transfer " FULIZA "to ", 0, CS_RAIL_PERSON, CONSUMER),
	PARTY("intimate card customer transfer to ", 0, CS_RAIL_PERSON, CONSUMER),
	PARTY("offnet c2b transfer to ", 0, CS_RAIL_PERSON, CONSUMER),
	PARTY("customer payment to small business to ", 0, CS_RAIL_SMALL_BUSINESS,
		  CONSUMER),
	PARTY("customer send money to micro sme business [with fuliza " MPESA
		  " ]to ",
		  0, CS_RAIL_SMALL_BUSINESS, CONSUMER),
	PLAIN("small business withdrawal from business account", CS_MPESA_OWN,
		  CS_RAIL_SMALL_BUSINESS, CONSUMER),

	PARTY("pay bill [online ]" FULIZA "to ", ANY_ROLE, CS_RAIL_PAYBILL,
		  CONSUMER),
	PARTY("card pay bill [online ]to ", ANY_ROLE, CS_RAIL_PAYBILL, CONSUMER),
	PARTY("merchant payment [online ]" FULIZA "[online ]to ", TILL_ROLE,
		  CS_RAIL_TILL, CONSUMER),
	PARTY("business payment from ", PAYOUT_ROLE, CS_RAIL_BUSINESS, CONSUMER),
	PARTY("salary payment from ", PAYOUT_ROLE, CS_RAIL_SALARY, CONSUMER),
	PARTY("promotion payment from ", PAYOUT_ROLE, CS_RAIL_PROMOTION, CONSUMER),
	PARTY("merchant customer payment from ", PAYOUT_ROLE, CS_RAIL_BUSINESS,
		  CONSUMER),

	PARTY("customer withdrawal at agent till ", 0, CS_RAIL_AGENT, CONSUMER),
	PARTY("deposit of funds at agent till ", 0, CS_RAIL_AGENT, CONSUMER),
	PARTY("funds received from ", 0, CS_RAIL_PERSON, CONSUMER),
	PARTY("transfer from bank ", 0, CS_RAIL_BANK, CONSUMER),
	PARTY("receive international [zero rated ]transfer from ", 0,
		  CS_RAIL_INTERNATIONAL, CONSUMER),

	PLAIN(MSHWARI " deposit", CS_MPESA_OWN, CS_RAIL_SAVINGS, CONSUMER),
	PLAIN(MSHWARI " lock", CS_MPESA_OWN, CS_RAIL_SAVINGS, CONSUMER),
	PLAIN(MSHWARI " withdraw[al]", CS_MPESA_OWN, CS_RAIL_SAVINGS, CONSUMER),
	PLAIN("kcb " MPESA " deposit", CS_MPESA_OWN, CS_RAIL_SAVINGS, CONSUMER),
	PLAIN("kcb " MPESA " lock", CS_MPESA_OWN, CS_RAIL_SAVINGS, CONSUMER),
	PLAIN("kcb " MPESA " target", CS_MPESA_OWN, CS_RAIL_SAVINGS, CONSUMER),
	PLAIN("kcb " MPESA " withdraw[al]", CS_MPESA_OWN, CS_RAIL_SAVINGS,
		  CONSUMER),

	PARTY("unit trust invest to ", 0, CS_RAIL_FUND, CONSUMER),
	PARTY("unit trust withdraw from ", 0, CS_RAIL_FUND, CONSUMER),
	PARTY("sell shares payment by ", 0, CS_RAIL_FUND, CONSUMER),

	/* Tills and paybills: customers pay, and the owner's bank is paid. */
	PARTY("merchant payment [online ]" FULIZA "[online ]from ", 0,
		  CS_RAIL_TILL, CS_HOLDER_TILL),
	PARTY("customer merchant payment from ", 0, CS_RAIL_TILL, CS_HOLDER_TILL),
	PARTY("pay bill [online ]" FULIZA "from ", 0, CS_RAIL_PAYBILL,
		  CS_HOLDER_PAYBILL),
	PLAIN("merchant account to organization settlement", CS_MPESA_OWN,
		  CS_RAIL_BANK, CS_HOLDER_TILL),
	PLAIN("utility account to organization settlement", CS_MPESA_OWN,
		  CS_RAIL_BANK, CS_HOLDER_PAYBILL),
	PLAIN("organi[s][z]ation settlement", CS_MPESA_OWN, CS_RAIL_BANK,
		  CS_HOLDER_ORGANISATION),
	PLAIN("organi[s][z]ation withdrawal", CS_MPESA_OWN, CS_RAIL_BANK,
		  CS_HOLDER_ORGANISATION),
	PARTY("business payment to ", 0, CS_RAIL_BUSINESS, CS_HOLDER_ORGANISATION),
	PARTY("salary payment to ", 0, CS_RAIL_SALARY, CS_HOLDER_ORGANISATION),
	PARTY("promotion payment to ", 0, CS_RAIL_PROMOTION,
		  CS_HOLDER_ORGANISATION),
};

/* A loan is called something, and comes, is asked for, or goes back. */
static const struct
{
	const char *text;
	CsMpesaClass class;
} loan_moves[] = {
	{" loan " DISBURSED, CS_MPESA_LOAN},
	{" loan repayment", CS_MPESA_REPAYMENT},
	{" loan request", CS_MPESA_NOTHING},
};

/* Loans that are known, and what they are called in SQL. */
static const struct
{
	const char *text;
	const char *known_as;
} loan_names[] = {
	{MSHWARI, "M-Shwari"},
	{"kcb " MPESA, "KCB M-PESA"},
	{"hustler fund", "Hustler Fund"},
	{"term", "Term Loan"},
};

/* The bracket that closes the one at `open`. */
static const char *
closing(const char *open)
{
	int depth = 0;

	for (;; open++)
	{
		depth += (*open == '[') - (*open == ']');
		if (depth == 0)
			return open;
	}
}

/*
 * Matches up to the end of the pattern, or of the bracket it stands in; the
 * text moves behind it only when all of it matches.
 */
static bool
match(const char *pattern, const char **text, const char *end)
{
	const char *at = *text;

	for (; *pattern != '\0' && *pattern != ']'; pattern++)
	{
		if (*pattern == '[')
		{
			(void) match(pattern + 1, &at, end);
			pattern = closing(pattern);
		}
		else if (at >= end)
			return false;
		else if (*pattern == ' ')
		{
			if (!is_blank(*at))
				return false;
			at = skip_blanks(at, end);
		}
		else if (cs_words_fold(*at++) != *pattern)
			return false;
	}
	*text = at;
	return true;
}

static bool
is_word_char(char c)
{
	char folded = cs_words_fold(c);

	return (folded >= 'a' && folded <= 'z') || is_digit(c) ||
		   (unsigned char) c >= 0x80;
}

/* Stands a place within a word? */
static bool
is_within_word(const char *at, const char *end)
{
	return at < end && is_word_char(at[-1]) && is_word_char(*at);
}

/*
 * Where the text that begins so goes on; NULL: it begins otherwise.  Most do
 * with their first character, so that is looked at first; a pattern has no
 * bracket there.
 */
static inline const char *
begins(const char *text, const char *end, const char *pattern)
{
	if (text >= end)
		return NULL;
	if (*pattern == ' ' ? !is_blank(*text) : cs_words_fold(*text) != *pattern)
		return NULL;
	return match(pattern, &text, end) && !is_within_word(text, end) ? text
																	: NULL;
}

/*
 * Where a text first has what the pattern says; NULL: nowhere.  Where a
 * pattern with a blank first does not match at the first blank of several, it
 * does not at the others, and each would be read on from in vain.
 */
static const char *
find(const char *text, const char *end, const char *pattern)
{
	for (; text < end; text++)
	{
		if (begins(text, end, pattern) != NULL)
			return text;
		if (*pattern == ' ' && is_blank(*text))
			text = skip_blanks(text, end) - 1;
	}
	return NULL;
}

/* --- rows --- */

/* Where a text ends that ends with this word, without it; NULL: it does not. */
static const char *
cut_word(const char *text, const char *end, const char *word)
{
	size_t len = strlen(word);

	while (end > text && is_blank(end[-1]))
		end--;
	if ((size_t) (end - text) <= len || !is_blank(end[-1 - (int) len]) ||
		begins(end - len, end, word) == NULL)
		return NULL;
	return end - len;
}

/*
 * What a text says before it names anybody: up to a dash that stands free, as
 * none does within a word.
 */
static const char *
head_end(const char *text, const char *end)
{
	for (; end - text >= 2; text++)
		if (is_blank(text[0]) && text[1] == '-')
			return text;
	return end;
}

/*
 * "Pay Bill Charge", "Pay Bill Charge Online": names no party, and so has no
 * number and no dash, as "Merchant Payment to 5 - EV CHARGE" has.
 */
static bool
is_fee(const char *text, const char *end)
{
	const char *online = cut_word(text, end, "online");

	if (cut_word(text, online != NULL ? online : end, "charge") == NULL ||
		head_end(text, end) < end)
		return false;
	for (; text < end; text++)
		if (is_digit(*text))
			return false;
	return true;
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/*
 * The receipt that a reversal names, if it does: a word of capitals and digits
 * that begins with a capital and has a digit, which no name has.
 */
static const char *
find_receipt(const char *text, const char *end)
{
	CsWord word;

	while (cs_words_next(&text, end, &word))
	{
		int digits = 0;
		int capitals = 0;

		for (size_t i = 0; i < word.len; i++)
		{
			digits += is_digit(word.text[i]);
			capitals += is_capital(word.text[i]);
		}
		if (word.len == CS_MPESA_RECEIPT && is_capital(word.text[0]) &&
			digits > 0 && digits + capitals == CS_MPESA_RECEIPT)
			return word.text;
	}
	return NULL;
}

/*
 * Cuts off a dash before, the account ("Acc. 12"), by whom and for whom it was,
 * and how it was sent ("via API. ...").
 */
static void
take_party(const char *text, const char *end, CsMpesaRow *row)
{
	static const char *const tails[] = {" acc.", " acc:", " via api", " by -",
										" for mobile no."};
	const char				*account;

	/* before what follows there may be nothing */
	for (int i = 0; i < LENGTH(tails); i++)
	{
		const char *tail = find(text - 1, end, tails[i]);

		end = tail != NULL ? tail : end;
	}
	account = row->rail == CS_RAIL_PAYBILL ? find(text, end, " acc ") : NULL;
	end = account != NULL ? account : end;
	while (text < end && (*text == '-' || is_blank(*text)))
		text++;
	while (end > text && is_blank(end[-1]))
		end--;
	row->party = text;
	row->party_len = end > text ? (size_t) (end - text) : 0;
}

static bool
is_of_overdraft(const Pattern *pattern)
{
	return pattern->class == CS_MPESA_OVERDRAFT ||
		   pattern->class == CS_MPESA_OVERDRAFT_REPAID;
}

static void
take_pattern(const Pattern *pattern, const char *text, const char *rest,
			 const char *end, CsMpesaRow *row)
{
	row->class = pattern->class;
	row->rail = pattern->rail;
	row->holder = pattern->holder;
	row->roles = pattern->roles;
	row->fuliza = !is_of_overdraft(pattern) &&
				  strstr(pattern->text, "fuliza") != NULL &&
				  find(text, rest, "fuliza") != NULL;
	if (pattern->party)
		take_party(rest, end, row);
}

/* "M-Shwari Loan Disbursement", "Loan Repayment": whose, and which way. */
static bool
take_loan(const char *text, const char *end, CsMpesaRow *row)
{
	for (int i = 0; i < LENGTH(loan_moves); i++)
	{
		/* a text may begin with the loan, which is then called nothing */
		bool nameless = begins(text, end, loan_moves[i].text + 1) != NULL;
		const char *move =
			nameless ? text : find(text, end, loan_moves[i].text);

		if (move == NULL)
			continue;
		row->class = loan_moves[i].class;
		row->holder = CS_HOLDER_CONSUMER;
		for (int j = 0; j < LENGTH(loan_names); j++)
			if (begins(text, move, loan_names[j].text) == move)
				row->known_as = loan_names[j].known_as;
		if (row->known_as == NULL && !nameless)
		{
			row->party = text;
			row->party_len = (size_t) (move - text);
		}
		return true;
	}
	return false;
}

/* The first pattern that a text begins with, and where it goes on; or NULL. */
static const Pattern *
find_pattern(const char *text, const char *end, const char **rest)
{
	for (int i = 0; i < LENGTH(patterns); i++)
	{
		*rest = begins(text, end, patterns[i].text);
		if (*rest != NULL)
			return &patterns[i];
	}
	return NULL;
}

void
cs_mpesa_classify(const char *text, size_t len, CsMpesaRow *row)
{
	const char	  *end = text + len;
	const char	  *head;
	const char	  *rest;
	const Pattern *pattern;

	memset(row, 0, sizeof(*row));
	row->class = CS_MPESA_TRANSACTION;
	text = skip_blanks(text, end);
	pattern = find_pattern(text, end, &rest);
	if (pattern != NULL && pattern->party)
	{
		take_pattern(pattern, text, rest, end, row);
		return;
	}
	head = head_end(text, end);
	if (is_fee(text, end))
		row->class = CS_MPESA_FEE;
	else if (pattern != NULL && is_of_overdraft(pattern))
		take_pattern(pattern, text, rest, end, row);
	else if (find(text, head, "reversal[s]") != NULL)
	{
		/* names the kind that it reverses, and is not of that kind */
		row->class = CS_MPESA_REVERSAL;
		row->reverses = find_receipt(text, end);
	}
	else if (pattern != NULL)
		take_pattern(pattern, text, rest, end, row);
	else
		(void) take_loan(text, head, row);
}
