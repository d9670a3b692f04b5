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
#include "utils/tuplestore.h"

#include "feature_catalogue.h"
#include "jsonb_read.h"
#include "local_features.h"
#include "party.h"

#define COLUMNS 8

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
put_int(Datum *value, bool *isnull, int number, bool absent)
{
	*value = Int32GetDatum(number);
	*isnull = absent;
}

static void
put_text(Datum *value, bool *isnull, const char *text)
{
	*value = text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
	*isnull = text == NULL;
}

static void
put_feature(ReturnSetInfo *rsinfo, const CsLocalFeatures *features,
			const CsFeature *feature)
{
	Numeric number = cs_local_number(features, feature);
	bool	no_window = feature->window.from_days == CS_NO_WINDOW;
	Datum	values[COLUMNS] = {0};
	bool	nulls[COLUMNS] = {false};

	put_text(&values[0], &nulls[0], feature->family->name);
	put_int(&values[1], &nulls[1], feature->window.from_days, no_window);
	put_int(&values[2], &nulls[2], feature->window.to_days, no_window);
	values[3] = NumericGetDatum(number);
	nulls[3] = number == NULL;
	put_text(&values[4], &nulls[4], cs_local_text(features, feature));
	nulls[5] = true; /* nothing is imputed here */
	put_text(&values[6], &nulls[6], feature->family->unit);
	values[7] = BoolGetDatum(true);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
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
	cs_jsonb_root(PG_GETARG_JSONB_P(0), &root);
	features = cs_local_compute(&root, get_parties(fcinfo->flinfo),
								PG_ARGISNULL(1) ? NULL : &utc_endtime);
	for (int i = 0; features != NULL && cs_feature_at(i, &feature); i++)
		put_feature(rsinfo, features, &feature);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(own);
	return (Datum) 0;
}
