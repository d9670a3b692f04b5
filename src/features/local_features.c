/*-------------------------------------------------------------------------
 * local_features.c
 *	  Features that transactions determine; see local_features.h.
 *
 * One pass over the transactions, the oldest first, collects a tally per
 * window (tally.h) and the balances of days; the features are read off these.
 *
 * A feature is NULL where the transactions do not show it: none lies before
 * the end, the window ends before the first one, or the feature needs an
 * amount, a text or a time that a transaction in the window lacks; and, of a
 * till or a paybill, where it would say of the business what is meant of a
 * person.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/local_features.h"

#include "datatype/timestamp.h"

#include "features/amount.h"
#include "features/daily.h"
#include "features/tally.h"

/* Statements of Kenya's M-Pesa; nothing in an answer says so. */
#define CURRENCY "KES"

struct CsLocalFeatures
{
	bool	empty;		  /* true: all features are NULL */
	bool	organisation; /* is it a till's or a paybill's? */
	int64	end;		  /* East African, like all times here */
	bool	moved;		  /* is there a transaction that moved money? ... */
	int64	last;		  /* ... the time of the last one */
	int64	first_age;	  /* days from the first transaction to the end */
	CsTally tallies[CS_TALLY_WINDOWS];
	CsDaily daily;
	Numeric balances[CS_DAILY_STATISTICS][CS_TALLY_WINDOWS];
};

static void
note_balances(CsLocalFeatures *features, const CsTransactionRow *rows,
			  int nrows)
{
	cs_daily_start(&features->daily);
	for (int i = 0; i < nrows; i++)
		if (rows[i].has_closing)
			cs_daily_note(&features->daily,
						  cs_tally_age(rows[i].time, features->end),
						  rows[i].closing);
	cs_daily_fill(&features->daily);
	for (int i = 0; i < CS_DAILY_STATISTICS; i++)
		for (int w = 0; w < CS_TALLY_WINDOWS; w++)
			features->balances[i][w] = cs_daily_statistic(
				&features->daily, i, cs_tally_windows[w].from_days,
				cs_tally_windows[w].to_days);
}

/* Of those in order, the last and the first with a time, or NULL. */
static const CsTransactionRow *
last_timed(const CsTransactionRow *rows, int nrows)
{
	while (nrows > 0 && !rows[nrows - 1].has_time)
		nrows--;
	return nrows > 0 ? &rows[nrows - 1] : NULL;
}

static const CsTransactionRow *
first_timed(const CsTransactionRow *rows, int nrows)
{
	const CsTransactionRow *row = rows;

	while (row < rows + nrows && !row->has_time)
		row++;
	return row < rows + nrows ? row : NULL;
}

/* When money moved last, as far as that is known. */
static void
note_last(CsLocalFeatures *features, const CsTransactionRow *rows, int nrows)
{
	for (int i = nrows - 1; i >= 0 && !features->moved; i--)
	{
		features->moved = rows[i].has_time && cs_transactions_moves(&rows[i]);
		features->last = rows[i].time;
	}
}

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
cs_local_features_compute(const CsTransactions *transactions,
						  const TimestampTz	   *utc_endtime)
{
	CsLocalFeatures		   *features = palloc0(sizeof(CsLocalFeatures));
	const CsTransactionRow *rows = transactions->rows;
	int						nrows = transactions->nrows;
	const CsTransactionRow *last;

	if (utc_endtime != NULL)
		nrows = rows_until(transactions, *utc_endtime + CS_EAT);
	last = last_timed(rows, nrows);
	features->empty = last == NULL;
	if (features->empty)
		return features;
	features->end = utc_endtime != NULL ? *utc_endtime + CS_EAT : last->time;
	note_last(features, rows, nrows);
	features->first_age =
		cs_tally_age(first_timed(rows, nrows)->time, features->end);
	features->organisation =
		cs_transactions_holder(transactions) > CS_HOLDER_CONSUMER;
	note_balances(features, rows, nrows);
	cs_tally_rows(features->tallies, rows, nrows, features->end);
	return features;
}

/* --- values --- */

/* A feature in a window that is shown; NULL: not determined. */
typedef Numeric (*ValueFunction)(const CsLocalFeatures *features, int window,
								 int which);

static Numeric
count_value(const CsLocalFeatures *features, int window, int which)
{
	const CsTally *tally = &features->tallies[window];

	return tally->unread ? NULL : int64_to_numeric(tally->counts[which]);
}

