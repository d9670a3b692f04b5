/*-------------------------------------------------------------------------
 * feature_catalogue.c
 *	  The features that Pngme's feature dictionary defines, as data.
 *
 * Pure functions; owns no memory.  Names, windows and types are the dictionary's,
 * the definitions say the same in our words.  Three oddities of the page:
 *
 * Some features have one window in their name, and a definition that speaks
 * of three.  The name holds, since answers have names.
 *
 * loan_sharks_alert_institutions_ratio is defined by events, and
 * loan_sharks_fes_ratio, "fes" being financial events, by institutions.  The
 * definitions are given as they are printed, with a word of warning.
 *
 * count_loan_defaulted_events is said to be an int, all others may be null;
 * but the sample answer of the page quickstart-guide has it null.
 *------------------------------------------------------------------------- */
#include "reading/feature_catalogue.h"

#include <stdio.h>
#include <string.h>

/* A window ends at most so many digits ago: 270 years. */
#define MAX_DAY_DIGITS 5

#define TWIN_SUFFIX "_was_imputed"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

static const CsFeatureWindow three_windows[] = {{0, 30}, {31, 90}, {0, 90}};
static const CsFeatureWindow ninety_days[] = {{0, 90}};
static const CsFeatureWindow ten_days[] = {{0, 10}};
static const CsFeatureWindow no_window[] = {{CS_NO_WINDOW, CS_NO_WINDOW}};

#define THREE  LENGTH(three_windows), three_windows
#define NINETY LENGTH(ninety_days), ninety_days
#define TEN	   LENGTH(ten_days), ten_days
#define NONE   LENGTH(no_window), no_window

/* Types with units that go together, and that an answer may have null. */
#define MONEY		  CS_FEATURE_FLOAT, "currency", true
#define MONEY_PER_DAY CS_FEATURE_FLOAT, "currency per day", true
#define RATIO		  CS_FEATURE_FLOAT, "ratio", true
#define MEAN_COUNT	  CS_FEATURE_FLOAT, "count", true
#define COUNT_PER_DAY CS_FEATURE_FLOAT, "count per day", true
#define COUNT		  CS_FEATURE_INT, "count", true
#define MINUTES		  CS_FEATURE_INT, "minutes", true
#define TEXT		  CS_FEATURE_TEXT, NULL, true

/* How the dictionary takes the balance of a day. */
#define END_OF_DAY " at the end of a day, each as the latest SMS tells it"

