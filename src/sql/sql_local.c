/*-------------------------------------------------------------------------
 * sql_local.c
 *	  The SQL function that computes features from a statement.
 *
 * Works without preload, and in parallel workers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "features/local_features.h"
#include "features/party.h"
#include "reading/feature_catalogue.h"
#include "reading/feature_row.h"
#include "reading/jsonb_read.h"

PG_FUNCTION_INFO_V1(credscore_statement_features);

/* The table of parties is read once per execution of a query. */
static const CsPartyList *
get_parties(FmgrInfo *flinfo)
{
	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = cs_party_load(flinfo->fn_mcxt);
	return flinfo->fn_extra;
}

/* The same years as credscore_decision takes. */
static void
check_endtime(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		 fraction;
	bool		 valid = !TIMESTAMP_NOT_FINITE(time) &&
				 timestamp2tm(time, NULL, &tm, &fraction, NULL, NULL) == 0 &&
				 tm.tm_year >= 1 && tm.tm_year <= 9999;

	if (!valid)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid value for argument \"utc_endtime\""),
						errdetail("It must be a time in the years 1 to 9999."),
						errhint("NULL means the time of the statement's last "
								"transaction.")));
}

static void
put_feature(ReturnSetInfo *rsinfo, const CsLocalFeatures *features,
			const CsFeature *feature)
{
	const char	*text = cs_local_features_text(features, feature);
	const char	*family = feature->family->name;
	CsFeatureRow row = {
		.name = {family, strlen(family), feature->window, false},
		.value = cs_local_features_number(features, feature),
		.text_value = text != NULL ? cstring_to_text(text) : NULL,
		.knows_imputed = false /* nothing is imputed here */
	};

	cs_feature_row_put(rsinfo, &row);
}

/*
 * credscore_statement_features(statement jsonb, utc_endtime timestamptz)
 * returns setof (feature text, from_days int, to_days int, value numeric,
 *				  text_value text, was_imputed boolean, unit text,
 *				  in_catalogue boolean)
 *
 * Every feature of the catalogue, computed from a statement's transactions.
 */
Datum
credscore_statement_features(PG_FUNCTION_ARGS)
{
	ReturnSetInfo	 *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const TimestampTz utc_endtime =
		PG_ARGISNULL(1) ? 0 : PG_GETARG_TIMESTAMPTZ(1);
	MemoryContext own =
		AllocSetContextCreate(CurrentMemoryContext, "credscore local features",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext	 caller;
	CsLocalFeatures *features;
	JsonbValue		 root;
	CsFeature		 feature;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (!PG_ARGISNULL(1))
		check_endtime(utc_endtime);
	caller = MemoryContextSwitchTo(own);
	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), &root);
	features =
		cs_local_features_compute(&root, get_parties(fcinfo->flinfo),
								  PG_ARGISNULL(1) ? NULL : &utc_endtime);
	for (int i = 0; features != NULL && cs_feature_catalogue_at(i, &feature);
		 i++)
		put_feature(rsinfo, features, &feature);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(own);
	return (Datum) 0;
}
