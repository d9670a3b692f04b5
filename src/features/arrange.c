/*-------------------------------------------------------------------------
 * arrange.c
 *	  Puts transactions in the order of time; see arrange.h.
 *
 * Duplicates.  A row that is another one again, with its receipt, time,
 * amounts, balance and the words of its text, is left out; rows without receipt
 * never are.
 *
 * Order.  M-Pesa prints the newest transaction first.  A source in which more
 * neighbours step back in time than forward, or as many, is read so; any other
 * is read from its first transaction to its last.  Times come first where they
 * are not in that order.  Rows of one time stand as their balances chain
 * (chain.h), whole days where a source has only dates.
 *
 * Rows without time are of a time between those of their neighbours, or of any
 * where the times of a source are in no order.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/arrange.h"

#include "miscadmin.h"

#include "features/chain.h"
#include "features/reversals.h"
#include "features/words.h"

/* --- duplicates --- */

static int
compare_texts(const char *a, int a_len, const char *b, int b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return a_len > 0 ? memcmp(a, b, a_len) : 0;
}

static int
compare_amounts(bool has_a, CsAmount a, bool has_b, CsAmount b)
{
	if (!has_a || !has_b)
		return has_a - has_b;
	return cs_amount_compare(a, b);
}

/* By all that makes rows the same. */
static int
compare_contents(const CsTransactionRow *a, const CsTransactionRow *b)
{
	int order =
		compare_texts(a->receipt, a->receipt_len, b->receipt, b->receipt_len);

	if (order == 0 && a->time != b->time)
		order = a->time < b->time ? -1 : 1;
	if (order == 0)
		order = compare_amounts(a->has_amounts, a->received, b->has_amounts,
								b->received);
	if (order == 0)
		order =
			compare_amounts(a->has_amounts, a->sent, b->has_amounts, b->sent);
	if (order == 0)
		order = compare_amounts(a->has_balance, a->balance, b->has_balance,
								b->balance);
	/* however it was wrapped */
	if (order == 0)
		order = cs_words_compare(a->details, a->details + a->details_len,
								 b->details, b->details + b->details_len);
	return order;
}

/* Of equal ones the first of the source is the first. */
static int
compare_copies(const void *left, const void *right)
{
	const CsTransactionRow *a = *(CsTransactionRow *const *) left;
	const CsTransactionRow *b = *(CsTransactionRow *const *) right;
	int						order;

	CHECK_FOR_INTERRUPTS();
	order = compare_contents(a, b);
	return order != 0 ? order : (a > b) - (a < b);
}

static bool
can_be_copy(const CsTransactionRow *row)
{
	return row->receipt != NULL && row->has_time;
}

/* Marks copies by a position of -1, and says how many there are. */
static int
mark_copies(CsTransactions *transactions)
{
	CsTransactionRow **rows = palloc_extended(
		sizeof(CsTransactionRow *) * Max((Size) transactions->nrows, 1),
		MCXT_ALLOC_HUGE);
	int nrows = 0;
	int copies = 0;

	for (int i = 0; i < transactions->nrows; i++)
		if (can_be_copy(&transactions->rows[i]))
			rows[nrows++] = &transactions->rows[i];
	CHECK_FOR_INTERRUPTS();
	qsort(rows, nrows, sizeof(CsTransactionRow *), compare_copies);
	for (int i = 1; i < nrows; i++)
		if (compare_contents(rows[i - 1], rows[i]) == 0)
		{
			rows[i]->position = -1;
			copies++;
		}
	pfree(rows);
	return copies;
}

static void
leave_out_copies(CsTransactions *transactions)
{
	CsTransactionRow *rows = transactions->rows;
	int				  kept = 0;

	transactions->duplicates = mark_copies(transactions);
	if (transactions->duplicates == 0)
		return;
	for (int i = 0; i < transactions->nrows; i++)
		if (rows[i].position >= 0)
			rows[kept++] = rows[i];
	transactions->nrows = kept;
}

