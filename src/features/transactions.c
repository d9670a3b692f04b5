/*-------------------------------------------------------------------------
 * transactions.c
 *	  The transactions of a statement; see transactions.h.
 *
 * Times.  Statements are printed in East African Time, which is three hours
 * east of UTC all year; a time without offset is such a time.
 *
 * Order.  M-Pesa prints the newest transaction first.  An answer in which
 * more neighbours step back in time than forward, or as many, is read so; any
 * other is read from its first transaction to its last.  That order is the
 * order of transactions of one time, whole days where an answer has only
 * dates; times come first where they are not in order.
 *
 * Amounts.  What is sent counts by its magnitude, for statements print it
 * negative.  A received amount below zero is none.  A row has amounts if one
 * of the two is not zero, or both are there.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/transactions.h"

#include "datatype/timestamp.h"
#include "utils/memutils.h"

#include "reading/answer_statement.h"
#include "reading/jsonb_read.h"

#define FIRST_SIZE 256

/* --- rows --- */

static bool
is_zero(CsAmount amount)
{
	return cs_amount_compare(amount, cs_amount_zero) == 0;
}

static bool
is_negative(CsAmount amount)
{
	return cs_amount_compare(amount, cs_amount_zero) < 0;
}

static bool
read_amount(Numeric number, CsAmount *amount)
{
	if (number != NULL && cs_amount_read(number, amount))
		return true;
	*amount = cs_amount_zero;
	return false;
}

static void
take_amounts(CsTransactionRow *row, const CsTransaction *transaction)
{
	bool has_received = read_amount(transaction->received, &row->received);
	bool has_sent = read_amount(transaction->sent, &row->sent);

	if (is_negative(row->received))
	{
		row->received = cs_amount_zero;
		has_received = false;
	}
	if (is_negative(row->sent))
		row->sent = cs_amount_subtract(cs_amount_zero, row->sent);
	row->has_amounts = (has_received && has_sent) || !is_zero(row->received) ||
					   !is_zero(row->sent);
	row->has_balance = read_amount(transaction->balance, &row->balance);
}

static void
take_type(CsTransactionRow *row, const CsTransaction *transaction,
		  const CsPartyList *parties)
{
	CsMpesaRow mpesa;

	row->has_type =
		transaction->type != NULL &&
		!cs_jsonb_read_is_blank(transaction->type, transaction->type_len);
	if (!row->has_type)
		return;
	cs_mpesa_classify(transaction->type, transaction->type_len, &mpesa);
	row->class = mpesa.class;
	row->fuliza = mpesa.fuliza;
	if (mpesa.roles != 0)
		row->roles = mpesa.roles &
					 cs_party_roles(parties, mpesa.party, mpesa.party_len);
}

static void
take_transaction(CsTransactionRow *row, const CsTransaction *transaction,
				 const CsPartyList *parties)
{
	memset(row, 0, sizeof(*row));
	row->time = transaction->time;
	if (transaction->has_offset)
		row->time += CS_EAT - transaction->offset * USECS_PER_SEC;
	if (transaction->id_len > 0)
	{
		row->receipt = transaction->id;
		row->receipt_len = transaction->id_len;
	}
	take_amounts(row, transaction);
	take_type(row, transaction, parties);
}

/* --- order --- */

static int
compare_rows(const void *left, const void *right)
{
	const CsTransactionRow *a = left;
	const CsTransactionRow *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->position < b->position ? -1 : 1;
}

static void
turn_around(CsTransactionRow *rows, int nrows)
{
	for (int i = 0; i < nrows / 2; i++)
	{
		CsTransactionRow row = rows[i];

		rows[i] = rows[nrows - 1 - i];
		rows[nrows - 1 - i] = row;
	}
}

static void
put_in_order(CsTransactions *transactions)
{
	int back = 0;
	int forward = 0;

	for (int i = 1; i < transactions->nrows; i++)
	{
		back += transactions->rows[i].time < transactions->rows[i - 1].time;
		forward += transactions->rows[i].time > transactions->rows[i - 1].time;
	}
	if (back >= forward)
	{
		turn_around(transactions->rows, transactions->nrows);
		back = forward;
	}
	if (back == 0)
		return;
	for (int i = 0; i < transactions->nrows; i++)
		transactions->rows[i].position = i;
	qsort(transactions->rows, transactions->nrows, sizeof(CsTransactionRow),
		  compare_rows);
}

bool
cs_transactions_read(const JsonbValue *answer, const CsPartyList *parties,
					 CsTransactions *transactions)
{
	CsTransactionReader reader;
	CsTransaction		transaction;
	Size				size = FIRST_SIZE;

	if (!cs_answer_statement_open(&reader, answer))
		return false;
	transactions->rows = palloc(sizeof(CsTransactionRow) * size);
	transactions->nrows = 0;
	transactions->complete = true;
	while (cs_answer_statement_next(&reader, &transaction))
	{
		if (!transaction.has_time)
		{
			transactions->complete = false;
			continue;
		}
		if ((Size) transactions->nrows == size)
		{
			size *= 2;
			transactions->rows = repalloc_huge(
				transactions->rows, sizeof(CsTransactionRow) * size);
		}
		take_transaction(&transactions->rows[transactions->nrows++],
						 &transaction, parties);
	}
	put_in_order(transactions);
	return true;
}
