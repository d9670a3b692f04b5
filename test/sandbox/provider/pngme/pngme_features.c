/*-------------------------------------------------------------------------
 * pngme_features.c
 *	  Pngme's features: the whole dictionary, with values made up from a hash.
 *
 * The values agree with each other where the definitions say so: counts and
 * sums over 0-90 days are those over 0-30 plus those over 31-90, and the
 * differences are differences.  Names are rendered once, at start.
 *------------------------------------------------------------------------- */
#include "provider/pngme/pngme_features.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/hash.h"

typedef enum Model
{
	COUNT,		 /* integer; the windows add up */
	DISTINCT,	 /* integer; 0-90 is not the sum */
	SUM,		 /* money; the windows add up */
	LEVEL,		 /* money; 0-90 is the mean over the days */
	LEAST,		 /* money; 0-90 is the least */
	RATIO,		 /* 0 to 1, four decimals */
	SLOPE,		 /* money per day, may be negative */
	MINUS_COUNT, /* one count minus another */
	MINUS_SUM,	 /* one sum minus another */
	RECENCY,
	CURRENCY
} Model;

typedef enum Windows
{
	THREE, /* 0-30, 31-90, 0-90 days */
	NINETY,
	TEN,
	NONE
} Windows;

typedef struct Feature
{
	const char			 *name;
	Windows				  windows;
	Model				  model;
	int					  size; /* typical value: a count, or money in Kenya */
	bool				  imputed; /* has a _was_imputed twin */
	const char			 *plus;	   /* MINUS_*: which features it is made of */
	const char			 *minus;
	const struct Feature *from;
	const struct Feature *less;
} Feature;

#define FEATURE(name_, windows_, model_, size_, imputed_) \
	{ \
		.name = name_, .windows = windows_, .model = model_, .size = size_, \
		.imputed = imputed_ \
	}
#define DIFFERENCE(name_, model_, plus_, minus_) \
	{ \
		.name = name_, .windows = THREE, .model = model_, .plus = plus_, \
		.minus = minus_ \
	}

