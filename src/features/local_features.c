/*-------------------------------------------------------------------------
 * local_features.c
 *	  Features that a statement's transactions determine; see
 *	  local_features.h.
 *
 * One pass over the transactions, the oldest first, collects a tally per
 * window and the balances of days; the features are read off these.
 *
 * A feature is NULL where the statement does not show it: none of its
 * transactions lies before the end, one has no time, the window ends before
 * the first one, or the feature needs an amount or a text that a transaction
 * in the window lacks.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/local_features.h"

#include "datatype/timestamp.h"

#include "features/amount.h"
#include "features/daily.h"
#include "features/mpesa.h"
#include "features/transactions.h"

/* Statements of Kenya's M-Pesa; nothing in an answer says so. */
#define CURRENCY "KES"

/* The windows of the catalogue for which the features below exist. */
static const CsFeatureWindow windows[] = {{0, 30}, {31, 90}, {0, 90}};

#define WINDOWS ((int) lengthof(windows))

typedef enum Count
{
	COUNT_TRANSACTIONS,
	COUNT_AIRTIME,
	COUNT_BETTING,
	COUNT_LOANS_OPENED,
	COUNT_LOANS_REPAID,
	COUNT_OVERDRAFTS,
	COUNTS
} Count;

typedef enum Sum
{
	SUM_CREDITS,
	SUM_DEBITS,
	SUM_AIRTIME,
	SUM_OWN,
	SUM_REPAYMENTS,
	SUMS
} Sum;

/* What happened in a window. */
typedef struct Tally
{
	bool	 unread; /* a transaction lacks its amounts or its text */
	int64	 counts[COUNTS];
	CsAmount sums[SUMS];
	int		 active_days;
	int64	 last_age; /* of the latest active day; -1: none so far */
} Tally;

struct CsLocalFeatures
{
	bool	empty;	   /* true: all features are NULL */
	int64	end;	   /* East African, like all times here */
	int64	last;	   /* time of the last transaction */
	int64	first_age; /* days from the first transaction to the end */
	Tally	tallies[WINDOWS];
	CsDaily daily;
	Numeric balances[CS_DAILY_STATISTICS][WINDOWS];
};

/* Rounds down, also before 2000. */
static int64
divide_down(int64 dividend, int64 divisor)
{
	int64 quotient = dividend / divisor;

	return dividend % divisor < 0 ? quotient - 1 : quotient;
}

/* How many calendar days before the end a time is. */
static int64
age_of(const CsLocalFeatures *features, int64 time)
{
	return divide_down(features->end, USECS_PER_DAY) -
		   divide_down(time, USECS_PER_DAY);
}

static bool
in_window(int64 age, int window)
{
	return age >= windows[window].from_days && age <= windows[window].to_days;
}

static bool
same_receipt(const CsTransactionRow *a, const CsTransactionRow *b)
{
	return a->receipt != NULL && b->receipt != NULL &&
		   a->receipt_len == b->receipt_len &&
		   memcmp(a->receipt, b->receipt, a->receipt_len) == 0;
}

/* --- balances --- */

/*
 * The balance as it must be by the amounts, from the latest known one on.
 * Rows of one receipt and second have no order of their own, and can show the
 * balance between them: the one that must be is the last.
 */
typedef struct Chain
{
	bool	 known;
	CsAmount balance;
} Chain;

/* Adds the rows' amounts. */
static void
move_chain(Chain *chain, const CsTransactionRow *rows, int nrows)
{
	for (int i = 0; i < nrows && chain->known; i++)
	{
		if (!rows[i].has_amounts)
			chain->known = false;
		if (rows[i].class == CS_MPESA_NOTHING)
			continue;
		chain->balance = cs_amount_subtract(
			cs_amount_add(chain->balance, rows[i].received), rows[i].sent);
	}
}

/* The row with the balance after all of the rows; NULL: none shows any. */
static const CsTransactionRow *
resulting_row(const Chain *chain, const CsTransactionRow *rows, int nrows)
{
	const CsTransactionRow *result = NULL;

	for (int i = 0; i < nrows; i++)
	{
		if (!rows[i].has_balance)
			continue;
		result = &rows[i];
		if (chain->known &&
			cs_amount_compare(rows[i].balance, chain->balance) == 0)
			break;
	}
	return result;
}

