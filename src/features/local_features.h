/*-------------------------------------------------------------------------
 * local_features.h
 *	  Features of the catalogue that a statement's transactions determine.
 *
 * The rules are in docs/local-features.md.
 *------------------------------------------------------------------------- */
#ifndef CS_LOCAL_FEATURES_H
#define CS_LOCAL_FEATURES_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "features/party.h"
#include "reading/feature_catalogue.h"

typedef struct CsLocalFeatures CsLocalFeatures;

/*
 * Reads an answer up to utc_endtime, which is finite; NULL stands for the time
 * of the last transaction.  NULL when the answer has no array of transactions.
 * Memory is taken from the current context.
 */
extern CsLocalFeatures *
cs_local_features_compute(const JsonbValue *answer, const CsPartyList *parties,
						  const TimestampTz *utc_endtime);

/* A feature's value; both are NULL when the statement does not show it. */
extern Numeric	   cs_local_features_number(const CsLocalFeatures *features,
											const CsFeature		  *feature);
extern const char *cs_local_features_text(const CsLocalFeatures *features,
										  const CsFeature		*feature);

#endif /* CS_LOCAL_FEATURES_H */
