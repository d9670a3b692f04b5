/*-------------------------------------------------------------------------
 * patascore_report.c
 *	  The body of a Patascore report, in every nesting it may have.
 *
 * The printed sample is no valid JSON, so the place of fraud_data and the
 * shape of data are the switch report_nesting:
 *
 *	 object		data: {person..., fraud_data}
 *	 array		data: [{person...}], fraud_data
 *	 wrapped	data: {"person": {person...}, "fraud_data": {...}}
 *	 legacy		as object, with score_output instead of score_data, no limit
 *
 * Balances follow from the transactions, which run from the newest to the
 * oldest as on an M-Pesa statement.
 *------------------------------------------------------------------------- */
#include "provider/patascore/patascore_report.h"

#include "core/hash.h"

/* Statements end here: the newest transaction's day. */
#define LAST_YEAR  2024
#define LAST_MONTH 9
#define LAST_DAY   28

typedef struct Kind
{
	const char *text;
	bool		received;
	int			usual; /* shillings */
} Kind;

static const Kind kinds[] = {
	{"Customer Transfer to 0721***691 - LEON NYONGA ARIGI", false, 1200},
	{"Funds received from 0722***118 - MERCY ATIENO OTIENO", true, 1500},
	{"Merchant Payment to 589021 - NAIVAS SUPERMARKET", false, 900},
	{"Pay Bill to 888880 - KPLC PREPAID Acc. 14***901", false, 600},
	{"Airtime Purchase", false, 50},
	{"Withdrawal Charge", false, 29},
	{"Customer Withdrawal At Agent Till 213344 - KILIMANI", false, 2000},
	{"Deposit of Funds at Agent Till 445566 - NGARA", true, 3000},
	{"Salary Payment from 300600 - ACME LIMITED via API", true, 25000},
	{"OD Loan Repayment to 232323 - M-PESA Overdraw", false, 300},
	{"Overdraft of Credit Party", true, 300},
	{"M-Shwari Deposit", false, 500},
};

static const char *const reasons[] = {"Low number of transactions",
									  "Low frequency of transactions",
									  "Customer inactive for a long period",
									  "Low transaction volumes",
									  "High number of mobile loans",
									  "Irregular income",
									  "High betting activity"};

static const char *const grades[] = {"AA", "BB", "CC", "DD", "EE", "FF", "GG"};

static const char *const first_names[] = {"JOHN", "MERCY", "PETER", "WANJIRU",
										  "BRIAN"};
static const char *const last_names[] = {"DOE", "OTIENO", "MARANGI", "KAMAU",
										 "MUTUA"};

static void
put_two_digits(SbText *out, int value)
{
	sb_text_char(out, (char) ('0' + value / 10));
	sb_text_char(out, (char) ('0' + value % 10));
}

static int
days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && year % 4 == 0 ? 29 : days[month - 1];
}

static void
put_date(SbText *out, int year, int month, int day)
{
	sb_text_int(out, year);
	sb_text_char(out, '-');
	put_two_digits(out, month);
	sb_text_char(out, '-');
	put_two_digits(out, day);
}

/* The moment "minutes" before the statement's end. */
static void
put_moment(SbText *out, int minutes, int seconds)
{
	int year = LAST_YEAR;
	int month = LAST_MONTH;
	int day = LAST_DAY - minutes / 1440;
	int of_day = 1439 - minutes % 1440;

	while (day < 1)
	{
		month = month > 1 ? month - 1 : 12;
		year = month == 12 ? year - 1 : year;
		day += days_in(year, month);
	}
	sb_text_char(out, '"');
	put_date(out, year, month, day);
	sb_text_char(out, 'T');
	put_two_digits(out, of_day / 60);
	sb_text_char(out, ':');
	put_two_digits(out, of_day % 60);
	sb_text_char(out, ':');
	put_two_digits(out, seconds);
	sb_text_char(out, '"');
}

