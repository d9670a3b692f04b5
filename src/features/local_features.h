/*-------------------------------------------------------------------------
 * local_features.h
 *	  Features of the catalogue that transactions determine.
 *
 * The rules are in docs/local-features.md.
 *------------------------------------------------------------------------- */
#ifndef CS_LOCAL_FEATURES_H
#define CS_LOCAL_FEATURES_H

#include "postgres.h"

#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "features/transactions.h"
#include "reading/feature_catalogue.h"

typedef struct CsLocalFeatures CsLocalFeatures;

/*
 * Computes from arranged transactions up to utc_endtime, which is finite; NULL
 * stands for the time of the last transaction.  Memory is taken from the
 * current context.
 */
extern CsLocalFeatures *
cs_local_features_compute(const CsTransactions *transactions,
						  const TimestampTz	   *utc_endtime);

/*
 * The features, by position: those of the catalogue, and behind them ours,
 * which it does not have; false beyond the last.
 */
extern bool cs_local_features_at(int position, CsFeature *feature);

/* A feature's value; both are NULL when the transactions do not show it. */
extern Numeric	   cs_local_features_number(const CsLocalFeatures *features,
											const CsFeature		  *feature);
extern const char *cs_local_features_text(const CsLocalFeatures *features,
										  const CsFeature		*feature);

#endif /* CS_LOCAL_FEATURES_H */
