/*-------------------------------------------------------------------------
 * daily.h
 *	  Balances at the end of each of the last days, and their statistics.
 *
 * A day is numbered by its age: 0 is the last one.  The balance at its end is
 * the latest that was noted on it or before.  Days before the first note have
 * none, and do not count.
 *------------------------------------------------------------------------- */
#ifndef CS_DAILY_H
#define CS_DAILY_H

#include "postgres.h"

#include "utils/numeric.h"

#include "features/amount.h"

#define CS_DAYS 91

/* Statistics and ratios have so many decimals, halves away from zero. */
#define CS_DAILY_SCALE 6

typedef struct CsDaily
{
	CsAmount balances[CS_DAYS];
	bool	 noted[CS_DAYS];
	int		 oldest; /* age of the oldest day with a balance; -1: none has */
} CsDaily;

typedef enum CsDailyStatistic
{
	CS_DAILY_MEAN,
	CS_DAILY_MEDIAN, /* of an even number the mean of the middle two */
	CS_DAILY_MIN,	 /* exact, not rounded */
	CS_DAILY_STDEV,	 /* of the population */
	CS_DAILY_SLOPE,	 /* per day, by least squares; takes two days */
	CS_DAILY_STATISTICS
} CsDailyStatistic;

/* Notes come in the order of time, the oldest first; then days are filled. */
extern void cs_daily_start(CsDaily *daily);
extern void cs_daily_note(CsDaily *daily, int64 age, CsAmount balance);
extern void cs_daily_fill(CsDaily *daily);

/* Over the days of these ages; NULL when too few of them have a balance. */
extern Numeric
cs_daily_statistic(const CsDaily *daily, CsDailyStatistic statistic, int from,
				   int to);

/* A quotient of whole numbers, rounded as statistics are. */
extern Numeric cs_daily_ratio(int64 dividend, int64 divisor);

#endif /* CS_DAILY_H */