/* How many rows from the first on share its receipt and second. */
static int
group_size(const CsTransactionRow *rows, int nrows)
{
	int size = 1;

	while (size < nrows && same_receipt(&rows[size], &rows[0]) &&
		   divide_down(rows[size].time, USECS_PER_SEC) ==
			   divide_down(rows[0].time, USECS_PER_SEC))
		size++;
	return size;
}

static void
note_balances(CsLocalFeatures *features, const CsTransactionRow *rows,
			  int nrows)
{
	Chain chain = {false};
	int	  size;

	cs_daily_start(&features->daily);
	for (int i = 0; i < nrows; i += size)
	{
		const CsTransactionRow *result;

		size = group_size(&rows[i], nrows - i);
		move_chain(&chain, &rows[i], size);
		result = resulting_row(&chain, &rows[i], size);
		if (result == NULL)
			continue;
		chain.known = true;
		chain.balance = result->balance;
		cs_daily_note(&features->daily, age_of(features, rows[i].time),
					  result->balance);
	}
	cs_daily_fill(&features->daily);
	for (int i = 0; i < CS_DAILY_STATISTICS; i++)
		for (int w = 0; w < WINDOWS; w++)
			features->balances[i][w] =
				cs_daily_statistic(&features->daily, (CsDailyStatistic) i,
								   windows[w].from_days, windows[w].to_days);
}

/* --- flows and events --- */

/* What a class of rows is to the tally. */
typedef struct ClassRule
{
	bool flows;	 /* its amounts are credits and debits */
	bool counts; /* it is a transaction, not a part of one */
	int	 roles;	 /* as if its party had them */
} ClassRule;

static const ClassRule class_rules[] = {
	[CS_MPESA_TRANSACTION] = {true, true, 0},
	[CS_MPESA_NOTHING] = {false, false, 0},
	[CS_MPESA_AIRTIME] = {true, true, CS_PARTY_AIRTIME},
	[CS_MPESA_OWN] = {true, true, CS_PARTY_OWN_ACCOUNT},
	[CS_MPESA_LOAN] = {true, true, CS_PARTY_LENDER},
	[CS_MPESA_REPAYMENT] = {true, true, CS_PARTY_LENDER},
	[CS_MPESA_FEE] = {true, false, 0},
	[CS_MPESA_OVERDRAFT] = {false, false, 0},
	[CS_MPESA_OVERDRAFT_REPAID] = {false, false, 0},
};

static void
add_sum(Tally *tally, Sum sum, CsAmount amount)
{
	tally->sums[sum] = cs_amount_add(tally->sums[sum], amount);
}

static void
add_events(Tally *tally, int roles, const CsTransactionRow *row,
		   bool is_credit, bool is_debit)
{
	if (roles & CS_PARTY_BETTING)
		tally->counts[COUNT_BETTING] += is_credit || is_debit;
	if (roles & CS_PARTY_AIRTIME)
	{
		tally->counts[COUNT_AIRTIME] += is_debit;
		add_sum(tally, SUM_AIRTIME, row->sent);
	}
	if (roles & CS_PARTY_LENDER)
	{
		tally->counts[COUNT_LOANS_OPENED] += is_credit;
		tally->counts[COUNT_LOANS_REPAID] += is_debit;
		add_sum(tally, SUM_REPAYMENTS, row->sent);
	}
	if (roles & CS_PARTY_OWN_ACCOUNT)
	{
		add_sum(tally, SUM_OWN, row->received);
		add_sum(tally, SUM_OWN, row->sent);
	}
}

static void
add_row(Tally *tally, const CsTransactionRow *row, int64 age)
{
	const ClassRule *rule = &class_rules[row->class];
	bool is_credit = cs_amount_compare(row->received, cs_amount_zero) > 0;
	bool is_debit = cs_amount_compare(row->sent, cs_amount_zero) > 0;

	tally->active_days += age != tally->last_age;
	tally->last_age = age;
	tally->unread |= !row->has_amounts || !row->has_type;
	if (rule->flows)
	{
		add_sum(tally, SUM_CREDITS, row->received);
		add_sum(tally, SUM_DEBITS, row->sent);
	}
	if (rule->counts)
		tally->counts[COUNT_TRANSACTIONS] += is_credit || is_debit;
	if ((row->roles | rule->roles) != 0)
		add_events(tally, row->roles | rule->roles, row, is_credit, is_debit);
}

