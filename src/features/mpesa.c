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
 * How a text begins, or after a star what it holds.  A pattern is in lower
 * case; a blank in it stands for any white space, and what is in brackets may
 * be absent.
 */
typedef struct Pattern
{
	const char *text;
	CsMpesaClass class;
	bool party; /* the text goes on with the party */
	int	 roles;
} Pattern;

/* Whom one pays to a paybill, and who pays out from one. */
#define ANY_ROLE \
	(CS_PARTY_BETTING | CS_PARTY_LENDER | CS_PARTY_OWN_ACCOUNT | \
	 CS_PARTY_AIRTIME)

/* The first that matches holds. */
static const Pattern patterns[] = {
	{"overdraft of credit party", CS_MPESA_OVERDRAFT, false, 0},
	{"od loan repayment to ", CS_MPESA_OVERDRAFT_REPAID, true, 0},
	/* names the kind that it reverses, and is not of that kind */
	{"*reversal", CS_MPESA_TRANSACTION, false, 0},

	{"airtime purchase[ with fuliza]", CS_MPESA_AIRTIME, false, 0},
	{"customer bundle purchase [with fuliza ]to ", CS_MPESA_AIRTIME, true, 0},
	{"recharge for customer [with fuliza ]to ", CS_MPESA_AIRTIME, true, 0},
	{"buy bundles", CS_MPESA_AIRTIME, false, 0},

	{"customer transfer [fuliza m[-]pesa ]to ", CS_MPESA_TRANSACTION, true, 0},
	{"intimate card customer transfer to ", CS_MPESA_TRANSACTION, true, 0},
	{"offnet c2b transfer to ", CS_MPESA_TRANSACTION, true, 0},
	{"customer payment to small business to ", CS_MPESA_TRANSACTION, true, 0},
	{"customer send money to micro sme business [with fuliza m[-]pesa ]to ",
	 CS_MPESA_TRANSACTION, true, 0},

	{"pay bill [online ][fuliza m[-]pesa ]to ", CS_MPESA_TRANSACTION, true,
	 ANY_ROLE},
	{"card pay bill [online ]to ", CS_MPESA_TRANSACTION, true, ANY_ROLE},
	/* at a till one buys, and pays no loan */
	{"merchant payment [online ][fuliza m[-]pesa ][online ]to ",
	 CS_MPESA_TRANSACTION, true, CS_PARTY_BETTING | CS_PARTY_AIRTIME},
	{"business payment from ", CS_MPESA_TRANSACTION, true, ANY_ROLE},
	{"salary payment from ", CS_MPESA_TRANSACTION, true, ANY_ROLE},
	{"promotion payment from ", CS_MPESA_TRANSACTION, true, ANY_ROLE},
	{"merchant customer payment from ", CS_MPESA_TRANSACTION, true, ANY_ROLE},

	{"customer withdrawal at agent till ", CS_MPESA_TRANSACTION, true, 0},
	{"deposit of funds at agent till ", CS_MPESA_TRANSACTION, true, 0},
	{"funds received from ", CS_MPESA_TRANSACTION, true, 0},
	{"transfer from bank ", CS_MPESA_TRANSACTION, true, 0},
	{"receive international [zero rated ]transfer from ", CS_MPESA_TRANSACTION,
	 true, 0},

	{"m[-]shwari deposit", CS_MPESA_OWN, false, 0},
	{"m[-]shwari lock", CS_MPESA_OWN, false, 0},
	{"m[-]shwari withdraw", CS_MPESA_OWN, false, 0},
	{"m[-]shwari loan disburse", CS_MPESA_LOAN, false, 0},
	{"term loan disbursement", CS_MPESA_LOAN, false, 0},
	{"m[-]shwari loan repayment", CS_MPESA_REPAYMENT, false, 0},
	{"kcb m[-]pesa loan repayment", CS_MPESA_REPAYMENT, false, 0},
	{"m[-]shwari loan request", CS_MPESA_NOTHING, false, 0},
	{"kcb m[-]pesa loan request", CS_MPESA_NOTHING, false, 0},
	{"kcb m[-]pesa deposit", CS_MPESA_OWN, false, 0},
	{"kcb m[-]pesa target [first ]deposit", CS_MPESA_OWN, false, 0},
	{"kcb m[-]pesa withdraw", CS_MPESA_OWN, false, 0},

	{"unit trust invest to ", CS_MPESA_TRANSACTION, true, 0},
	{"unit trust withdraw from ", CS_MPESA_TRANSACTION, true, 0},
	{"sell shares payment by ", CS_MPESA_TRANSACTION, true, 0},
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
	return match(pattern, &text, end) ? text : NULL;
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

/*
 * "Pay Bill Charge", "Customer Transfer of Funds Charge": names no party, and
 * so has no number, as "Merchant Payment to 5 - EV CHARGE" has.
 */
static bool
is_fee(const char *text, const char *end)
{
	static const char word[] = "charge";
	const size_t	  len = sizeof(word) - 1;

	while (end > text && is_blank(end[-1]))
		end--;
	if ((size_t) (end - text) <= len || !is_blank(end[-1 - (int) len]) ||
		begins(end - len, end, word) == NULL)
		return false;
	for (; text < end; text++)
		if (is_digit(*text))
			return false;
	return true;
}

/*
 * Cuts off a dash before, the account ("Acc. 12") and how it was sent ("via
 * API. ...").
 */
static void
take_party(const char *text, const char *end, CsMpesaRow *row)
{
	static const char *const tails[] = {" acc.", " via api"};

	while (text < end && (*text == '-' || is_blank(*text)))
		text++;
	for (int i = 0; i < LENGTH(tails); i++)
	{
		const char *tail = find(text, end, tails[i]);

		end = tail != NULL ? tail : end;
	}
	while (end > text && is_blank(end[-1]))
		end--;
	row->party = text;
	row->party_len = (size_t) (end - text);
}

/* Where a text goes on behind a pattern; NULL: it does not match. */
static const char *
behind(const char *text, const char *end, const char *pattern)
{
	if (*pattern == '*')
		return find(text, end, pattern + 1);
	return begins(text, end, pattern);
}

void
cs_mpesa_classify(const char *text, size_t len, CsMpesaRow *row)
{
	const char *end = text + len;

	memset(row, 0, sizeof(*row));
	row->class = CS_MPESA_TRANSACTION;
	text = skip_blanks(text, end);
	if (is_fee(text, end))
	{
		row->class = CS_MPESA_FEE;
		return;
	}
	for (int i = 0; i < LENGTH(patterns); i++)
	{
		const Pattern *pattern = &patterns[i];
		const char	  *rest = behind(text, end, pattern->text);

		if (rest == NULL)
			continue;
		row->class = pattern->class;
		row->roles = pattern->roles;
		row->fuliza = strstr(pattern->text, "fuliza") != NULL &&
					  find(text, rest, "fuliza") != NULL;
		if (pattern->party)
			take_party(rest, end, row);
		return;
	}
}