/* In the order of Pngme's feature dictionary. */
static Feature features[] = {
	FEATURE("average_end_of_day_depository_balance", THREE, LEVEL, 6000, true),
	FEATURE("average_end_of_day_loan_balance", THREE, LEVEL, 3000, false),
	FEATURE("count_airtime_purchase_events", THREE, COUNT, 14, false),
	FEATURE("count_betting_and_lottery_events", THREE, COUNT, 3, false),
	FEATURE("count_insufficient_funds_events", THREE, COUNT, 4, false),
	FEATURE("count_loan_declined_events", THREE, COUNT, 2, false),
	FEATURE("count_loan_defaulted_events", THREE, COUNT, 2, false),
	FEATURE("count_loan_missed_payment_events", THREE, COUNT, 3, false),
	FEATURE("count_loan_opened_events", THREE, COUNT, 6, false),
	FEATURE("count_loan_repayment_events", THREE, COUNT, 7, false),
	FEATURE("count_of_institutions", THREE, DISTINCT, 6, false),
	FEATURE("count_overdraft_events", THREE, COUNT, 3, false),
	FEATURE("count_transactions_depository", THREE, COUNT, 60, false),
	FEATURE("count_user_shared_device_ids", TEN, DISTINCT, 2, false),
	FEATURE("count_user_shared_phone_numbers", TEN, DISTINCT, 2, false),
	FEATURE("daily_average_of_stacked_loan_alerts", NINETY, RATIO, 0, true),
	FEATURE("daily_average_of_stacked_loan_fes", NINETY, RATIO, 0, true),
	FEATURE("data_density", THREE, RATIO, 0, false),
	FEATURE("data_recency_minutes", NONE, RECENCY, 0, false),
	DIFFERENCE("difference_count_of_loans_opened_to_loans_delinquent",
			   MINUS_COUNT, "count_loan_opened_events",
			   "count_loan_missed_payment_events"),
	DIFFERENCE("difference_count_of_loans_opened_to_loans_repaid", MINUS_COUNT,
			   "count_loan_opened_events", "count_loan_repayment_events"),
	FEATURE("loan_sharks_alert_institutions_ratio", NINETY, RATIO, 0, false),
	FEATURE("loan_sharks_fes_ratio", NINETY, RATIO, 0, false),
	FEATURE("median_end_of_day_depository_balance", THREE, LEVEL, 5500, true),
	FEATURE("min_end_of_day_depository_balance", THREE, LEAST, 900, false),
	FEATURE("mpesa_average_end_of_day_depository_balance", THREE, LEVEL, 4000,
			false),
	FEATURE("mpesa_median_end_of_day_depository_balance", THREE, LEVEL, 3800,
			false),
	FEATURE("mpesa_min_end_of_day_depository_balance", THREE, LEAST, 300,
			false),
	DIFFERENCE("mpesa_net_cash_flow", MINUS_SUM, "mpesa_sum_of_credits",
			   "mpesa_sum_of_debits"),
	FEATURE("mpesa_stdev_end_of_day_depository_balance", THREE, LEVEL, 1500,
			false),
	FEATURE("mpesa_sum_of_credits", THREE, SUM, 30000, false),
	FEATURE("mpesa_sum_of_debits", THREE, SUM, 28000, false),
	DIFFERENCE("net_cash_flow", MINUS_SUM, "sum_of_credits", "sum_of_debits"),
	FEATURE("primary_currency", NONE, CURRENCY, 0, false),
	FEATURE("slope_end_of_day_depository_balance", NINETY, SLOPE, 40, true),
	FEATURE("slope_end_of_day_loan_balance", NINETY, SLOPE, 25, false),
	FEATURE("stdev_end_of_day_depository_balance", THREE, LEVEL, 2100, true),
	FEATURE("sum_of_airtime_credits", THREE, SUM, 700, false),
	FEATURE("sum_of_credits", THREE, SUM, 52000, false),
	FEATURE("sum_of_debits", THREE, SUM, 49000, false),
	FEATURE("sum_of_depository_balances_latest", NONE, LEVEL, 7000, false),
	FEATURE("sum_of_depository_transactions_between_user_accounts", THREE, SUM,
			2500, false),
	FEATURE("sum_of_loan_repayments", THREE, SUM, 9000, false),
};

/* The places of a feature's windows. */
enum
{
	RECENT, /* 0-30, also the only one */
	OLDER,	/* 31-90 */
	BOTH	/* 0-90 */
};

static const char *const window_suffixes[][3] = {
	[THREE] = {"_0_30", "_31_90", "_0_90"},
	[NINETY] = {"_0_90"},
	[TEN] = {"_0_10"},
	[NONE] = {""},
};

/* Rendered once: ,"name": of each feature and window, and of its twin. */
static SbText labels[lengthof(features)][3];
static SbText twin_labels[lengthof(features)][3];

static const Feature *
feature_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < lengthof(features); i++)
	{
		if (strcmp(features[i].name, name) == 0)
			return &features[i];
	}
	abort();
}

void
sb_pngme_features_init(void)
{
	size_t i;
	int	   w;

	for (i = 0; i < lengthof(features); i++)
	{
		if (features[i].plus != NULL)
		{
			features[i].from = feature_by_name(features[i].plus);
			features[i].less = feature_by_name(features[i].minus);
		}
		for (w = 0; w < 3 && window_suffixes[features[i].windows][w] != NULL;
			 w++)
		{
			char label[128];

			snprintf(label, sizeof(label), ",\"%s%s\":", features[i].name,
					 window_suffixes[features[i].windows][w]);
			sb_text_str(&labels[i][w], label);
			snprintf(label, sizeof(label),
					 ",\"%s%s_was_imputed\":", features[i].name,
					 window_suffixes[features[i].windows][w]);
			sb_text_str(&twin_labels[i][w], label);
		}
	}
}