static void
tally_rows(CsLocalFeatures *features, const CsTransactionRow *rows, int nrows)
{
	for (int w = 0; w < WINDOWS; w++)
		features->tallies[w].last_age = -1;
	for (int i = 0; i < nrows; i++)
	{
		int64 age = age_of(features, rows[i].time);

		for (int w = 0; w < WINDOWS; w++)
			if (in_window(age, w))
				add_row(&features->tallies[w], &rows[i], age);
	}
}

/* --- overdrafts, one per receipt --- */

/* The overdraft's own row, or one that says that it was paid with it. */
static bool
is_overdraft(const CsTransactionRow *row)
{
	return row->class == CS_MPESA_OVERDRAFT ||
		   (row->fuliza && row->receipt != NULL);
}

/* By receipt; rows without one first. */
static int
compare_receipts(const void *left, const void *right)
{
	const CsTransactionRow *a = *(const CsTransactionRow *const *) left;
	const CsTransactionRow *b = *(const CsTransactionRow *const *) right;

	if (a->receipt_len != b->receipt_len)
		return a->receipt_len < b->receipt_len ? -1 : 1;
	return a->receipt_len > 0 ? memcmp(a->receipt, b->receipt, a->receipt_len)
							  : 0;
}

static void
count_overdrafts(CsLocalFeatures *features, const CsTransactionRow *rows,
				 int nrows)
{
	const CsTransactionRow **draws =
		palloc(sizeof(CsTransactionRow *) * nrows);
	int ndraws = 0;

	for (int i = 0; i < nrows; i++)
		if (is_overdraft(&rows[i]))
			draws[ndraws++] = &rows[i];
	qsort(draws, ndraws, sizeof(CsTransactionRow *), compare_receipts);
	for (int w = 0; w < WINDOWS; w++)
	{
		const CsTransactionRow *counted = NULL;

		for (int i = 0; i < ndraws; i++)
		{
			if (!in_window(age_of(features, draws[i]->time), w) ||
				(counted != NULL && same_receipt(counted, draws[i])))
				continue;
			features->tallies[w].counts[COUNT_OVERDRAFTS]++;
			counted = draws[i];
		}
	}
}

/* --- all of it --- */

/* How many rows, of those in order, are not after the end. */
static int
rows_until(const CsTransactions *transactions, int64 end)
{
	int nrows = transactions->nrows;

	while (nrows > 0 && transactions->rows[nrows - 1].time > end)
		nrows--;
	return nrows;
}

CsLocalFeatures *
cs_local_features_compute(const JsonbValue *answer, const CsPartyList *parties,
						  const TimestampTz *utc_endtime)
{
	CsLocalFeatures *features = palloc0(sizeof(CsLocalFeatures));
	CsTransactions	 transactions;
	int				 nrows;

	if (!cs_transactions_read(answer, parties, &transactions))
		return NULL;
	nrows = transactions.nrows;
	if (utc_endtime != NULL)
	{
		features->end = *utc_endtime + CS_EAT;
		nrows = rows_until(&transactions, features->end);
	}
	features->empty = nrows == 0 || !transactions.complete;
	if (features->empty)
		return features;
	features->last = transactions.rows[nrows - 1].time;
	if (utc_endtime == NULL)
		features->end = features->last;
	features->first_age = age_of(features, transactions.rows[0].time);
	note_balances(features, transactions.rows, nrows);
	tally_rows(features, transactions.rows, nrows);
	count_overdrafts(features, transactions.rows, nrows);
	return features;
}

/* --- values --- */

/* A feature in a window that is shown; NULL: not determined. */
typedef Numeric (*ValueFunction)(const CsLocalFeatures *features, int window,
								 int which);

static Numeric
count_value(const CsLocalFeatures *features, int window, int which)
{
	const Tally *tally = &features->tallies[window];

	return tally->unread ? NULL : int64_to_numeric(tally->counts[which]);
}

static Numeric
sum_value(const CsLocalFeatures *features, int window, int which)
{
	const Tally *tally = &features->tallies[window];

	return tally->unread ? NULL : cs_amount_numeric(tally->sums[which]);
}

static Numeric
net_value(const CsLocalFeatures *features, int window, int which)
{
	const Tally *tally = &features->tallies[window];

	if (tally->unread)
		return NULL;
	return cs_amount_numeric(
		cs_amount_subtract(tally->sums[SUM_CREDITS], tally->sums[SUM_DEBITS]));
}

static Numeric
unpaid_value(const CsLocalFeatures *features, int window, int which)
{
	const Tally *tally = &features->tallies[window];

	if (tally->unread)
		return NULL;
	return int64_to_numeric(tally->counts[COUNT_LOANS_OPENED] -
							tally->counts[COUNT_LOANS_REPAID]);
}