static Numeric
sum_value(const CsLocalFeatures *features, int window, int which)
{
	const CsTally *tally = &features->tallies[window];

	return tally->unread ? NULL : cs_amount_numeric(tally->sums[which]);
}

static Numeric
net_value(const CsLocalFeatures *features, int window, int which)
{
	const CsTally *tally = &features->tallies[window];

	if (tally->unread)
		return NULL;
	return cs_amount_numeric(cs_amount_subtract(tally->sums[CS_SUM_CREDITS],
												tally->sums[CS_SUM_DEBITS]));
}

static Numeric
unpaid_value(const CsLocalFeatures *features, int window, int which)
{
	const CsTally *tally = &features->tallies[window];

	if (tally->unread)
		return NULL;
	return int64_to_numeric(tally->counts[CS_COUNT_LOANS_OPENED] -
							tally->counts[CS_COUNT_LOANS_REPAID]);
}

/* Days without any do not count; NULL: there are none else. */
static Numeric
lenders_value(const CsLocalFeatures *features, int window, int which)
{
	const CsTally *tally = &features->tallies[window];

	if (tally->unread || tally->days_with_lender == 0)
		return NULL;
	return cs_daily_ratio(tally->lender_days, tally->days_with_lender);
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
						  cs_tally_windows[window].to_days -
							  cs_tally_windows[window].from_days + 1);
}

static Numeric
recency_value(const CsLocalFeatures *features, int window, int which)
{
	return features->moved
			   ? int64_to_numeric((features->end - features->last) /
								  USECS_PER_MINUTE)
			   : NULL;
}

static Numeric
latest_value(const CsLocalFeatures *features, int window, int which)
{
	return features->daily.oldest >= 0
			   ? cs_amount_numeric(features->daily.balances[0])
			   : NULL;
}

/*
 * What transactions determine; all other families are NULL.  A personal one is
 * of people, and NULL for a business.
 */
static const struct
{
	const char	 *family;
	ValueFunction value;
	int			  which;
	bool		  personal;
} rules[] = {
	{"average_end_of_day_depository_balance", balance_value, CS_DAILY_MEAN,
	 false},
	{"count_airtime_purchase_events", count_value, CS_COUNT_AIRTIME, true},
	{"count_betting_and_lottery_events", count_value, CS_COUNT_BETTING, true},
	{"count_charge_events", count_value, CS_COUNT_CHARGES, false},
	{"count_distinct_lenders", count_value, CS_COUNT_LENDERS, true},
	{"count_loan_opened_events", count_value, CS_COUNT_LOANS_OPENED, true},
	{"count_loan_repayment_events", count_value, CS_COUNT_LOANS_REPAID, true},
	{"count_overdraft_events", count_value, CS_COUNT_OVERDRAFTS, true},
	{"count_transactions_depository", count_value, CS_COUNT_TRANSACTIONS,
	 false},
	{"daily_average_of_stacked_loan_fes", lenders_value, 0, true},
	{"data_density", density_value, 0, false},
	{"data_recency_minutes", recency_value, 0, false},
	{"difference_count_of_loans_opened_to_loans_repaid", unpaid_value, 0,
	 true},
	{"median_end_of_day_depository_balance", balance_value, CS_DAILY_MEDIAN,
	 false},
	{"min_end_of_day_depository_balance", balance_value, CS_DAILY_MIN, false},
	{"mpesa_average_end_of_day_depository_balance", balance_value,
	 CS_DAILY_MEAN, false},
	{"mpesa_median_end_of_day_depository_balance", balance_value,
	 CS_DAILY_MEDIAN, false},
	{"mpesa_min_end_of_day_depository_balance", balance_value, CS_DAILY_MIN,
	 false},
	{"mpesa_net_cash_flow", net_value, 0, false},
	{"mpesa_stdev_end_of_day_depository_balance", balance_value,
	 CS_DAILY_STDEV, false},
	{"mpesa_sum_of_credits", sum_value, CS_SUM_CREDITS, false},
	{"mpesa_sum_of_debits", sum_value, CS_SUM_DEBITS, false},
	{"net_cash_flow", net_value, 0, false},
	{"slope_end_of_day_depository_balance", balance_value, CS_DAILY_SLOPE,
	 false},
	{"stdev_end_of_day_depository_balance", balance_value, CS_DAILY_STDEV,
	 false},
	{"sum_of_airtime_credits", sum_value, CS_SUM_AIRTIME, true},
	{"sum_of_betting_and_lottery_payouts", sum_value, CS_SUM_PAYOUTS, true},
	{"sum_of_betting_and_lottery_stakes", sum_value, CS_SUM_STAKES, true},
	{"sum_of_charges", sum_value, CS_SUM_CHARGES, false},
	{"sum_of_credits", sum_value, CS_SUM_CREDITS, false},
	{"sum_of_debits", sum_value, CS_SUM_DEBITS, false},
	{"sum_of_depository_balances_latest", latest_value, 0, false},
	{"sum_of_depository_transactions_between_user_accounts", sum_value,
	 CS_SUM_OWN, false},
	{"sum_of_income", sum_value, CS_SUM_INCOME, true},
	{"sum_of_loan_repayments", sum_value, CS_SUM_REPAYMENTS, true},
	{"sum_of_loans_opened", sum_value, CS_SUM_LOANS, true},
	{"sum_of_overdraft_repayments", sum_value, CS_SUM_OVERDRAFTS_REPAID, true},
	{"sum_of_overdrafts", sum_value, CS_SUM_OVERDRAFTS, true},
};