/* A value of a window that does not contain others, around a usual size. */
static int64_t
basic_value(const SbPerson *person, const Feature *feature, int w)
{
	uint64_t pick = sb_hash_pick(
		person->seed, (uint64_t) (feature - features) * 4 + (uint64_t) w);
	int64_t usual = feature->size;

	switch (feature->model)
	{
		case COUNT:
		case DISTINCT:
			return (int64_t) (pick %
							  (uint64_t) (usual * (w == OLDER ? 2 : 1) + 1));
		case RATIO:
			return (int64_t) (pick % 10001);
		case SLOPE:
			return (int64_t) (pick % (uint64_t) (usual * 200)) - usual * 100;
		default:
			usual = usual * 10 * person->level * person->country->scale;
			return (int64_t) (pick % (uint64_t) usual) + usual / 2;
	}
}

/* Counts as they are, money in cents, ratios in ten-thousandths. */
static int64_t
feature_value(const SbPerson *person, const Feature *feature, int w)
{
	int64_t recent;
	int64_t older;

	if (feature->from != NULL)
		return feature_value(person, feature->from, w) -
			   feature_value(person, feature->less, w);
	if (w != BOTH)
		return basic_value(person, feature, w);
	recent = basic_value(person, feature, RECENT);
	older = basic_value(person, feature, OLDER);
	switch (feature->model)
	{
		case COUNT:
		case SUM:
			return recent + older;
		case DISTINCT:
			return recent > older ? recent : older;
		case LEAST:
			return recent < older ? recent : older;
		default:
			return (recent + 2 * older) / 3;
	}
}

static void
put_value(SbText *out, const SbPerson *person, const Feature *feature, int w)
{
	int64_t value;

	if (feature->model == CURRENCY)
	{
		sb_text_json(out, person->country->currency, 3);
		return;
	}
	value = feature_value(person, feature, w);
	if (person->magic == SB_PNGME_BIG && feature->model == SUM)
		sb_text_int(out, INT64_C(9007199254740993) + value);
	else if (person->magic == SB_PNGME_BIG && feature->model == LEVEL)
		sb_text_decimal(out, value / 100 * 100 + 10, 2);
	else if (feature->model == COUNT || feature->model == DISTINCT ||
			 feature->model == MINUS_COUNT)
		sb_text_int(out, value);
	else
		sb_text_decimal(out, value, feature->model == RATIO ? 4 : 2);
}

/* About one feature in fourteen is unknown; M-Pesa's are outside Kenya. */
static bool
is_null(const SbPerson *person, const Feature *feature)
{
	if (feature->model == CURRENCY)
		return false;
	if (person->magic == SB_PNGME_NO_FEATURES)
		return true;
	if (strncmp(feature->name, "mpesa_", 6) == 0 && !person->country->mpesa)
		return true;
	return sb_hash_pick(person->seed, 1000 + (uint64_t) (feature - features)) %
			   14 ==
		   0;
}

/* Windows of one feature; the flag comes as number or boolean. */
static void
put_feature(SbText *out, const SbPerson *person, size_t i)
{
	static const char *const flags[] = {"0",	 "0",	  "1",
										"false", "false", "true"};
	const Feature			*feature = &features[i];
	bool					 unknown = is_null(person, feature);
	int						 w;

	for (w = 0; w < 3 && labels[i][w].len > 0; w++)
	{
		sb_text_mem(out, labels[i][w].data, labels[i][w].len);
		if (unknown)
			sb_text_mem(out, "null", 4);
		else
			put_value(out, person, feature,
					  feature->windows == THREE ? w : RECENT);
		if (!feature->imputed || person->magic == SB_PNGME_NO_FEATURES)
			continue;
		sb_text_mem(out, twin_labels[i][w].data, twin_labels[i][w].len);
		sb_text_str(out,
					unknown ? "0"
							: flags[sb_hash_pick(person->seed,
												 2000 + i * 3 + (uint64_t) w) %
									lengthof(flags)]);
	}
}

void
sb_pngme_features(SbText *out, const SbPerson *person, int64_t recency)
{
	size_t start;
	size_t i;

	sb_text_str(out, ",\"features\":");
	start = out->len;
	for (i = 0; i < lengthof(features); i++)
	{
		if (features[i].model != RECENCY)
			put_feature(out, person, i);
		else if (recency >= 0)
		{
			sb_text_mem(out, labels[i][0].data, labels[i][0].len);
			sb_text_int(out, recency);
		}
	}
	out->data[start] = '{'; /* over the first comma */
	sb_text_char(out, '}');
}
