/*-------------------------------------------------------------------------
 * daily.c
 *	  Balances at the end of days, and their statistics; see daily.h.
 *
 * Everything is computed exactly but for one last division or root, which has
 * decimals to spare and is then rounded.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/daily.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"

/*
 * Decimals of a quotient, and of what a root is taken from, before they are
 * rounded: more than those of an amount and of the square of one.
 */
#define QUOTIENT_SCALE 40
#define SQUARE_SCALE   60

void
cs_daily_start(CsDaily *daily)
{
	memset(daily->noted, 0, sizeof(daily->noted));
	daily->oldest = -1;
}

void
cs_daily_note(CsDaily *daily, int64 age, CsAmount balance)
{
	int day = Min(age, CS_DAYS - 1);

	daily->balances[day] = balance;
	daily->noted[day] = true;
	daily->oldest = Max(daily->oldest, day);
}

void
cs_daily_fill(CsDaily *daily)
{
	for (int age = daily->oldest - 1; age >= 0; age--)
		if (!daily->noted[age])
			daily->balances[age] = daily->balances[age + 1];
}

/* --- arithmetic --- */

#define ADD(a, b)	   DirectFunctionCall2(numeric_add, a, b)
#define SUBTRACT(a, b) DirectFunctionCall2(numeric_sub, a, b)
#define MULTIPLY(a, b) DirectFunctionCall2(numeric_mul, a, b)

static Datum
integer(int64 number)
{
	return NumericGetDatum(int64_to_numeric(number));
}

static Datum
with_scale(Datum number, int scale)
{
	return DirectFunctionCall2(numeric_round, number, Int32GetDatum(scale));
}

/* A division has as many decimals as its operands at least. */
static Numeric
divide(Datum dividend, int64 divisor)
{
	Datum quotient = DirectFunctionCall2(
		numeric_div, with_scale(dividend, QUOTIENT_SCALE), integer(divisor));

	return DatumGetNumeric(with_scale(quotient, CS_DAILY_SCALE));
}

Numeric
cs_daily_ratio(int64 dividend, int64 divisor)
{
	return divide(integer(dividend), divisor);
}

/* --- statistics, each of n balances, n at least 1; the newest first --- */

static Datum
total(const CsAmount *balances, int n)
{
	CsAmount sum = cs_amount_zero;

	for (int i = 0; i < n; i++)
		sum = cs_amount_add(sum, balances[i]);
	return NumericGetDatum(cs_amount_numeric(sum));
}

static Numeric
mean(const CsAmount *balances, int n)
{
	return divide(total(balances, n), n);
}

static int
compare(const void *left, const void *right)
{
	return cs_amount_compare(*(const CsAmount *) left,
							 *(const CsAmount *) right);
}

static Numeric
median(const CsAmount *balances, int n)
{
	CsAmount sorted[CS_DAYS];

	memcpy(sorted, balances, sizeof(CsAmount) * n);
	qsort(sorted, n, sizeof(CsAmount), compare);
	/* one in the middle, or two */
	return mean(&sorted[(n - 1) / 2], 2 - n % 2);
}

static Numeric
minimum(const CsAmount *balances, int n)
{
	CsAmount least = balances[0];

	for (int i = 1; i < n; i++)
		if (cs_amount_compare(balances[i], least) < 0)
			least = balances[i];
	return cs_amount_numeric(least);
}

/* sqrt(n * sum of squares - square of sum) / n */
static Numeric
deviation(const CsAmount *balances, int n)
{
	Datum sum = total(balances, n);
	Datum squares = integer(0);
	Datum spread;

	for (int i = 0; i < n; i++)
	{
		Datum balance = NumericGetDatum(cs_amount_numeric(balances[i]));

		squares = ADD(squares, MULTIPLY(balance, balance));
	}
	spread = SUBTRACT(MULTIPLY(integer(n), squares), MULTIPLY(sum, sum));
	return divide(
		DirectFunctionCall1(numeric_sqrt, with_scale(spread, SQUARE_SCALE)),
		n);
}

/*
 * (n * sum of x y - sum of x * sum of y) / (n * sum of x x - square of sum of
 * x) with x = 0, 1, ... n - 1 from the oldest day on.  The sum of x y is the
 * sum of the sums of the newest 1, 2, ... n - 1 balances.
 */
static Numeric
slope(const CsAmount *balances, int n)
{
	CsAmount newest = cs_amount_zero;
	CsAmount moment = cs_amount_zero;
	int64	 sum_x = n * (n - 1) / 2;
	int64	 spread_x = (int64) n * n * (n * n - 1) / 12;
	Datum	 spread_xy;

	if (n < 2)
		return NULL;
	for (int i = 0; i < n - 1; i++)
	{
		newest = cs_amount_add(newest, balances[i]);
		moment = cs_amount_add(moment, newest);
	}
	spread_xy = SUBTRACT(
		MULTIPLY(integer(n), NumericGetDatum(cs_amount_numeric(moment))),
		MULTIPLY(integer(sum_x), total(balances, n)));
	return divide(spread_xy, spread_x);
}

Numeric
cs_daily_statistic(const CsDaily *daily, CsDailyStatistic statistic, int from,
				   int to)
{
	static Numeric (*const functions[CS_DAILY_STATISTICS])(
		const CsAmount *balances, int n) = {
		[CS_DAILY_MEAN] = mean,	  [CS_DAILY_MEDIAN] = median,
		[CS_DAILY_MIN] = minimum, [CS_DAILY_STDEV] = deviation,
		[CS_DAILY_SLOPE] = slope,
	};
	int n = Min(to, daily->oldest) - from + 1;

	if (n < 1)
		return NULL;
	return functions[statistic](&daily->balances[from], n);
}
