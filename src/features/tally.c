/*-------------------------------------------------------------------------
 * tally.c
 *	  What happened in the windows of the features; see tally.h.
 *
 * One pass over the rows, the oldest first; then what takes the rows in
 * another order: overdrafts by receipt, lenders by name.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/tally.h"

#include "miscadmin.h"

#include "features/words.h"

const CsFeatureWindow cs_tally_windows[CS_TALLY_WINDOWS] = {
	{0, 30}, {31, 90}, {0, 90}};

/* Rounds down, also before 2000. */
static int64
day_of(int64 time)
{
	int64 day = time / USECS_PER_DAY;

	return time % USECS_PER_DAY < 0 ? day - 1 : day;
}

int64
cs_tally_age(int64 time, int64 end)
{
	return day_of(end) - day_of(time);
}

static bool
in_window(int64 age, int window)
{
	return age >= cs_tally_windows[window].from_days &&
		   age <= cs_tally_windows[window].to_days;
}

/* --- one row --- */

static void
add_sum(CsTally *tally, CsTallySum sum, CsAmount amount)
{
	tally->sums[sum] = cs_amount_add(tally->sums[sum], amount);
}

static void
add_events(CsTally *tally, int roles, const CsTransactionRow *row,
		   bool is_credit, bool is_debit)
{
	if (roles & CS_PARTY_BETTING)
	{
		tally->counts[CS_COUNT_BETTING] += is_credit || is_debit;
		add_sum(tally, CS_SUM_STAKES, row->sent);
		add_sum(tally, CS_SUM_PAYOUTS, row->received);
	}
	if (roles & CS_PARTY_AIRTIME)
	{
		tally->counts[CS_COUNT_AIRTIME] += is_debit;
		add_sum(tally, CS_SUM_AIRTIME, row->sent);
	}
	if (roles & CS_PARTY_LENDER)
	{
		tally->counts[CS_COUNT_LOANS_OPENED] += is_credit;
		tally->counts[CS_COUNT_LOANS_REPAID] += is_debit;
		add_sum(tally, CS_SUM_LOANS, row->received);
		add_sum(tally, CS_SUM_REPAYMENTS, row->sent);
	}
	if (roles & CS_PARTY_OWN_ACCOUNT)
	{
		add_sum(tally, CS_SUM_OWN, row->received);
		add_sum(tally, CS_SUM_OWN, row->sent);
	}
}

/* Classes whose rows are parts of others. */
static void
add_part(CsTally *tally, const CsTransactionRow *row, bool is_debit)
{
	if (row->class == CS_MPESA_FEE)
	{
		tally->counts[CS_COUNT_CHARGES] += is_debit;
		add_sum(tally, CS_SUM_CHARGES, row->sent);
		/* one may be given back */
		tally->sums[CS_SUM_CHARGES] =
			cs_amount_subtract(tally->sums[CS_SUM_CHARGES], row->received);
	}
	else if (row->class == CS_MPESA_OVERDRAFT)
		add_sum(tally, CS_SUM_OVERDRAFTS, row->received);
	else if (row->class == CS_MPESA_OVERDRAFT_REPAID)
		add_sum(tally, CS_SUM_OVERDRAFTS_REPAID, row->sent);
}

static void
add_row(CsTally *tally, const CsTransactionRow *row, int64 age)
{
	const CsClassRule *rule = &cs_transactions_classes[row->class];
	int				   roles = cs_transactions_roles(row);
	bool is_credit = cs_amount_compare(row->received, cs_amount_zero) > 0;
	bool is_debit = cs_amount_compare(row->sent, cs_amount_zero) > 0;

	if (cs_transactions_moves(row))
	{
		tally->active_days += age != tally->last_age;
		tally->last_age = age;
	}
	tally->unread |= !row->has_amounts || !row->has_type;
	if (rule->flows)
	{
		add_sum(tally, CS_SUM_CREDITS, row->received);
		add_sum(tally, CS_SUM_DEBITS, row->sent);
		add_sum(tally, CS_SUM_INCOME, cs_transactions_income(row));
	}
	if (rule->counts)
		tally->counts[CS_COUNT_TRANSACTIONS] += is_credit || is_debit;
	else
		add_part(tally, row, is_debit);
	if (roles != 0)
		add_events(tally, roles, row, is_credit, is_debit);
}

/* A row without time may be in every window that it is not certain to miss. */
static void
add_untimed(CsTally *tallies, const CsTransactionRow *row, int64 end)
{
	int64 oldest = cs_tally_age(row->time, end);
	int64 newest = cs_tally_age(Min(row->latest, end), end);

	if (row->time > end)
		return;
	for (int w = 0; w < CS_TALLY_WINDOWS; w++)
		if (oldest >= cs_tally_windows[w].from_days &&
			newest <= cs_tally_windows[w].to_days)
			tallies[w].unread = true;
}

/* --- overdrafts, one per receipt --- */

/* The overdraft's own row, or one that says that it was paid with it. */
static bool
is_overdraft(const CsTransactionRow *row)
{
	return row->has_time && (row->class == CS_MPESA_OVERDRAFT ||
							 (row->fuliza && row->receipt != NULL));
}

