/*-------------------------------------------------------------------------
 * transactions.c
 *	  The transactions of a statement; see transactions.h.
 *
 * Times.  Statements are printed in East African Time, which is three hours
 * east of UTC all year; a time without offset is such a time.
 *
 * Amounts.  A received amount below zero is none.  A row has amounts if one of
 * the two is not zero, or both are there.  One that has received and sent has
 * moved the difference.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/transactions.h"

#include "datatype/timestamp.h"
#include "utils/memutils.h"

#include "features/arrange.h"
#include "reading/answer_statement.h"
#include "reading/plain.h"

#define FIRST_SIZE 256

const CsClassRule cs_transactions_classes[CS_MPESA_CLASSES] = {
	[CS_MPESA_TRANSACTION] = {"transaction", true, true, 0},
	[CS_MPESA_REVERSAL] = {"reversal", true, true, 0},
	[CS_MPESA_NOTHING] = {"request", false, false, 0},
	[CS_MPESA_AIRTIME] = {"airtime", true, true, CS_PARTY_AIRTIME},
	[CS_MPESA_OWN] = {"own", true, true, CS_PARTY_OWN_ACCOUNT},
	[CS_MPESA_LOAN] = {"loan", true, true, CS_PARTY_LENDER},
	[CS_MPESA_REPAYMENT] = {"repayment", true, true, CS_PARTY_LENDER},
	[CS_MPESA_FEE] = {"charge", true, false, 0},
	[CS_MPESA_OVERDRAFT] = {"overdraft", false, false, 0},
	[CS_MPESA_OVERDRAFT_REPAID] = {"overdraft_repayment", false, false, 0},
};

int
cs_transactions_roles(const CsTransactionRow *row)
{
	return row->roles | cs_transactions_classes[row->class].roles;
}

bool
cs_transactions_moves(const CsTransactionRow *row)
{
	return !row->has_amounts ||
		   (row->class != CS_MPESA_NOTHING &&
			(cs_amount_compare(row->received, cs_amount_zero) > 0 ||
			 cs_amount_compare(row->sent, cs_amount_zero) > 0));
}

CsAmount
cs_transactions_income(const CsTransactionRow *row)
{
	const CsClassRule *rule = &cs_transactions_classes[row->class];

	if (row->class == CS_MPESA_REVERSAL)
		return row->undoes_none
				   ? cs_amount_zero
				   : cs_amount_subtract(cs_amount_zero, row->sent);
	return rule->flows && rule->counts &&
				   (cs_transactions_roles(row) &
					(CS_PARTY_LENDER | CS_PARTY_OWN_ACCOUNT)) == 0
			   ? row->received
			   : cs_amount_zero;
}

/* --- the array --- */

void
cs_transactions_start(CsTransactions *transactions)
{
	memset(transactions, 0, sizeof(*transactions));
	transactions->size = FIRST_SIZE;
	transactions->rows = palloc(sizeof(CsTransactionRow) * FIRST_SIZE);
}

CsTransactionRow *
cs_transactions_add(CsTransactions *transactions)
{
	CsTransactionRow *row;

	if (transactions->nrows == transactions->size)
	{
		transactions->size *= 2;
		transactions->rows =
			repalloc_huge(transactions->rows, sizeof(CsTransactionRow) *
												  (Size) transactions->size);
	}
	row = &transactions->rows[transactions->nrows++];
	memset(row, 0, sizeof(*row));
	return row;
}

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

/* Leaves of two amounts what the larger has more. */
static void
take_difference(CsAmount *larger, CsAmount *smaller)
{
	if (is_zero(*smaller))
		return;
	*larger = cs_amount_subtract(*larger, *smaller);
	*smaller = cs_amount_zero;
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
	row->has_amounts = (has_received && has_sent) || !is_zero(row->received) ||
					   !is_zero(row->sent);
	if (cs_amount_compare(row->received, row->sent) >= 0)
		take_difference(&row->received, &row->sent);
	else
		take_difference(&row->sent, &row->received);
	row->has_balance = read_amount(transaction->balance, &row->balance);
}

