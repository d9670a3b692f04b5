/*-------------------------------------------------------------------------
 * money.h
 *	  Amounts of money, exact: as whole millionths of a currency's unit.
 *------------------------------------------------------------------------- */
#ifndef CS_MONEY_H
#define CS_MONEY_H

#include <stdbool.h>
#include <stdint.h>

/* Millionths; of which currency is said beside it. */
typedef int64_t CsMoney;

/* Digits of an amount before and behind its point: 18 in all fit. */
#define CS_MONEY_DIGITS	  12
#define CS_MONEY_DECIMALS 6

/* An amount as text, with its terminating NUL. */
#define CS_MONEY_TEXT_SIZE 24

/* The name of a currency: three letters and a NUL. */
#define CS_CURRENCY_SIZE 4

/*
 * Reads "15", "15.00" or "0.0125": digits, and perhaps a point with digits
 * behind it; no sign, no exponent, no blanks.  False: it is something else, or
 * has too many digits.
 */
extern bool cs_money_parse(const char *text, CsMoney *amount);

/* Writes an amount that is not negative with two decimals, or as many as it
 * has. */
extern void cs_money_show(CsMoney amount, char out[CS_MONEY_TEXT_SIZE]);

/* Is it written as currencies are (ISO 4217), three letters in upper case? */
extern bool cs_money_is_currency(const char *text);

#endif /* CS_MONEY_H */
