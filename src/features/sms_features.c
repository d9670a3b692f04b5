/*-------------------------------------------------------------------------
 * sms_features.c
 *	  Features that the messages of a phone determine; see sms_features.h.
 *
 * The transactions of all accounts are tallied together, and those of M-PESA
 * by themselves.  What only messages tell is counted here, in the same days
 * and windows.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/sms_features.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/fmgrprotos.h"

#include "features/daily.h"
#include "features/local_features.h"
#include "features/tally.h"

/* What happened in a window. */
typedef struct Tally
{
	int64  alerts[CS_SMS_ALERTS];
	int64  loan_messages; /* loans, repayments, and what lenders warn of */
	uint32 issuers;		  /* a bit for each; lenders have names */
	List  *lenders;		  /* names, each once */
} Tally;

/* A debt that messages tell the balance of. */
typedef enum Debt
{
	DEBT_FULIZA,
	DEBT_MSHWARI,
	DEBTS
} Debt;

struct CsSmsFeatures
{
	bool			 empty; /* true: all features are NULL */
	CsLocalFeatures *all;
	CsLocalFeatures *mpesa; /* NULL: no message of M-PESA is understood */
	const char		*currency;
	int64			 end; /* of the messages' zone, like all times here */
	int64			 first_age;
	Tally			 tallies[CS_TALLY_WINDOWS];
	CsDaily			 debts;
};

static bool
in_window(int64 age, int window)
{
	return age >= cs_tally_windows[window].from_days &&
		   age <= cs_tally_windows[window].to_days;
}

/* --- alerts and institutions --- */

static bool
is_loan_message(const CsSmsMessage *message)
{
	CsSmsAlert alert = message->read.form->alert;

	return message->class == CS_MPESA_LOAN ||
		   message->class == CS_MPESA_REPAYMENT ||
		   (message->roles & CS_PARTY_LENDER) != 0 || alert == CS_SMS_MISSED ||
		   alert == CS_SMS_DEFAULTED;
}

/* Names are those of the list of parties, so that pointers tell them apart. */
static void
add_institution(Tally *tally, const CsSmsMessage *message)
{
	if (message->issuer != CS_SMS_LENDER)
		tally->issuers |= (uint32) 1 << message->issuer;
	else
		tally->lenders = list_append_unique_ptr(
			tally->lenders, unconstify(char *, message->known_as));
}

static void
tally_messages(CsSmsFeatures *features, const CsSmsMessages *messages)
{
	for (int i = 0; i < messages->nmessages; i++)
	{
		const CsSmsMessage *message = &messages->messages[i];
		int64				time = message->time + messages->zone;
		int64				age = cs_tally_age(time, features->end);

		CHECK_FOR_INTERRUPTS();
		if (message->read.form == NULL || !message->has_time ||
			time > features->end)
			continue;
		for (int w = 0; w < CS_TALLY_WINDOWS; w++)
		{
			if (!in_window(age, w))
				continue;
			features->tallies[w].alerts[message->read.form->alert]++;
			features->tallies[w].loan_messages += is_loan_message(message);
			add_institution(&features->tallies[w], message);
		}
	}
}

/* --- debts --- */

static CsAmount
less(CsAmount debt, CsAmount paid)
{
	CsAmount left = cs_amount_subtract(debt, paid);

	return cs_amount_compare(left, cs_amount_zero) < 0 ? cs_amount_zero : left;
}

/*
 * The balance of a debt after a message; false: it says nothing of any.  What
 * is paid back of the overdraft in part is told, and what is left is not.
 */
static bool
take_debt(CsAmount debts[DEBTS], const CsSmsMessage *message)
{
	const CsSmsRead *read = &message->read;
	bool			 is_overdraft = message->class == CS_MPESA_OVERDRAFT ||
						message->class == CS_MPESA_NOTHING;

	if (read->debt.there)
		debts[is_overdraft ? DEBT_FULIZA : DEBT_MSHWARI] =
			cs_sms_rows_amount(&read->debt);
	else if (message->class != CS_MPESA_OVERDRAFT_REPAID)
		return false;
	else if (strcmp(read->form->name, "fuliza.repaid") == 0)
		debts[DEBT_FULIZA] = cs_amount_zero;
	else
		debts[DEBT_FULIZA] =
			less(debts[DEBT_FULIZA], cs_sms_rows_amount(&read->amount));
	return true;
}

static void
note_debts(CsSmsFeatures *features, const CsSmsMessages *messages)
{
	CsAmount debts[DEBTS] = {cs_amount_zero, cs_amount_zero};

	cs_daily_start(&features->debts);
	for (int i = 0; i < messages->nmessages; i++)
	{
		const CsSmsMessage *message = &messages->messages[i];
		int64				time = message->time + messages->zone;

		if (message->read.form == NULL || !message->has_time ||
			time > features->end || !take_debt(debts, message))
			continue;
		cs_daily_note(&features->debts, cs_tally_age(time, features->end),
					  cs_amount_add(debts[DEBT_FULIZA], debts[DEBT_MSHWARI]));
	}
	cs_daily_fill(&features->debts);
}

/* --- all of it --- */

/* The first message that is understood, and the last up to a time, or NULL. */
static const CsSmsMessage *
last_message(const CsSmsMessages *messages, const TimestampTz *utc_endtime,
			 const CsSmsMessage **first)
{
	const CsSmsMessage *last = NULL;

	*first = NULL;
	for (int i = 0; i < messages->nmessages; i++)
	{
		const CsSmsMessage *message = &messages->messages[i];

		if (message->read.form == NULL || !message->has_time ||
			(utc_endtime != NULL && message->time > *utc_endtime))
			continue;
		*first = *first != NULL ? *first : message;
		last = message;
	}
	return last;
}

