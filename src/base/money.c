/*-------------------------------------------------------------------------
 * money.c
 *	  Amounts of money, exact: as whole millionths of a currency's unit.
 *------------------------------------------------------------------------- */
#include "base/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UNIT INT64_C(1000000)

/* Decimals that are always written. */
#define FEWEST_DECIMALS 2

static const char digits[] = "0123456789";

/* Takes up to `most` digits into *value; returns how many, 0: none, or more. */
static size_t
take_digits(const char *text, size_t most, int64_t *value)
{
	size_t n = strspn(text, digits);

	if (n > most)
		return 0;
	for (size_t i = 0; i < n; i++)
		*value = *value * 10 + (text[i] - '0');
	return n;
}

bool
cs_money_parse(const char *text, CsMoney *amount)
{
	int64_t value = 0;
	size_t	n = take_digits(text, CS_MONEY_DIGITS, &value);
	size_t	decimals = 0;

	if (n == 0)
		return false;
	text += n;
	if (*text == '.')
	{
		decimals = take_digits(text + 1, CS_MONEY_DECIMALS, &value);
		if (decimals == 0)
			return false;
		text += 1 + decimals;
	}
	for (; decimals < CS_MONEY_DECIMALS; decimals++)
		value *= 10;
	*amount = value;
	return *text == '\0';
}

void
cs_money_show(CsMoney amount, char out[CS_MONEY_TEXT_SIZE])
{
	size_t len =
		(size_t) snprintf(out, CS_MONEY_TEXT_SIZE, "%" PRId64 ".%0*" PRId64,
						  amount / UNIT, CS_MONEY_DECIMALS, amount % UNIT);
	size_t shortest = len - (CS_MONEY_DECIMALS - FEWEST_DECIMALS);

	while (len > shortest && out[len - 1] == '0')
		out[--len] = '\0';
}

bool
cs_money_is_currency(const char *text)
{
	return strlen(text) == CS_CURRENCY_SIZE - 1 &&
		   strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == CS_CURRENCY_SIZE - 1;
}