/* --- features that the catalogue does not have --- */

#define COUNT_FAMILY(name, definition) \
	{ \
		name, CS_TALLY_WINDOWS, cs_tally_windows, CS_FEATURE_INT, "count", \
			true, definition \
	}
#define SUM_FAMILY(name, definition) \
	{ \
		name, CS_TALLY_WINDOWS, cs_tally_windows, CS_FEATURE_FLOAT, \
			"currency", true, definition \
	}

static const CsFeatureFamily own_families[] = {
	COUNT_FAMILY("count_charge_events", "Number of charges for transactions"),
	COUNT_FAMILY("count_distinct_lenders",
				 "Number of lenders that paid out or were paid"),
	SUM_FAMILY("sum_of_betting_and_lottery_payouts",
			   "Received from bookmakers and lotteries"),
	SUM_FAMILY("sum_of_betting_and_lottery_stakes",
			   "Sent to bookmakers and lotteries"),
	SUM_FAMILY("sum_of_charges",
			   "Charges for transactions, less those given back"),
	SUM_FAMILY("sum_of_income",
			   "Credits, cash and payouts of bets among them, without loans, "
			   "transfers between own accounts and what comes back, less what "
			   "was taken back"),
	SUM_FAMILY("sum_of_loans_opened", "Received from lenders"),
	SUM_FAMILY("sum_of_overdraft_repayments", "Overdraft paid back"),
	SUM_FAMILY("sum_of_overdrafts", "Overdraft drawn"),
};

/* How many features the catalogue has. */
static int
catalogue_size(void)
{
	static int size = 0;
	CsFeature  feature;

	while (cs_feature_catalogue_at(size, &feature))
		size++;
	return size;
}

bool
cs_local_features_at(int position, CsFeature *feature)
{
	int own = position - catalogue_size();

	if (own < 0)
		return cs_feature_catalogue_at(position, feature);
	if (own >= (int) lengthof(own_families) * CS_TALLY_WINDOWS)
		return false;
	feature->family = &own_families[own / CS_TALLY_WINDOWS];
	feature->window = cs_tally_windows[own % CS_TALLY_WINDOWS];
	feature->position = position;
	return true;
}

/* Which of the windows; the first for features that have none; else -1. */
static int
find_window(const CsFeatureWindow *window)
{
	if (window->from_days == CS_NO_WINDOW)
		return 0;
	for (int w = 0; w < CS_TALLY_WINDOWS; w++)
		if (cs_tally_windows[w].from_days == window->from_days &&
			cs_tally_windows[w].to_days == window->to_days)
			return w;
	return -1;
}

Numeric
cs_local_features_number(const CsLocalFeatures *features,
						 const CsFeature	   *feature)
{
	int window = find_window(&feature->window);

	if (features->empty || window < 0 ||
		features->first_age < cs_tally_windows[window].from_days)
		return NULL;
	for (int i = 0; i < (int) lengthof(rules); i++)
		if (strcmp(rules[i].family, feature->family->name) == 0)
			return rules[i].personal && features->organisation
					   ? NULL
					   : rules[i].value(features, window, rules[i].which);
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