static Numeric
balance_value(const CsLocalFeatures *features, int window, int which)
{
	return features->balances[which][window];
}

static Numeric
density_value(const CsLocalFeatures *features, int window, int which)
{
	return cs_daily_ratio(features->tallies[window].active_days,
						  windows[window].to_days - windows[window].from_days +
							  1);
}

static Numeric
recency_value(const CsLocalFeatures *features, int window, int which)
{
	return int64_to_numeric((features->end - features->last) /
							USECS_PER_MINUTE);
}

static Numeric
latest_value(const CsLocalFeatures *features, int window, int which)
{
	return features->daily.oldest >= 0
			   ? cs_amount_numeric(features->daily.balances[0])
			   : NULL;
}

/* What a statement determines; all other families are NULL. */
static const struct
{
	const char	 *family;
	ValueFunction value;
	int			  which;
} rules[] = {
	{"average_end_of_day_depository_balance", balance_value, CS_DAILY_MEAN},
	{"count_airtime_purchase_events", count_value, COUNT_AIRTIME},
	{"count_betting_and_lottery_events", count_value, COUNT_BETTING},
	{"count_loan_opened_events", count_value, COUNT_LOANS_OPENED},
	{"count_loan_repayment_events", count_value, COUNT_LOANS_REPAID},
	{"count_overdraft_events", count_value, COUNT_OVERDRAFTS},
	{"count_transactions_depository", count_value, COUNT_TRANSACTIONS},
	{"data_density", density_value, 0},
	{"data_recency_minutes", recency_value, 0},
	{"difference_count_of_loans_opened_to_loans_repaid", unpaid_value, 0},
	{"median_end_of_day_depository_balance", balance_value, CS_DAILY_MEDIAN},
	{"min_end_of_day_depository_balance", balance_value, CS_DAILY_MIN},
	{"mpesa_average_end_of_day_depository_balance", balance_value,
	 CS_DAILY_MEAN},
	{"mpesa_median_end_of_day_depository_balance", balance_value,
	 CS_DAILY_MEDIAN},
	{"mpesa_min_end_of_day_depository_balance", balance_value, CS_DAILY_MIN},
	{"mpesa_net_cash_flow", net_value, 0},
	{"mpesa_stdev_end_of_day_depository_balance", balance_value,
	 CS_DAILY_STDEV},
	{"mpesa_sum_of_credits", sum_value, SUM_CREDITS},
	{"mpesa_sum_of_debits", sum_value, SUM_DEBITS},
	{"net_cash_flow", net_value, 0},
	{"slope_end_of_day_depository_balance", balance_value, CS_DAILY_SLOPE},
	{"stdev_end_of_day_depository_balance", balance_value, CS_DAILY_STDEV},
	{"sum_of_airtime_credits", sum_value, SUM_AIRTIME},
	{"sum_of_credits", sum_value, SUM_CREDITS},
	{"sum_of_debits", sum_value, SUM_DEBITS},
	{"sum_of_depository_balances_latest", latest_value, 0},
	{"sum_of_depository_transactions_between_user_accounts", sum_value,
	 SUM_OWN},
	{"sum_of_loan_repayments", sum_value, SUM_REPAYMENTS},
};

/* Which of the windows; the first for features that have none; else -1. */
static int
find_window(const CsFeatureWindow *window)
{
	if (window->from_days == CS_NO_WINDOW)
		return 0;
	for (int w = 0; w < WINDOWS; w++)
		if (windows[w].from_days == window->from_days &&
			windows[w].to_days == window->to_days)
			return w;
	return -1;
}

Numeric
cs_local_features_number(const CsLocalFeatures *features,
						 const CsFeature	   *feature)
{
	int window = find_window(&feature->window);

	if (features->empty || window < 0 ||
		features->first_age < windows[window].from_days)
		return NULL;
	for (int i = 0; i < (int) lengthof(rules); i++)
		if (strcmp(rules[i].family, feature->family->name) == 0)
			return rules[i].value(features, window, rules[i].which);
	return NULL;
}

const char *
cs_local_features_text(const CsLocalFeatures *features,
					   const CsFeature		 *feature)
{
	if (features->empty ||
		strcmp(feature->family->name, "primary_currency") != 0)
		return NULL;
	return CURRENCY;
}
