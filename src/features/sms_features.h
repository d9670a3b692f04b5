/*-------------------------------------------------------------------------
 * sms_features.h
 *	  Features of the catalogue that the messages of a phone determine.
 *
 * Those that transactions determine are computed as a statement's are
 * (local_features.h); messages tell of several accounts, of what failed, and
 * of debts besides.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_FEATURES_H
#define CS_SMS_FEATURES_H

#include "postgres.h"

#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "features/sms_rows.h"
#include "reading/feature_catalogue.h"

typedef struct CsSmsFeatures CsSmsFeatures;

/*
 * Computes up to utc_endtime, which is finite; NULL stands for the time of the
 * last message that is understood.  Messages of one time are put in order.
 * Memory is taken from the current context.
 */
extern CsSmsFeatures *cs_sms_features_compute(CsSmsMessages		*messages,
											  const TimestampTz *utc_endtime);

/* A feature of cs_local_features_at; NULL where the messages do not show it. */
extern Numeric cs_sms_features_number(const CsSmsFeatures *features,
									  const CsFeature	  *feature);
extern const char *
cs_sms_features_text(const CsSmsFeatures *features, const CsFeature *feature);

#endif /* CS_SMS_FEATURES_H */