/* In the order of their names, which is the dictionary's. */
static const CsFeatureFamily families[] = {
	{"average_end_of_day_depository_balance", THREE, MONEY,
	 "Mean over the days of the total balance of all depository accounts"},
	{"average_end_of_day_loan_balance", THREE, MONEY,
	 "Mean over time of the balances that known lenders state in SMS, all "
	 "lenders together"},
	{"count_airtime_purchase_events", THREE, COUNT,
	 "Number of SMS that report a purchase of airtime from any telecom "
	 "operator"},
	{"count_betting_and_lottery_events", THREE, COUNT,
	 "Number of SMS that show the user taking part in betting or a lottery"},
	{"count_insufficient_funds_events", THREE, COUNT,
	 "Number of SMS that report a transaction for which the user's funds did "
	 "not suffice"},
	{"count_loan_declined_events", THREE, COUNT,
	 "Number of SMS that report a loan refused to the user by a known lender"},
	{"count_loan_defaulted_events", THREE, COUNT,
	 "Number of SMS that report the user in default on a known lender's loan"},
	{"count_loan_missed_payment_events", THREE, COUNT,
	 "Number of SMS that report a payment missed on a known lender's loan"},
	{"count_loan_opened_events", THREE, COUNT,
	 "Number of SMS that report a known lender's loan as approved, as paid "
	 "out, or both"},
	{"count_loan_repayment_events", THREE, COUNT,
	 "Number of SMS that report a repayment by the user on a known lender's "
	 "loan"},
	{"count_of_institutions", THREE, COUNT,
	 "Number of different financial institutions that the user's SMS come "
	 "from or tell of"},
	{"count_overdraft_events", THREE, COUNT,
	 "Number of SMS that show an overdraft on an account of the user"},
	{"count_transactions_depository", THREE, COUNT,
	 "Number of SMS that report a transaction on a depository account"},
	{"count_user_shared_device_ids", TEN, COUNT,
	 "Number of different users with the same device, among those updated"},
	{"count_user_shared_phone_numbers", TEN, COUNT,
	 "Number of different users with the same phone number, among those "
	 "updated"},
	{"daily_average_of_stacked_loan_alerts", NINETY, COUNT_PER_DAY,
	 "Mean number per day of SMS from known lenders about loans: approvals, "
	 "payouts, reminders, repayments, missed payments, defaults"},
	{"daily_average_of_stacked_loan_fes", NINETY, MEAN_COUNT,
	 "Mean number of lenders whose SMS of one day show an active loan, by a "
	 "balance, a payout or a repayment; days without any do not count"},
	{"data_density", THREE, RATIO,
	 "Days on which the user was active, divided by all days"},
	{CS_FEATURE_DATA_RECENCY, NONE, MINUTES,
	 "Minutes from the latest financial event or alert to utc_endtime: the "
	 "fewer, the fresher the data"},
	{"difference_count_of_loans_opened_to_loans_delinquent", THREE, COUNT,
	 "Number of SMS that report any lender's loan as approved or paid out, "
	 "minus the number that report one as past due or in default"},
	{"difference_count_of_loans_opened_to_loans_repaid", THREE, COUNT,
	 "Number of SMS that report a loan as approved or paid out, minus the "
	 "number that report one as repaid"},
	{"loan_sharks_alert_institutions_ratio", NINETY, RATIO,
	 "Financial events that concern loan sharks, divided by all financial "
	 "events (as the dictionary says; the name suggests institutions)"},
	{"loan_sharks_fes_ratio", NINETY, RATIO,
	 "Institutions that are loan sharks, divided by all institutions seen (as "
	 "the dictionary says; the name suggests financial events)"},
	{"median_end_of_day_depository_balance", THREE, MONEY,
	 "Median over the days of the total balance of all known depository "
	 "accounts"},
	{"min_end_of_day_depository_balance", THREE, MONEY,
	 "Least total balance of the depository accounts of all "
	 "institutions" END_OF_DAY},
	{"mpesa_average_end_of_day_depository_balance", THREE, MONEY,
	 "Mean over the days of the total balance of all M-Pesa accounts"},
	{"mpesa_median_end_of_day_depository_balance", THREE, MONEY,
	 "Median over the days of the total balance of all M-Pesa accounts"},
	{"mpesa_min_end_of_day_depository_balance", THREE, MONEY,
	 "Least total balance of all M-Pesa accounts" END_OF_DAY},
	{"mpesa_net_cash_flow", THREE, MONEY,
	 "Credits minus debits of all M-Pesa accounts: positive when more came in "
	 "than went out"},
	{"mpesa_stdev_end_of_day_depository_balance", THREE, MONEY,
	 "Standard deviation over the days of the total balance of all M-Pesa "
	 "accounts" END_OF_DAY},
	{"mpesa_sum_of_credits", THREE, MONEY,
	 "Total amount of the credits, money coming in, to all M-Pesa accounts"},
	{"mpesa_sum_of_debits", THREE, MONEY,
	 "Total amount of the debits, money going out, from all M-Pesa accounts"},
	{"net_cash_flow", THREE, MONEY,
	 "Credits minus debits of all depository accounts: positive when more "
	 "came in than went out"},
	{"primary_currency", NONE, TEXT, "Main currency in the data on the user"},
	{"slope_end_of_day_depository_balance", NINETY, MONEY_PER_DAY,
	 "Rate at which the total daily balance of all depository accounts "
	 "changes: positive when it rises"},
	{"slope_end_of_day_loan_balance", NINETY, MONEY_PER_DAY,
	 "Rate at which the total daily balance of all loan accounts changes: "
	 "positive when it rises"},
	{"stdev_end_of_day_depository_balance", THREE, MONEY,
	 "Standard deviation over the days of the total balance of the depository "
	 "accounts of all institutions" END_OF_DAY},
	{"sum_of_airtime_credits", THREE, MONEY,
	 "Total amount of the credits to all airtime accounts"},
	{"sum_of_credits", THREE, MONEY,
	 "Total amount of the credits, money coming in, to all depository "
	 "accounts"},
	{"sum_of_debits", THREE, MONEY,
	 "Total amount of the debits, money going out, from all depository "
	 "accounts"},
	{"sum_of_depository_balances_latest", NONE, MONEY,
	 "Sum of the latest balances of the depository accounts of all "
	 "institutions, each as the last SMS before the prediction date tells it"},
	{"sum_of_depository_transactions_between_user_accounts", THREE, MONEY,
	 "Total amount of the transactions that may have gone from one depository "
	 "account of the user to another"},
	{"sum_of_loan_repayments", THREE, MONEY,
	 "Total amount repaid on loans of known lenders, as far as the SMS about "
	 "repayments state amounts"},
};