/* --- order --- */

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

/* By time; those without one, which may be of any, first. */
static int
compare_times(const void *left, const void *right)
{
	const CsTransactionRow *a = left;
	const CsTransactionRow *b = right;

	if (a->has_time != b->has_time)
		return a->has_time ? 1 : -1;
	if (a->has_time && a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->position < b->position ? -1 : 1;
}

/*
 * Rows without time, in rows that are in the order of time: between their
 * neighbours.
 */
static void
bound_times(CsTransactionRow *rows, int nrows)
{
	int64 time = CS_BEFORE_ALL;

	for (int i = 0; i < nrows; i++)
	{
		if (!rows[i].has_time)
			rows[i].time = time;
		time = rows[i].time;
	}
	time = CS_AFTER_ALL;
	for (int i = nrows - 1; i >= 0; i--)
	{
		rows[i].latest = rows[i].has_time ? rows[i].time : time;
		time = rows[i].latest;
	}
}

static void
unbound_times(CsTransactionRow *rows, int nrows)
{
	for (int i = 0; i < nrows; i++)
	{
		if (!rows[i].has_time)
			rows[i].time = CS_BEFORE_ALL;
		rows[i].latest = rows[i].has_time ? rows[i].time : CS_AFTER_ALL;
	}
}

/* How many neighbours, of those with a time, step back and forward. */
static void
count_steps(const CsTransactionRow *rows, int nrows, int *back, int *forward)
{
	const CsTransactionRow *last = NULL;

	*back = *forward = 0;
	for (int i = 0; i < nrows; i++)
	{
		if (!rows[i].has_time)
			continue;
		*back += last != NULL && rows[i].time < last->time;
		*forward += last != NULL && rows[i].time > last->time;
		last = &rows[i];
	}
}

static void
put_in_order(CsTransactionRow *rows, int nrows)
{
	int back;
	int forward;

	count_steps(rows, nrows, &back, &forward);
	if (back >= forward)
	{
		turn_around(rows, nrows);
		back = forward;
	}
	if (back == 0)
	{
		bound_times(rows, nrows);
		return;
	}
	for (int i = 0; i < nrows; i++)
		rows[i].position = i;
	qsort(rows, nrows, sizeof(CsTransactionRow), compare_times);
	unbound_times(rows, nrows);
}

/* --- balances --- */

/* How many rows from the first on are of its time. */
static int
group_size(const CsTransactionRow *rows, int nrows)
{
	int size = 1;

	if (!rows[0].has_time)
		return 1;
	while (size < nrows && rows[size].has_time &&
		   rows[size].time == rows[0].time)
		size++;
	return size;
}

/*
 * Puts rows of one time in order, and notes since when nothing is missing.
 * Rows that may be of any time come first, and nothing follows from them.
 */
static void
chain_balances(CsTransactions *transactions)
{
	CsChain chain = {.bridges = transactions->bridges};
	bool	running = false;
	int		size;

	for (int i = 0; i < transactions->nrows; i += size)
	{
		CsTransactionRow *rows = &transactions->rows[i];

		CHECK_FOR_INTERRUPTS();
		size = group_size(rows, transactions->nrows - i);
		if (rows[0].time == CS_BEFORE_ALL && rows[0].latest == CS_AFTER_ALL)
			continue;
		running &= cs_chain_order(&chain, rows, size);
		if (!rows[0].has_time)
			continue;
		if (!running)
			transactions->complete_from = rows[0].time;
		running = chain.known;
		rows[size - 1].closing = chain.balance;
		rows[size - 1].has_closing = chain.shown;
	}
	transactions->has_complete = running;
}

void
cs_arrange(CsTransactions *transactions)
{
	leave_out_copies(transactions);
	put_in_order(transactions->rows, transactions->nrows);
	chain_balances(transactions);
	cs_reversals_trace(transactions);
}