static bool
same_receipt(const CsTransactionRow *a, const CsTransactionRow *b)
{
	return a->receipt != NULL && b->receipt != NULL &&
		   a->receipt_len == b->receipt_len &&
		   memcmp(a->receipt, b->receipt, a->receipt_len) == 0;
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

/* Pointers to the rows that are asked for; how many. */
static int
pick_rows(const CsTransactionRow *rows, int nrows,
		  bool (*is_wanted)(const CsTransactionRow *row),
		  const CsTransactionRow ***picked)
{
	int n = 0;

	*picked = palloc_extended(
		sizeof(CsTransactionRow *) * Max((Size) nrows, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < nrows; i++)
		if (is_wanted(&rows[i]))
			(*picked)[n++] = &rows[i];
	return n;
}

static void
count_overdrafts(CsTally *tallies, const CsTransactionRow *rows, int nrows,
				 int64 end)
{
	const CsTransactionRow **draws;
	int ndraws = pick_rows(rows, nrows, is_overdraft, &draws);

	qsort(draws, ndraws, sizeof(CsTransactionRow *), compare_receipts);
	for (int w = 0; w < CS_TALLY_WINDOWS; w++)
	{
		const CsTransactionRow *counted = NULL;

		for (int i = 0; i < ndraws; i++)
		{
			if (!in_window(cs_tally_age(draws[i]->time, end), w) ||
				(counted != NULL && same_receipt(counted, draws[i])))
				continue;
			tallies[w].counts[CS_COUNT_OVERDRAFTS]++;
			counted = draws[i];
		}
	}
	pfree(draws);
}

/* --- lenders, one per name --- */

static bool
is_of_lender(const CsTransactionRow *row)
{
	return row->has_time &&
		   (cs_transactions_roles(row) & CS_PARTY_LENDER) != 0 &&
		   (cs_amount_compare(row->received, cs_amount_zero) > 0 ||
			cs_amount_compare(row->sent, cs_amount_zero) > 0);
}

/* What tells lenders apart: the name that is known, else the party's. */
static CsWord
name_of(const CsTransactionRow *row)
{
	CsPartyParts parts;
	CsWord		 name = {"", 0};

	if (row->known_as != NULL)
	{
		name.text = row->known_as;
		name.len = strlen(row->known_as);
		return name;
	}
	if (row->party == NULL)
		return name;
	cs_party_split(row->party, row->party_len, &parts);
	name.text = parts.name_len > 0 ? parts.name : parts.number;
	name.len = parts.name_len > 0 ? parts.name_len : parts.number_len;
	return name;
}

/* That there was something with a lender on a day. */
typedef struct LenderDay
{
	int64  age;
	CsWord lender; /* its name */
} LenderDay;

static int
compare_lenders(const LenderDay *a, const LenderDay *b)
{
	return cs_words_compare(a->lender.text, a->lender.text + a->lender.len,
							b->lender.text, b->lender.text + b->lender.len);
}

static int
compare_lender_days(const void *left, const void *right)
{
	const LenderDay *a = left;
	const LenderDay *b = right;

	int order = compare_lenders(a, b);

	return order != 0 ? order : (a->age > b->age) - (a->age < b->age);
}

static int
compare_ages(const void *left, const void *right)
{
	const LenderDay *a = left;
	const LenderDay *b = right;

	return (a->age > b->age) - (a->age < b->age);
}

/* Different lenders of a window, of days by lender. */
static void
count_lenders(CsTally *tally, int window, const LenderDay *days, int ndays)
{
	const LenderDay *last = NULL;

	for (int i = 0; i < ndays; i++)
	{
		if (!in_window(days[i].age, window))
			continue;
		tally->counts[CS_COUNT_LENDERS] +=
			last == NULL || compare_lenders(last, &days[i]) != 0;
		tally->lender_days++;
		last = &days[i];
	}
}

/* Sorts days by lender, each lender once a day; how many are left. */
static int
sort_lender_days(LenderDay *days, int ndays)
{
	int n = 0;

	qsort(days, ndays, sizeof(LenderDay), compare_lender_days);
	for (int i = 0; i < ndays; i++)
		if (n == 0 || compare_lender_days(&days[n - 1], &days[i]) != 0)
			days[n++] = days[i];
	return n;
}

static void
tally_lenders(CsTally *tallies, const CsTransactionRow *rows, int nrows,
			  int64 end)
{
	const CsTransactionRow **picked;
	int		   ndays = pick_rows(rows, nrows, is_of_lender, &picked);
	LenderDay *days = palloc_extended(sizeof(LenderDay) * Max((Size) ndays, 1),
									  MCXT_ALLOC_HUGE);

	for (int i = 0; i < ndays; i++)
	{
		days[i].age = cs_tally_age(picked[i]->time, end);
		days[i].lender = name_of(picked[i]);
	}
	ndays = sort_lender_days(days, ndays);
	for (int w = 0; w < CS_TALLY_WINDOWS; w++)
		count_lenders(&tallies[w], w, days, ndays);
	qsort(days, ndays, sizeof(LenderDay), compare_ages);
	for (int w = 0; w < CS_TALLY_WINDOWS; w++)
		for (int i = 0; i < ndays; i++)
			tallies[w].days_with_lender +=
				in_window(days[i].age, w) &&
				(i == 0 || days[i - 1].age != days[i].age);
	pfree(days);
	pfree(picked);
}

/* --- all rows --- */

void
cs_tally_rows(CsTally tallies[CS_TALLY_WINDOWS], const CsTransactionRow *rows,
			  int nrows, int64 end)
{
	memset(tallies, 0, sizeof(CsTally) * CS_TALLY_WINDOWS);
	for (int w = 0; w < CS_TALLY_WINDOWS; w++)
		tallies[w].last_age = -1;
	for (int i = 0; i < nrows; i++)
	{
		int64 age = cs_tally_age(rows[i].time, end);

		CHECK_FOR_INTERRUPTS();
		if (!rows[i].has_time)
			add_untimed(tallies, &rows[i], end);
		for (int w = 0; w < CS_TALLY_WINDOWS && rows[i].has_time; w++)
			if (in_window(age, w))
				add_row(&tallies[w], &rows[i], age);
	}
	count_overdrafts(tallies, rows, nrows, end);
	tally_lenders(tallies, rows, nrows, end);
}