CsSmsFeatures *
cs_sms_features_compute(CsSmsMessages	  *messages,
						const TimestampTz *utc_endtime)
{
	CsSmsFeatures		 *features = palloc0(sizeof(CsSmsFeatures));
	const CsSmsMessage	 *first;
	const CsSmsMessage	 *last = last_message(messages, utc_endtime, &first);
	CsSmsRows			  rows;
	CsTransactions		  all;
	const CsTransactions *mpesa;
	TimestampTz			  shifted;

	features->empty = last == NULL;
	if (features->empty)
		return features;
	features->currency = messages->currency;
	features->end =
		(utc_endtime != NULL ? *utc_endtime : last->time) + messages->zone;
	features->first_age =
		cs_tally_age(first->time + messages->zone, features->end);
	/* local features take days to be those of East Africa */
	shifted = features->end - CS_EAT;
	cs_sms_rows_arrange(messages, &rows);
	cs_sms_rows_all(messages, &rows, &all);
	features->all = cs_local_features_compute(&all, &shifted);
	mpesa = &rows.accounts[CS_SMS_MPESA];
	if (mpesa->nrows > 0)
		features->mpesa = cs_local_features_compute(mpesa, &shifted);
	tally_messages(features, messages);
	note_debts(features, messages);
	return features;
}

/* --- values --- */

typedef Numeric (*ValueFunction)(const CsSmsFeatures *features,
								 const CsFeature *feature, int window,
								 int which);

static Numeric
alert_value(const CsSmsFeatures *features, const CsFeature *feature,
			int window, int which)
{
	return int64_to_numeric(features->tallies[window].alerts[which]);
}

static Numeric
institutions_value(const CsSmsFeatures *features, const CsFeature *feature,
				   int window, int which)
{
	const Tally *tally = &features->tallies[window];
	int64		 n = list_length(tally->lenders);

	for (int i = 0; i < CS_SMS_ISSUERS; i++)
		n += (tally->issuers >> i) & 1;
	return int64_to_numeric(n);
}

static Numeric
loan_messages_value(const CsSmsFeatures *features, const CsFeature *feature,
					int window, int which)
{
	return cs_daily_ratio(features->tallies[window].loan_messages,
						  cs_tally_windows[window].to_days -
							  cs_tally_windows[window].from_days + 1);
}

static Numeric
debt_value(const CsSmsFeatures *features, const CsFeature *feature, int window,
		   int which)
{
	return cs_daily_statistic(&features->debts, which,
							  cs_tally_windows[window].from_days,
							  cs_tally_windows[window].to_days);
}

/* Loans opened less payments missed and defaults. */
static Numeric
delinquency_value(const CsSmsFeatures *features, const CsFeature *feature,
				  int window, int which)
{
	static const char	opened_name[] = "count_loan_opened_events";
	const Tally		   *tally = &features->tallies[window];
	const CsFeatureName name = {opened_name, strlen(opened_name),
								feature->window, false};
	CsFeature			opened;
	Numeric				count = NULL;

	if (cs_feature_catalogue_find(&name, &opened))
		count = cs_local_features_number(features->all, &opened);
	if (count == NULL)
		return NULL;
	return DatumGetNumeric(DirectFunctionCall2(
		numeric_sub, NumericGetDatum(count),
		NumericGetDatum(int64_to_numeric(tally->alerts[CS_SMS_MISSED] +
										 tally->alerts[CS_SMS_DEFAULTED]))));
}

/* What messages tell and statements do not. */
static const struct
{
	const char	 *family;
	ValueFunction value;
	int			  which;
} rules[] = {
	{"average_end_of_day_loan_balance", debt_value, CS_DAILY_MEAN},
	{"count_insufficient_funds_events", alert_value, CS_SMS_INSUFFICIENT},
	{"count_loan_declined_events", alert_value, CS_SMS_DECLINED},
	{"count_loan_defaulted_events", alert_value, CS_SMS_DEFAULTED},
	{"count_loan_missed_payment_events", alert_value, CS_SMS_MISSED},
	{"count_of_institutions", institutions_value, 0},
	{"daily_average_of_stacked_loan_alerts", loan_messages_value, 0},
	{"difference_count_of_loans_opened_to_loans_delinquent", delinquency_value,
	 0},
	{"slope_end_of_day_loan_balance", debt_value, CS_DAILY_SLOPE},
};

static int
find_window(const CsFeatureWindow *window)
{
	for (int w = 0; w < CS_TALLY_WINDOWS; w++)
		if (cs_tally_windows[w].from_days == window->from_days &&
			cs_tally_windows[w].to_days == window->to_days)
			return w;
	return -1;
}

static bool
is_of_mpesa(const CsFeature *feature)
{
	static const char prefix[] = "mpesa_";

	return strncmp(feature->family->name, prefix, strlen(prefix)) == 0;
}

Numeric
cs_sms_features_number(const CsSmsFeatures *features, const CsFeature *feature)
{
	int window = find_window(&feature->window);

	if (features->empty)
		return NULL;
	for (int i = 0; i < (int) lengthof(rules); i++)
	{
		if (strcmp(rules[i].family, feature->family->name) != 0)
			continue;
		if (window < 0 ||
			features->first_age < cs_tally_windows[window].from_days)
			return NULL;
		return rules[i].value(features, feature, window, rules[i].which);
	}
	if (!is_of_mpesa(feature))
		return cs_local_features_number(features->all, feature);
	return features->mpesa != NULL
			   ? cs_local_features_number(features->mpesa, feature)
			   : NULL;
}

const char *
cs_sms_features_text(const CsSmsFeatures *features, const CsFeature *feature)
{
	if (features->empty ||
		strcmp(feature->family->name, "primary_currency") != 0)
		return NULL;
	return features->currency;
}
