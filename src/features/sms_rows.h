/*-------------------------------------------------------------------------
 * sms_rows.h
 *	  The transactions that the messages of a phone tell of.
 *
 * They point into the messages; memory is taken from the current context.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_ROWS_H
#define CS_SMS_ROWS_H

#include "postgres.h"

#include "features/amount.h"
#include "features/sms_message.h"
#include "features/transactions.h"

/* The arranged transactions of each account, by its number. */
typedef struct CsSmsRows
{
	CsTransactions *accounts;
	int				naccounts;
} CsSmsRows;

/*
 * Arranges what the messages tell of each account; times are those of the
 * messages' zone.  Messages of one time are put in the order of their rows.
 */
extern void cs_sms_rows_arrange(CsSmsMessages *messages, CsSmsRows *rows);

/*
 * Those of all accounts in the messages' currency together; what closes a time
 * is what all of them hold.
 */
extern void
cs_sms_rows_all(const CsSmsMessages *messages, const CsSmsRows *rows,
				CsTransactions *transactions);

/* An amount of a text, as transactions have it. */
extern CsAmount cs_sms_rows_amount(const CsSmsAmount *amount);

#endif /* CS_SMS_ROWS_H */