static void
take_party(CsTransactionRow *row, const CsMpesaRow *mpesa,
		   const CsPartyList *parties)
{
	CsPartyMatch match;

	row->party = mpesa->party;
	row->party_len = (int) mpesa->party_len;
	if (mpesa->roles == 0 || parties == NULL)
		return;
	cs_party_match(parties, mpesa->party, mpesa->party_len, mpesa->rail,
				   &match);
	row->roles = mpesa->roles & match.roles;
	if (row->roles != 0)
		row->known_as = match.known_as;
}

void
cs_transactions_classify(CsTransactionRow *row, const char *details,
						 int details_len, const CsPartyList *parties)
{
	CsMpesaRow mpesa;

	if (details == NULL)
		return;
	row->details = cs_plain_text(details, details_len, &row->details_len);
	row->has_type = row->details_len > 0;
	if (!row->has_type)
		return;
	cs_mpesa_classify(row->details, row->details_len, &mpesa);
	row->class = mpesa.class;
	row->rail = mpesa.rail;
	row->holder = mpesa.holder;
	row->fuliza = mpesa.fuliza;
	row->known_as = mpesa.known_as;
	row->reverses = mpesa.reverses;
	row->reverses_len = mpesa.reverses != NULL ? CS_MPESA_RECEIPT : 0;
	if (mpesa.party != NULL)
		take_party(row, &mpesa, parties);
}

static void
take_transaction(CsTransactionRow *row, const CsTransaction *transaction,
				 const CsPartyList *parties)
{
	row->has_time = transaction->has_time;
	if (transaction->has_time)
		row->time = transaction->time;
	if (transaction->has_time && transaction->has_offset)
		row->time += CS_EAT - transaction->offset * USECS_PER_SEC;
	if (transaction->id_len > 0)
	{
		row->receipt = transaction->id;
		row->receipt_len = transaction->id_len;
	}
	take_amounts(row, transaction);
	cs_transactions_classify(row, transaction->type, transaction->type_len,
							 parties);
	row->unread = !row->has_time || !row->has_amounts || !row->has_type ||
				  transaction->balance_unread;
}

bool
cs_transactions_read(const JsonbValue *answer, const CsPartyList *parties,
					 CsTransactions *transactions)
{
	CsTransactionReader reader;
	CsTransaction		transaction;

	if (!cs_answer_statement_open(&reader, answer))
		return false;
	cs_transactions_start(transactions);
	while (cs_answer_statement_next(&reader, &transaction))
	{
		CsTransactionRow *row = cs_transactions_add(transactions);

		row->line = transactions->nrows;
		take_transaction(row, &transaction, parties);
	}
	cs_arrange(transactions);
	return true;
}

/* --- all of them --- */

/*
 * Rows of a till or a paybill and rows of a consumer do not occur together,
 * but for what one text of several can be of both.
 */
CsMpesaHolder
cs_transactions_holder(const CsTransactions *transactions)
{
	int counts[CS_HOLDERS] = {0};
	int organisation;

	for (int i = 0; i < transactions->nrows; i++)
		counts[transactions->rows[i].holder]++;
	organisation = counts[CS_HOLDER_TILL] + counts[CS_HOLDER_PAYBILL] +
				   counts[CS_HOLDER_ORGANISATION];
	if (organisation == 0 && counts[CS_HOLDER_CONSUMER] == 0)
		return CS_HOLDER_ANY;
	if (organisation <= counts[CS_HOLDER_CONSUMER])
		return CS_HOLDER_CONSUMER;
	if (counts[CS_HOLDER_TILL] == counts[CS_HOLDER_PAYBILL])
		return CS_HOLDER_ORGANISATION;
	return counts[CS_HOLDER_TILL] > counts[CS_HOLDER_PAYBILL]
			   ? CS_HOLDER_TILL
			   : CS_HOLDER_PAYBILL;
}