static const char *const type_names[] = {
	[CS_FEATURE_FLOAT] = "float",
	[CS_FEATURE_INT] = "int",
	[CS_FEATURE_TEXT] = "text",
};

const char *
cs_feature_catalogue_type_name(CsFeatureType type)
{
	return type_names[type];
}

/* --- families and features --- */

const CsFeatureFamily *
cs_feature_catalogue_family_at(int i)
{
	return i >= 0 && i < LENGTH(families) ? &families[i] : NULL;
}

/* Orders a text of a length against a whole name, by bytes. */
static int
compare_name(const char *text, size_t len, const char *name)
{
	size_t name_len = strlen(name);
	int	   order = memcmp(text, name, len < name_len ? len : name_len);

	if (order != 0)
		return order;
	return (len > name_len) - (len < name_len);
}

const CsFeatureFamily *
cs_feature_catalogue_family_find(const char *name, size_t len)
{
	int low = 0;
	int high = LENGTH(families);

	while (low < high)
	{
		int middle = (low + high) / 2;
		int order = compare_name(name, len, families[middle].name);

		if (order == 0)
			return &families[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool
cs_feature_catalogue_at(int position, CsFeature *feature)
{
	int first = 0;

	if (position < 0)
		return false;
	for (int i = 0; i < LENGTH(families); i++)
	{
		const CsFeatureFamily *family = &families[i];

		if (position < first + family->nwindows)
		{
			feature->family = family;
			feature->window = family->windows[position - first];
			feature->position = position;
			return true;
		}
		first += family->nwindows;
	}
	return false;
}

/* How many features come before a family's first. */
static int
first_position(const CsFeatureFamily *family)
{
	int first = 0;

	for (const CsFeatureFamily *before = families; before < family; before++)
		first += before->nwindows;
	return first;
}

bool
cs_feature_catalogue_find(const CsFeatureName *name, CsFeature *feature)
{
	const CsFeatureFamily *family =
		cs_feature_catalogue_family_find(name->family, name->len);

	if (family == NULL)
		return false;
	for (int i = 0; i < family->nwindows; i++)
	{
		if (family->windows[i].from_days == name->window.from_days &&
			family->windows[i].to_days == name->window.to_days)
		{
			feature->family = family;
			feature->window = name->window;
			feature->position = first_position(family) + i;
			return true;
		}
	}
	return false;
}

/* --- names --- */

/*
 * Reads "_<days>" from the end of a text and takes it off; false, and the text
 * stays, when it does not end so, or a number is written as nobody writes one.
 */
static bool
take_days(const char *text, size_t *len, int *days)
{
	size_t start = *len;
	size_t digits;

	while (start > 0 && text[start - 1] >= '0' && text[start - 1] <= '9')
		start--;
	digits = *len - start;
	if (digits == 0 || digits > MAX_DAY_DIGITS || start == 0 ||
		text[start - 1] != '_' || (digits > 1 && text[start] == '0'))
		return false;
	*days = 0;
	for (size_t i = start; i < *len; i++)
		*days = *days * 10 + (text[i] - '0');
	*len = start - 1;
	return true;
}

void
cs_feature_catalogue_name_parse(const char *text, size_t len,
								CsFeatureName *name)
{
	const size_t	suffix = strlen(TWIN_SUFFIX);
	CsFeatureWindow window;
	size_t			rest;

	name->is_twin =
		len > suffix && memcmp(text + len - suffix, TWIN_SUFFIX, suffix) == 0;
	if (name->is_twin)
		len -= suffix;
	name->family = text;
	name->len = len;
	name->window = no_window[0];

	rest = len;
	if (take_days(text, &rest, &window.to_days) &&
		take_days(text, &rest, &window.from_days) && rest > 0 &&
		window.from_days <= window.to_days)
	{
		name->len = rest;
		name->window = window;
	}
}

void
cs_feature_catalogue_name_put(const CsFeature *feature, char *out)
{
	if (feature->window.from_days == CS_NO_WINDOW)
		snprintf(out, CS_FEATURE_NAME_SIZE, "%s", feature->family->name);
	else
		snprintf(out, CS_FEATURE_NAME_SIZE, "%s_%d_%d", feature->family->name,
				 feature->window.from_days, feature->window.to_days);
}
