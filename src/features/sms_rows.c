/*-------------------------------------------------------------------------
 * sms_rows.c
 *	  The transactions that messages tell of; see sms_rows.h.
 *
 * A message is one row, or two where it tells of a charge, as statements have
 * them.  One that tells neither of money that moved nor of a balance is none.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/sms_rows.h"

#include "miscadmin.h"
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
set_balance(CsTransactionRow *row, const CsSmsAmount *balance)
{
	row->has_balance = balance->there;
	row->balance = cs_sms_rows_amount(balance);
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
	row->class = message->class;
	row->rail = read->form->rail;
	row->details = message->text;
	row->details_len = message->text_len;
	row->roles = message->roles;
	row->known_as = message->known_as;
	row->party = message->party;
	row->party_len = message->party_len;
	row->reverses = read->reverses.text;
	row->reverses_len = (int) read->reverses.len;
	row->fuliza = message->fuliza;
}

/* Has a message a charge, which a statement has as a row of its own? */
static bool
has_fee(const CsSmsMessage *message)
{
	return message->read.form->way != CS_SMS_STILL &&
		   message->read.fee.hundredths > 0;
}

/*
 * A charge comes behind what it is for, and what a text tells is the balance
 * after it.
 */
static void
add_message_rows(CsTransactions *transactions, const CsSmsMessage *message,
				 int64 zone)
{
	CsSmsAmount balance = message->read.balance;

	if (has_fee(message))
	{
		CsTransactionRow *fee = add_row(transactions, message, zone);

		fee->class = CS_MPESA_FEE;
		fee->sent = cs_sms_rows_amount(&message->read.fee);
		set_balance(fee, &balance);
		balance.hundredths += message->read.fee.hundredths;
	}
	add_main(transactions, message, zone);
	set_balance(&transactions->rows[transactions->nrows - 1],
				message->left.there ? &message->left : &balance);
}

static bool
has_rows(const CsSmsMessage *message)
{
	return message->read.form != NULL &&
		   (message->read.form->way != CS_SMS_STILL ||
			message->read.balance.there);
}

/* --- messages by account --- */

/* The messages that have rows, account by account, the oldest first. */
typedef struct ByAccount
{
	int *messages; /* places of messages */
	int *first;	   /* of each account, where its messages begin; and the end */
} ByAccount;

static int *
numbers(int n)
{
	return palloc_extended(sizeof(int) * ((Size) n + 1),
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
sort_by_account(const CsSmsMessages *messages, ByAccount *by)
{
	int *next = numbers(messages->naccounts);

	by->messages = numbers(messages->nmessages);
	by->first = numbers(messages->naccounts);
	for (int i = 0; i < messages->nmessages; i++)
		if (has_rows(&messages->messages[i]))
			by->first[messages->messages[i].account + 1]++;
	for (int i = 0; i < messages->naccounts; i++)
		by->first[i + 1] += by->first[i];
	memcpy(next, by->first, sizeof(int) * (Size) messages->naccounts);
	for (int i = 0; i < messages->nmessages; i++)
		if (has_rows(&messages->messages[i]))
			by->messages[next[messages->messages[i].account]++] = i;
	pfree(next);
}

/*
 * The newest first, as statements are printed, so that those of one minute are
 * taken in that order.
 */
static void
arrange_account(const CsSmsMessages *messages, const ByAccount *by,
				int account, CsTransactions *transactions)
{
	memset(transactions, 0, sizeof(*transactions));
	if (by->first[account] == by->first[account + 1])
		return;
	cs_transactions_start(transactions);
	transactions->bridges = true;
	for (int i = by->first[account + 1] - 1; i >= by->first[account]; i--)
		add_message_rows(transactions, &messages->messages[by->messages[i]],
						 messages->zone);
	cs_arrange(transactions);
	/* there may be many accounts of few rows */
	transactions->size = transactions->nrows;
	transactions->rows =
		repalloc_huge(transactions->rows,
					  sizeof(CsTransactionRow) * (Size) transactions->size);
}

/*
 * Puts the messages of an account, in the places that they have among all, into
 * the order of their rows.  `of_line` has the message of each line.
 */
static void
place_messages(const ByAccount *by, int account, const CsSmsRows *rows,
			   const CsSmsMessage *const *of_line, CsSmsMessage *placed)
{
	const CsTransactions *transactions = &rows->accounts[account];
	int					  next = by->first[account];

	for (int i = 0; i < transactions->nrows; i++)
		if (transactions->rows[i].details != NULL)
			placed[by->messages[next++]] =
				*of_line[transactions->rows[i].line];
}

static void
place_all(CsSmsMessages *messages, const ByAccount *by, const CsSmsRows *rows)
{
	Size		  bytes = sizeof(CsSmsMessage) * (Size) messages->nmessages;
	CsSmsMessage *placed = palloc_extended(Max(bytes, 1), MCXT_ALLOC_HUGE);
	const CsSmsMessage **of_line =
		palloc_extended(sizeof(CsSmsMessage *) * ((Size) messages->lines + 1),
						MCXT_ALLOC_HUGE);

	for (int i = 0; i < messages->nmessages; i++)
		of_line[messages->messages[i].line] = &messages->messages[i];
	memcpy(placed, messages->messages, bytes);
	for (int i = 0; i < messages->naccounts; i++)
		place_messages(by, i, rows, of_line, placed);
	pfree(of_line);
	pfree(messages->messages);
	messages->messages = placed;
}

void
cs_sms_rows_arrange(CsSmsMessages *messages, CsSmsRows *rows)
{
	ByAccount by;

	sort_by_account(messages, &by);
	rows->naccounts = messages->naccounts;
	rows->accounts = palloc_extended(
		sizeof(CsTransactions) * (Size) rows->naccounts, MCXT_ALLOC_HUGE);
	for (int i = 0; i < rows->naccounts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		arrange_account(messages, &by, i, &rows->accounts[i]);
	}
	place_all(messages, &by, rows);
}

/* --- all accounts --- */

static void
append(CsTransactions *all, const CsTransactions *account, int number)
{
	for (int i = 0; i < account->nrows; i++)
	{
		CsTransactionRow *row = cs_transactions_add(all);

		*row = account->rows[i];
		row->position = number;
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
add_closings(CsTransactions *all, int naccounts)
{
	CsAmount *held =
		palloc_extended(sizeof(CsAmount) * (Size) naccounts, MCXT_ALLOC_HUGE);
	CsAmount total = cs_amount_zero;

	for (int i = 0; i < naccounts; i++)
		held[i] = cs_amount_zero;
	for (int i = 0; i < all->nrows; i++)
	{
		CsTransactionRow *row = &all->rows[i];

		if (!row->has_closing)
			continue;
		total = cs_amount_add(cs_amount_subtract(total, held[row->position]),
							  row->closing);
		held[row->position] = row->closing;
		row->closing = total;
	}
	pfree(held);
}

static bool
is_of_currency(const CsSmsMessages *messages, int account)
{
	const char *currency =
		cs_sms_form_issuers[messages->accounts[account]].currency;

	return currency == NULL || messages->currency == NULL ||
		   strcmp(currency, messages->currency) == 0;
}

void
cs_sms_rows_all(const CsSmsMessages *messages, const CsSmsRows *rows,
				CsTransactions *transactions)
{
	cs_transactions_start(transactions);
	for (int i = 0; i < rows->naccounts; i++)
		if (is_of_currency(messages, i))
			append(transactions, &rows->accounts[i], i);
	merge(transactions);
	add_closings(transactions, rows->naccounts);
}
