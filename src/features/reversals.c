/*-------------------------------------------------------------------------
 * reversals.c
 *	  What reversals take back; see reversals.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/reversals.h"

#include "miscadmin.h"

/* What a reversal can name: received, under a receipt. */
static bool
can_be_named(const CsTransactionRow *row)
{
	return row->receipt != NULL && row->class != CS_MPESA_REVERSAL &&
		   cs_amount_compare(row->received, cs_amount_zero) > 0;
}

static bool
is_income(const CsTransactionRow *row)
{
	return cs_amount_compare(cs_transactions_income(row), cs_amount_zero) > 0;
}

static int
compare_receipts(const CsTransactionRow *row, const char *receipt, int len)
{
	if (row->receipt_len != len)
		return row->receipt_len < len ? -1 : 1;
	return memcmp(row->receipt, receipt, len);
}

/* By receipt, and of one receipt income first. */
static int
compare_rows(const void *left, const void *right)
{
	const CsTransactionRow *a = *(const CsTransactionRow *const *) left;
	const CsTransactionRow *b = *(const CsTransactionRow *const *) right;
	int						order;

	CHECK_FOR_INTERRUPTS();
	order = compare_receipts(a, b->receipt, b->receipt_len);
	return order != 0 ? order : is_income(b) - is_income(a);
}

/* The first row that a reversal names; NULL: there is none, or it names none. */
static const CsTransactionRow *
find_undone(const CsTransactionRow **rows, int nrows,
			const CsTransactionRow *reversal)
{
	const char *receipt = reversal->reverses;
	int			len = reversal->reverses_len;
	int			low = 0;
	int			high = nrows;

	if (receipt == NULL)
		return NULL;
	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (compare_receipts(rows[middle], receipt, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nrows && compare_receipts(rows[low], receipt, len) == 0
			   ? rows[low]
			   : NULL;
}

/* Few transactions have any. */
static bool
has_reversals(const CsTransactions *transactions)
{
	for (int i = 0; i < transactions->nrows; i++)
		if (transactions->rows[i].reverses != NULL)
			return true;
	return false;
}

void
cs_reversals_trace(CsTransactions *transactions)
{
	const CsTransactionRow **named;
	int						 nnamed = 0;

	if (!has_reversals(transactions))
		return;
	named = palloc_extended(sizeof(CsTransactionRow *) *
								(Size) transactions->nrows,
							MCXT_ALLOC_HUGE);
	for (int i = 0; i < transactions->nrows; i++)
		if (can_be_named(&transactions->rows[i]))
			named[nnamed++] = &transactions->rows[i];
	qsort(named, nnamed, sizeof(CsTransactionRow *), compare_rows);
	for (int i = 0; i < transactions->nrows; i++)
	{
		CsTransactionRow	   *row = &transactions->rows[i];
		const CsTransactionRow *undone = find_undone(named, nnamed, row);

		row->undoes_none = undone != NULL && !is_income(undone);
	}
	pfree(named);
}
