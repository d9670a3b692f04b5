/*-------------------------------------------------------------------------
 * feature_row.c
 *	  A row about one feature; see feature_row.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/feature_row.h"

#include "utils/builtins.h"
#include "utils/tuplestore.h"

/* A window's two columns, which are NULL where there is none. */
static void
put_window(const CsFeatureWindow *window, Datum *values, bool *nulls)
{
	values[0] = Int32GetDatum(window->from_days);
	values[1] = Int32GetDatum(window->to_days);
	nulls[0] = nulls[1] = window->from_days == CS_NO_WINDOW;
}

void
cs_feature_row_put(ReturnSetInfo *rsinfo, const CsFeatureRow *row)
{
	Datum		values[CS_FEATURE_COLUMNS];
	bool		nulls[CS_FEATURE_COLUMNS] = {false};
	CsFeature	feature;
	bool		known = cs_feature_catalogue_find(&row->name, &feature);
	const char *unit = known ? feature.family->unit : row->unit;

	values[0] = PointerGetDatum(
		cstring_to_text_with_len(row->name.family, (int) row->name.len));
	put_window(&row->name.window, &values[1], &nulls[1]);
	values[3] = NumericGetDatum(row->value);
	nulls[3] = row->value == NULL;
	values[4] = PointerGetDatum(row->text_value);
	nulls[4] = row->text_value == NULL;
	values[5] = BoolGetDatum(row->was_imputed);
	nulls[5] = !row->knows_imputed;
	values[6] = unit != NULL ? CStringGetTextDatum(unit) : (Datum) 0;
	nulls[6] = unit == NULL;
	values[7] = BoolGetDatum(known);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

void
cs_feature_row_put_computed(ReturnSetInfo *rsinfo, const CsFeature *feature,
							Numeric value, const char *text)
{
	const char	*family = feature->family->name;
	CsFeatureRow row = {
		.name = {family, strlen(family), feature->window, false},
		.value = value,
		.text_value = text != NULL ? cstring_to_text(text) : NULL,
		.knows_imputed = false,
		.unit = feature->family->unit,
	};

	cs_feature_row_put(rsinfo, &row);
}