/* P, L and eight more letters or digits, as M-Pesa's receipt numbers. */
static void
put_receipt(SbText *out, uint64_t hash)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRSTUVWX";
	int				  i;

	sb_text_str(out, "\"S");
	for (i = 0; i < 9; i++)
		sb_text_char(out, alphabet[hash >> (5 * i) & 31]);
	sb_text_char(out, '"');
}

static void
put_transaction(SbText *out, uint64_t hash, int minutes, int64_t *balance)
{
	const Kind *kind = &kinds[hash % lengthof(kinds)];
	int64_t		cents =
		kind->usual * 20 +
		(int64_t) (sb_hash_mix(hash) % (uint64_t) (kind->usual * 200));

	if (kind->received && cents > *balance)
		cents = *balance; /* it was 0 before */
	sb_text_str(out, "{\"transaction_id\":");
	put_receipt(out, sb_hash_mix(hash + 1));
	sb_text_str(out, ",\"transaction_type\":\"");
	sb_text_str(out, kind->text);
	sb_text_str(out, "\",\"received_amount\":");
	sb_text_decimal(out, kind->received ? cents : 0, 2);
	sb_text_str(out, ",\"sent_amount\":");
	sb_text_decimal(out, kind->received ? 0 : cents, 2);
	sb_text_str(out, ",\"balance_then\":");
	sb_text_decimal(out, *balance, 2);
	sb_text_str(out, ",\"transaction_datetime\":");
	put_moment(out, minutes, (int) ((hash >> 32) % 60));
	sb_text_char(out, '}');
	*balance += kind->received ? -cents : cents;
}

/* Newest first, over about half a year. */
static void
put_transactions(SbText *out, const SbStatement *statement)
{
	int64_t balance =
		100 + (int64_t) (sb_hash_pick(statement->seed, 2) % 5000000);
	int step =
		statement->transactions > 0 ? 180 * 1440 / statement->transactions : 0;
	int i;

	sb_text_str(out, "\"statement_details\":[");
	for (i = 0; i < statement->transactions; i++)
	{
		uint64_t hash = sb_hash_pick(statement->seed, 100 + (uint64_t) i);

		if (i > 0)
			sb_text_char(out, ',');
		put_transaction(out, hash, i * step + (int) (hash % (uint64_t) step),
						&balance);
	}
	sb_text_char(out, ']');
}

/* Every value is a string, limit a string that holds a list. */
static void
put_score(SbText *out, const SbStatement *statement, bool legacy)
{
	uint64_t seed = statement->seed;
	int		 score = 300 + (int) (sb_hash_pick(seed, 3) % 551);
	int64_t	 low = 500 + (int64_t) (sb_hash_pick(seed, 4) % 20000);
	size_t	 first = sb_hash_pick(seed, 5) % lengthof(reasons);
	int		 i;

	sb_text_str(out, legacy ? ",\"score_output\":{" : ",\"score_data\":{");
	for (i = 0; i < 4; i++)
	{
		sb_text_str(out, "\"reason_code_");
		sb_text_int(out, i + 1);
		sb_text_str(out, "\":\"");
		sb_text_str(out, reasons[(first + (size_t) i) % lengthof(reasons)]);
		sb_text_str(out, "\",");
	}
	sb_text_str(out, "\"probability\":\"");
	sb_text_decimal(out, (int64_t) (sb_hash_pick(seed, 6) % 10001), 2);
	sb_text_str(out, "\",\"grade\":\"");
	sb_text_str(out, grades[(size_t) (850 - score) / 79]);
	sb_text_str(out, "\",\"credit_score\":\"");
	sb_text_int(out, score);
	if (!legacy)
	{
		sb_text_str(out, "\",\"limit\":\"[");
		sb_text_int(out, low);
		sb_text_str(out, ".0, ");
		sb_text_int(out, low + low / 2);
		sb_text_str(out, ".0]");
	}
	sb_text_str(out, "\"}");
}

