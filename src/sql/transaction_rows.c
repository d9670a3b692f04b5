/*-------------------------------------------------------------------------
 * transaction_rows.c
 *	  Transactions as the rows of a result; see transaction_rows.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/transaction_rows.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"

#include "sql/row.h"

/* --- names --- */

static const char *const rails[CS_RAILS] = {
	[CS_RAIL_PERSON] = "person",
	[CS_RAIL_SMALL_BUSINESS] = "small_business",
	[CS_RAIL_PAYBILL] = "paybill",
	[CS_RAIL_TILL] = "till",
	[CS_RAIL_BUSINESS] = "business",
	[CS_RAIL_SALARY] = "salary",
	[CS_RAIL_PROMOTION] = "promotion",
	[CS_RAIL_AGENT] = "agent",
	[CS_RAIL_BANK] = "bank",
	[CS_RAIL_INTERNATIONAL] = "international",
	[CS_RAIL_FUND] = "fund",
	[CS_RAIL_SAVINGS] = "savings",
};

static const char *const holders[CS_HOLDERS] = {
	[CS_HOLDER_CONSUMER] = "consumer",
	[CS_HOLDER_TILL] = "till",
	[CS_HOLDER_PAYBILL] = "paybill",
	[CS_HOLDER_ORGANISATION] = "organisation",
};

const char *
cs_transaction_rows_holder(CsMpesaHolder holder)
{
	return holders[holder];
}

const char *
cs_transaction_rows_rail(CsMpesaRail rail)
{
	return rails[rail];
}

/* The first of these that there is; few have two. */
const char *
cs_transaction_rows_role(int roles)
{
	static const int order[] = {CS_PARTY_BETTING, CS_PARTY_LENDER,
								CS_PARTY_OWN_ACCOUNT, CS_PARTY_AIRTIME};

	for (int i = 0; i < (int) lengthof(order); i++)
		if (roles & order[i])
			return cs_party_list_role_name(order[i]);
	return NULL;
}

/* --- columns --- */

static void
put_time(CsRow *row, const CsTransactionRow *transaction)
{
	int64 time = transaction->has_time ? transaction->time : 0;
	int64 day = time / USECS_PER_DAY;

	if (time % USECS_PER_DAY < 0)
		day--;
	cs_row_put(row, TimestampTzGetDatum(time - CS_EAT),
			   !transaction->has_time);
	cs_row_put(row, DateADTGetDatum((DateADT) day), !transaction->has_time);
}

/* Direction and magnitude. */
static void
put_amount(CsRow *row, const CsTransactionRow *transaction)
{
	CsAmount net =
		cs_amount_subtract(transaction->received, transaction->sent);
	int		 sign = cs_amount_compare(net, cs_amount_zero);
	CsAmount amount = sign < 0 ? cs_amount_subtract(cs_amount_zero, net) : net;

	cs_row_text(row, sign == 0 ? NULL : sign > 0 ? "in" : "out");
	cs_row_pointer(row, transaction->has_amounts ? cs_amount_numeric(amount)
												 : NULL);
	cs_row_pointer(row, transaction->has_balance
							? cs_amount_numeric(transaction->balance)
							: NULL);
}

static void
put_party(CsRow *row, const CsTransactionRow *transaction)
{
	CsPartyParts parts = {NULL, 0, NULL, 0};

	if (transaction->party != NULL)
		cs_party_split(transaction->party, transaction->party_len, &parts);
	cs_row_text_of(row, parts.number_len > 0 ? parts.number : NULL,
				   (int) parts.number_len);
	cs_row_text_of(row, parts.name_len > 0 ? parts.name : NULL,
				   (int) parts.name_len);
}

static bool
is_counted(const CsTransactionRow *transaction)
{
	return cs_transactions_classes[transaction->class].counts &&
		   (cs_amount_compare(transaction->received, cs_amount_zero) > 0 ||
			cs_amount_compare(transaction->sent, cs_amount_zero) > 0);
}

/* What a row adds to sum_of_income, which is of people. */
static void
put_income(CsRow *row, const CsTransactionRow *transaction, bool personal)
{
	cs_row_pointer(
		row, personal && transaction->has_type && transaction->has_amounts
				 ? cs_amount_numeric(cs_transactions_income(transaction))
				 : NULL);
}

static void
put_transaction(FunctionCallInfo fcinfo, const CsTransactionRow *transaction,
				int n, bool personal)
{
	CsRow row = {0};
	bool  known = transaction->has_type;
	int	  roles = known ? cs_transactions_roles(transaction) : 0;

	cs_row_int(&row, n);
	cs_row_text_of(&row, transaction->receipt, transaction->receipt_len);
	put_time(&row, transaction);
	put_amount(&row, transaction);
	cs_row_text(&row, known ? cs_transactions_classes[transaction->class].name
							: NULL);
	cs_row_text(&row, rails[transaction->rail]);
	put_party(&row, transaction);
	cs_row_text(&row, cs_transaction_rows_role(roles));
	cs_row_text(&row, transaction->known_as);
	cs_row_put(&row, BoolGetDatum((roles & CS_PARTY_OWN_ACCOUNT) != 0),
			   !known);
	cs_row_text_of(&row, transaction->reverses, transaction->reverses_len);
	cs_row_put(&row, BoolGetDatum(transaction->fuliza), !known);
	cs_row_put(&row, BoolGetDatum(is_counted(transaction)),
			   !known || !transaction->has_amounts);
	put_income(&row, transaction, personal);
	cs_row_text_of(&row, known ? transaction->details : NULL,
				   transaction->details_len);
	cs_row_int(&row, transaction->line);
	cs_row_emit(fcinfo, &row);
}

void
cs_transaction_rows_put(FunctionCallInfo	  fcinfo,
						const CsTransactions *transactions,
						const TimestampTz	 *utc_endtime)
{
	MemoryContext per_row = AllocSetContextCreate(
		CurrentMemoryContext, "transaction", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(per_row);
	bool personal = cs_transactions_holder(transactions) <= CS_HOLDER_CONSUMER;

	for (int i = 0; i < transactions->nrows; i++)
	{
		if (utc_endtime != NULL &&
			transactions->rows[i].time > *utc_endtime + CS_EAT)
			break;
		put_transaction(fcinfo, &transactions->rows[i], i + 1, personal);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(per_row);
}

/* The same years as credscore_decision takes. */
void
cs_transaction_rows_check_endtime(TimestampTz utc_endtime)
{
	struct pg_tm tm;
	fsec_t		 fraction;
	bool		 valid =
		!TIMESTAMP_NOT_FINITE(utc_endtime) &&
		timestamp2tm(utc_endtime, NULL, &tm, &fraction, NULL, NULL) == 0 &&
		tm.tm_year >= 1 && tm.tm_year <= 9999;

	if (!valid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"utc_endtime\""),
				 errdetail("It must be a time in the years 1 to 9999."),
				 errhint("NULL means the time of the last transaction.")));
}

const CsPartyList *
cs_transaction_rows_parties(FmgrInfo *flinfo)
{
	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = cs_party_list_load(flinfo->fn_mcxt);
	return flinfo->fn_extra;
}
