/*-------------------------------------------------------------------------
 * feature_row.h
 *	  A row about one feature, as credscore_features() returns them.
 *
 * Functions that tell of features share these columns:
 *	  feature text, from_days int, to_days int, value numeric,
 *	  text_value text, was_imputed boolean, unit text, in_catalogue boolean
 *------------------------------------------------------------------------- */
#ifndef CS_FEATURE_ROW_H
#define CS_FEATURE_ROW_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/numeric.h"

#include "reading/feature_catalogue.h"

#define CS_FEATURE_COLUMNS 8

typedef struct CsFeatureRow
{
	CsFeatureName name;
	Numeric		  value;		 /* NULL: none */
	text		 *text_value;	 /* NULL: none */
	bool		  knows_imputed; /* does was_imputed say anything? */
	bool		  was_imputed;
	const char	 *unit; /* of what is not in the catalogue; NULL: none */
} CsFeatureRow;

/*
 * Appends a row to a materialized set.  Of what is in the catalogue the unit is
 * the catalogue's.
 */
extern void cs_feature_row_put(ReturnSetInfo *rsinfo, const CsFeatureRow *row);

/* The same of what was computed here, where nothing is imputed.  `value` and `text`
 * may be NULL. */
extern void
cs_feature_row_put_computed(ReturnSetInfo *rsinfo, const CsFeature *feature,
							Numeric value, const char *text);

#endif /* CS_FEATURE_ROW_H */
