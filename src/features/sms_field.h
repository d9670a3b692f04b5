/*-------------------------------------------------------------------------
 * sms_field.h
 *	  Fields in messages about money: amounts, dates, receipts.
 *
 * Pure functions.  Each takes what stands at the beginning of a text with
 * single blanks, and moves the text behind it; false: it is not there, and
 * where the text then is does not matter.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_FIELD_H
#define CS_SMS_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/sms_form.h"

typedef struct CsSmsSpan
{
	const char *text; /* NULL: it is not there */
	size_t		len;
} CsSmsSpan;

typedef struct CsSmsAmount
{
	bool	there;
	int64_t hundredths;
	int		decimals; /* digits that were written behind the point */
} CsSmsAmount;

/* What a text says. */
typedef struct CsSmsRead
{
	const CsSmsForm *form;
	bool			 is_debit; /* else a credit, or nothing moved */
	CsSmsAmount		 amount;
	CsSmsAmount		 balance;
	CsSmsAmount		 fee;
	CsSmsAmount		 debt;
	CsSmsSpan		 receipt;
	CsSmsSpan		 reverses;
	CsSmsSpan		 party;
	CsSmsSpan		 number;  /* phone number of the party */
	CsSmsSpan		 account; /* whose balance it is, masked */
	bool			 has_date;
	int				 year; /* 2000 to 2099 */
	int				 month;
	int				 day;
	bool			 has_clock;
	int				 hour;
	int				 minute;
	int				 second;
} CsSmsRead;

/* The text that is left. */
typedef struct CsSmsRest
{
	const char *at;
	const char *end;
} CsSmsRest;

/* A blank is always there, and a letter is taken in either case. */
extern void cs_sms_field_skip_blank(CsSmsRest *rest);
extern bool cs_sms_field_take_char(CsSmsRest *rest, char c);

/* A field of sms_form.h, other than any text, into what is read. */
extern bool cs_sms_field_take(char field, CsSmsRest *rest, CsSmsRead *read);

/* Could a phone number begin here? */
extern bool cs_sms_field_is_phone(const CsSmsRest *rest);

/* Days from 2000-01-01 to the date that was read. */
extern int64_t cs_sms_field_day(const CsSmsRead *read);

/*
 * Likewise to the day that the receipt is of, which its first three characters
 * are made of in M-PESA's of ten; false: it is none of these.
 */
extern bool cs_sms_field_receipt_day(const CsSmsRead *read, int64_t *day);

#endif /* CS_SMS_FIELD_H */