/* One amount per month end, the oldest first. */
static void
put_trend(SbText *out, const SbStatement *statement, const char *name,
		  uint64_t which, int scale)
{
	uint64_t below = scale == 1 ? UINT64_C(9000000) : UINT64_C(90000000000);
	int		 i;

	sb_text_str(out, name);
	for (i = statement->months; i >= 1; i--)
	{
		int month = LAST_MONTH - i;
		int year = LAST_YEAR;

		if (month < 1)
		{
			month += 12;
			year--;
		}
		sb_text_str(out, i == statement->months ? "\"" : ",\"");
		put_date(out, year, month, days_in(year, month));
		sb_text_str(out, "\":");
		sb_text_decimal(
			out,
			(int64_t) (sb_hash_pick(statement->seed, which + (uint64_t) i) %
					   below),
			scale);
	}
	sb_text_char(out, '}');
}

/* The person's members, without braces. */
static void
put_person(SbText *out, const SbStatement *statement, bool legacy)
{
	sb_text_str(out, "\"national_id\":");
	sb_text_int(out, 20000000 + (int64_t) (sb_hash_pick(statement->seed, 7) %
										   20000000));
	sb_text_str(out, ",\"phone_number\":\"2547");
	sb_text_int(out, 10000000 + (int64_t) (sb_hash_pick(statement->seed, 8) %
										   90000000));
	sb_text_str(out, "\",\"other_details\":{},");
	put_transactions(out, statement);
	if (statement->scored)
		put_score(out, statement, legacy);
	put_trend(out, statement, ",\"received_amount_trend\":{", 20, 1);
	put_trend(out, statement, ",\"sent_amount_trend\":{", 40, 1);
	put_trend(out, statement, ",\"balance_amount_trend\":{", 60, 6);
}

static void
put_fraud(SbText *out, const SbStatement *statement)
{
	uint64_t	seed = statement->seed;
	bool		match = sb_hash_pick(seed, 9) % 4 != 0;
	const char *first =
		first_names[sb_hash_pick(seed, 10) % lengthof(first_names)];
	const char *last =
		last_names[sb_hash_pick(seed, 11) % lengthof(last_names)];

	sb_text_str(
		out,
		",\"fraud_data\":{\"message\":\"successfully obtained IPRS data\","
		"\"national_id\":\"");
	sb_text_int(out, 20000000 + (int64_t) (sb_hash_pick(seed, 7) % 20000000));
	sb_text_str(out, "\",\"statement_name\":[\"");
	sb_text_str(out, first);
	sb_text_str(out, "\",\"ALPHA\",\"");
	sb_text_str(out, last);
	sb_text_str(out, "\"],\"customer_name\":[\"");
	sb_text_str(out, match ? first : "Peter");
	sb_text_str(out, "\",\"");
	sb_text_str(out, match ? last : "Marangi");
	sb_text_str(
		out,
		match
			? "\"],\"similarity_score\":100,\"verified_status\":\"match\"}"
			: "\"],\"similarity_score\":0,\"verified_status\":\"no match\"}");
}

void
sb_patascore_report(SbText *out, const SbStatement *statement,
					SbNesting nesting)
{
	static const char *const heads[] = {
		[SB_NEST_OBJECT] = ",\"data\":{",
		[SB_NEST_ARRAY] = ",\"data\":[{",
		[SB_NEST_WRAPPED] = ",\"data\":{\"person\":{",
		[SB_NEST_LEGACY] = ",\"data\":{",
	};
	static const char *const middles[] = {
		[SB_NEST_OBJECT] = "",
		[SB_NEST_ARRAY] = "}]",
		[SB_NEST_WRAPPED] = "}",
		[SB_NEST_LEGACY] = "",
	};

	sb_text_reserve(out, (size_t) statement->transactions * 256 + 4096);
	sb_text_str(out, heads[nesting]);
	put_person(out, statement, nesting == SB_NEST_LEGACY);
	sb_text_str(out, middles[nesting]);
	put_fraud(out, statement);
	if (nesting != SB_NEST_ARRAY)
		sb_text_char(out, '}');
}
