/*-------------------------------------------------------------------------
 * tally.h
 *	  What happened in the windows of the features.
 *------------------------------------------------------------------------- */
#ifndef CS_TALLY_H
#define CS_TALLY_H

#include "postgres.h"

#include "features/amount.h"
#include "features/transactions.h"
#include "reading/feature_catalogue.h"

/* The windows of the catalogue for which features are computed. */
#define CS_TALLY_WINDOWS 3

extern const CsFeatureWindow cs_tally_windows[CS_TALLY_WINDOWS];

typedef enum CsTallyCount
{
	CS_COUNT_TRANSACTIONS,
	CS_COUNT_AIRTIME,
	CS_COUNT_BETTING,
	CS_COUNT_LOANS_OPENED,
	CS_COUNT_LOANS_REPAID,
	CS_COUNT_OVERDRAFTS, /* one per receipt */
	CS_COUNT_CHARGES,
	CS_COUNT_LENDERS, /* different ones */
	CS_COUNTS
} CsTallyCount;

typedef enum CsTallySum
{
	CS_SUM_CREDITS,
	CS_SUM_DEBITS,
	CS_SUM_AIRTIME,
	CS_SUM_OWN,
	CS_SUM_LOANS,
	CS_SUM_REPAYMENTS,
	CS_SUM_STAKES,
	CS_SUM_PAYOUTS,
	CS_SUM_OVERDRAFTS,
	CS_SUM_OVERDRAFTS_REPAID,
	CS_SUM_CHARGES,
	CS_SUM_INCOME,
	CS_SUMS
} CsTallySum;

typedef struct CsTally
{
	bool	 unread; /* a transaction in it lacks what events are made of */
	int64	 counts[CS_COUNTS];
	CsAmount sums[CS_SUMS];
	int		 active_days;
	int64	 last_age;	  /* of the latest active day; -1: none so far */
	int64	 lender_days; /* lenders of each day, over all days */
	int		 days_with_lender;
} CsTally;

/* How many calendar days of East Africa a time is before another. */
extern int64 cs_tally_age(int64 time, int64 end);

/*
 * Tallies rows in the order of time up to `end`, which none may be after but
 * rows without time.
 */
extern void cs_tally_rows(CsTally				  tallies[CS_TALLY_WINDOWS],
						  const CsTransactionRow *rows, int nrows, int64 end);

#endif /* CS_TALLY_H */
