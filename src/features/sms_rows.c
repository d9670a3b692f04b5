/*-------------------------------------------------------------------------
 * sms_rows.c
 *	  The transactions that messages tell of; see sms_rows.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/sms_rows.h"

#include "utils/memutils.h"

#include "features/arrange.h"

/* --- one account --- */

CsAmount
cs_sms_rows_amount(const CsSmsAmount *amount)
{
	CsAmount converted = {amount->hundredths * 10000, NULL, amount->decimals};

	return amount->there ? converted : cs_amount_zero;
}

static CsTransactionRow *
add_row(CsTransactions *transactions, const CsSmsMessage *message, int64 zone)
{
	CsTransactionRow *row = cs_transactions_add(transactions);

	row->line = message->line;
	row->has_time = message->has_time;
	row->time = message->has_time ? message->time + zone : 0;
	row->receipt =
		message->read.receipt.len > 0 ? message->read.receipt.text : NULL;
	row->receipt_len = (int) message->read.receipt.len;
	row->received = cs_amount_zero;
	row->sent = cs_amount_zero;
	row->has_amounts = true;
	row->has_type = true;
	row->holder = CS_HOLDER_CONSUMER;
	return row;
}

static void
take_balance(CsTransactionRow *row, const CsSmsMessage *message)
{
	row->has_balance = message->read.balance.there;
	row->balance = cs_sms_rows_amount(&message->read.balance);
}

static void
add_main(CsTransactions *transactions, const CsSmsMessage *message, int64 zone)
{
	const CsSmsRead	 *read = &message->read;
	CsTransactionRow *row = add_row(transactions, message, zone);

	if (read->form->way != CS_SMS_STILL && read->is_debit)
		row->sent = cs_sms_rows_amount(&read->amount);
	else if (read->form->way != CS_SMS_STILL)
		row->received = cs_sms_rows_amount(&read->amount);
	row->class = read->form->class;
	row->rail = read->form->rail;
	row->details = message->text;
	row->details_len = message->text_len;
	row->roles = message->roles;
	row->known_as = message->known_as;
	row->party = read->party.len > 0 ? read->party.text : NULL;
	row->party_len = (int) read->party.len;
	row->reverses = read->reverses.text;
	row->reverses_len = (int) read->reverses.len;
}

/* Has a message a charge, which a statement has as a row of its own? */
static bool
has_fee(const CsSmsMessage *message)
{
	return message->read.form->way != CS_SMS_STILL &&
		   message->read.fee.hundredths > 0;
}

/*
 * The newest first, as statements are printed, so that those of one minute are
 * taken in that order; a charge comes behind what it is for, and after it is
 * the balance.
 */
static void
add_message_rows(CsTransactions *transactions, const CsSmsMessage *message,
				 int64 zone)
{
	CsTransactionRow *fee;

	if (!has_fee(message))
	{
		add_main(transactions, message, zone);
		take_balance(&transactions->rows[transactions->nrows - 1], message);
		return;
	}
	fee = add_row(transactions, message, zone);
	fee->class = CS_MPESA_FEE;
	fee->sent = cs_sms_rows_amount(&message->read.fee);
	take_balance(fee, message);
	add_main(transactions, message, zone);
}

void
cs_sms_rows_account(const CsSmsMessages *messages, CsSmsIssuerId issuer,
					CsTransactions *transactions)
{
	cs_transactions_start(transactions);
	for (int i = messages->nmessages - 1; i >= 0; i--)
	{
		const CsSmsMessage *message = &messages->messages[i];

		if (message->issuer == issuer && message->read.form != NULL)
			add_message_rows(transactions, message, messages->zone);
	}
	cs_arrange(transactions);
}

/* --- all accounts --- */

static void
append(CsTransactions *all, const CsTransactions *account, int issuer)
{
	for (int i = 0; i < account->nrows; i++)
	{
		CsTransactionRow *row = cs_transactions_add(all);

		*row = account->rows[i];
		row->position = issuer;
	}
}

/* Of one time the accounts one after the other, each as it is arranged. */
static int
by_account(const void *left, const void *right)
{
	const CsTransactionRow *a = *(CsTransactionRow *const *) left;
	const CsTransactionRow *b = *(CsTransactionRow *const *) right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	return (a > b) - (a < b);
}

/* Rows in the order of time, from those of each account. */
static void
merge(CsTransactions *all)
{
	Size			   bytes = sizeof(CsTransactionRow) * (Size) all->size;
	CsTransactionRow **order =
		palloc_extended(sizeof(CsTransactionRow *) * Max((Size) all->nrows, 1),
						MCXT_ALLOC_HUGE);
	CsTransactionRow *merged = palloc_extended(bytes, MCXT_ALLOC_HUGE);

	for (int i = 0; i < all->nrows; i++)
		order[i] = &all->rows[i];
	qsort(order, all->nrows, sizeof(CsTransactionRow *), by_account);
	for (int i = 0; i < all->nrows; i++)
		merged[i] = *order[i];
	pfree(order);
	all->rows = merged;
}

/* What closes a time of one account becomes what all hold then. */
static void
add_closings(CsTransactions *all)
{
	CsAmount held[CS_SMS_ISSUERS];

	for (int i = 0; i < CS_SMS_ISSUERS; i++)
		held[i] = cs_amount_zero;
	for (int i = 0; i < all->nrows; i++)
	{
		CsTransactionRow *row = &all->rows[i];

		if (!row->has_closing)
			continue;
		held[row->position] = row->closing;
		row->closing = cs_amount_zero;
		for (int j = 0; j < CS_SMS_ISSUERS; j++)
			row->closing = cs_amount_add(row->closing, held[j]);
	}
}

static bool
is_of_currency(const CsSmsMessages *messages, int issuer)
{
	const char *currency = cs_sms_form_issuers[issuer].currency;

	return currency == NULL || messages->currency == NULL ||
		   strcmp(currency, messages->currency) == 0;
}

void
cs_sms_rows_all(const CsSmsMessages *messages, CsTransactions *transactions)
{
	cs_transactions_start(transactions);
	for (int i = 0; i < CS_SMS_ISSUERS; i++)
	{
		CsTransactions account;

		if (!is_of_currency(messages, i))
			continue;
		cs_sms_rows_account(messages, i, &account);
		append(transactions, &account, i);
	}
	merge(transactions);
	add_closings(transactions);
}
