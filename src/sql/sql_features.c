/*-------------------------------------------------------------------------
 * sql_features.c
 *	  SQL functions that read the features of a decision, and list those that
 *	  there are.
 *
 * Whatever an answer holds, nothing here raises; what cannot be read is NULL.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "reading/feature_catalogue.h"
#include "reading/feature_row.h"
#include "reading/jsonb_read.h"
#include "sql/row.h"


PG_FUNCTION_INFO_V1(credscore_features);
PG_FUNCTION_INFO_V1(credscore_feature_catalogue);

/* A member of an answer that tells of a feature. */
typedef struct Member
{
	CsFeatureName name;
	CsFeatureType type; /* of a feature that is not in the catalogue: text */
	int			  position; /* in the catalogue; else behind all */
	int			  order;	/* earlier ones win */
	JsonbValue	  value;
} Member;

typedef struct Members
{
	Member *members;
	int		n;
} Members;

static void
add_member(Members *list, const JsonbValue *key, const JsonbValue *value)
{
	Member	 *member = &list->members[list->n];
	CsFeature feature;
	bool	  known;

	cs_feature_catalogue_name_parse(key->val.string.val, key->val.string.len,
									&member->name);
	known = cs_feature_catalogue_find(&member->name, &feature);
	member->type = known ? feature.family->type : CS_FEATURE_TEXT;
	member->position = known ? feature.position : INT_MAX;
	member->order = list->n++;
	member->value = *value;
}

/* Is this the one feature that answers also have beside "features"? */
static bool
stands_beside(const JsonbValue *key)
{
	return key->val.string.len == strlen(CS_FEATURE_DATA_RECENCY) &&
		   memcmp(key->val.string.val, CS_FEATURE_DATA_RECENCY,
				  key->val.string.len) == 0;
}

/* Adds the members of an object, or of those only what stands beside. */
static void
add_members(Members *list, const JsonbValue *object, bool all)
{
	JsonbIterator	  *iterator;
	JsonbIteratorToken token;
	JsonbValue		   key;
	JsonbValue		   value;

	if (!cs_jsonb_read_is_object(object))
		return;
	iterator = JsonbIteratorInit(object->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (all || stands_beside(&key))
			add_member(list, &key, &value);
	}
}

/* As strcmp() orders two features: the catalogue's, then others by name. */
static int
compare_features(const Member *a, const Member *b)
{
	const CsFeatureName *left = &a->name;
	const CsFeatureName *right = &b->name;
	int					 order;

	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	order = memcmp(left->family, right->family, Min(left->len, right->len));
	if (order != 0)
		return order;
	if (left->len != right->len)
		return left->len < right->len ? -1 : 1;
	order = left->window.from_days - right->window.from_days;
	return order != 0 ? order : left->window.to_days - right->window.to_days;
}

static int
compare_members(const void *left, const void *right)
{
	const Member *a = left;
	const Member *b = right;
	int			  order = compare_features(a, b);

	return order != 0 ? order : a->order - b->order;
}

/*
 * A number, which may come as a string where a number is due; another string;
 * or a truth, as a text.  Else the row is left as it is.
 */
static void
read_value(const Member *member, CsFeatureRow *row)
{
	const JsonbValue *value = &member->value;

	if (value->type == jbvNumeric || member->type != CS_FEATURE_TEXT)
		row->value = cs_jsonb_read_number(value);
	if (row->value != NULL)
		return;
	if (value->type == jbvBool)
		row->text_value =
			cstring_to_text(value->val.boolean ? "true" : "false");
	else
		row->text_value = cs_jsonb_read_text(value);
}

/* One row for the members that tell of one feature. */
static void
put_feature(ReturnSetInfo *rsinfo, const Member *members, int n)
{
	CsFeatureRow row = {.name = members[0].name};

	for (int i = 0; i < n; i++)
	{
		if (!members[i].name.is_twin)
		{
			if (row.value == NULL && row.text_value == NULL)
				read_value(&members[i], &row);
		}
		else if (!row.knows_imputed)
			row.knows_imputed =
				cs_jsonb_read_bool(&members[i].value, &row.was_imputed);
	}
	cs_feature_row_put(rsinfo, &row);
}

/*
 * credscore_features(decision jsonb)
 *	returns setof (feature text, from_days int, to_days int, value numeric,
 *				   text_value text, was_imputed boolean, unit text,
 *				   in_catalogue boolean)
 */
Datum
credscore_features(PG_FUNCTION_ARGS)
{
	Jsonb		  *decision = PG_GETARG_JSONB_P(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Members		   list = {0};
	JsonbValue	   root;
	JsonbValue	   features;
	int			   next;

	InitMaterializedSRF(fcinfo, 0);
	cs_jsonb_read_root(decision, &root);
	(void) cs_jsonb_read_get(&root, "features", &features);
	list.members = MemoryContextAllocHuge(
		CurrentMemoryContext,
		((Size) cs_jsonb_read_count(&features) + 1) * sizeof(Member));
	add_members(&list, &features, true);
	add_members(&list, &root, false);
	qsort(list.members, list.n, sizeof(Member), compare_members);

	for (int i = 0; i < list.n; i = next)
	{
		CHECK_FOR_INTERRUPTS();
		for (next = i + 1; next < list.n; next++)
			if (compare_features(&list.members[i], &list.members[next]) != 0)
				break;
		put_feature(rsinfo, &list.members[i], next - i);
	}
	return (Datum) 0;
}

/* --- the catalogue --- */

/* The catalogue's sentence, which leaves out the window, made whole. */
static char *
definition_of(const CsFeature *feature)
{
	if (feature->window.from_days == CS_NO_WINDOW)
		return psprintf("%s.", feature->family->definition);
	return psprintf("%s; days %d to %d before the prediction date.",
					feature->family->definition, feature->window.from_days,
					feature->window.to_days);
}

static void
put_definition(FunctionCallInfo fcinfo, const CsFeature *feature)
{
	const CsFeatureFamily *family = feature->family;
	CsRow				   row = {0};
	const CsFeatureWindow *window = &feature->window;
	bool				   unbounded = window->from_days == CS_NO_WINDOW;
	char				   name[CS_FEATURE_NAME_SIZE];

	cs_feature_catalogue_name_put(feature, name);
	cs_row_text(&row, name);
	cs_row_text(&row, family->name);
	cs_row_put(&row, Int32GetDatum(window->from_days), unbounded);
	cs_row_put(&row, Int32GetDatum(window->to_days), unbounded);
	cs_row_text(&row, cs_feature_catalogue_type_name(family->type));
	cs_row_text(&row, family->unit);
	cs_row_bool(&row, family->nullable);
	cs_row_text(&row, definition_of(feature));
	cs_row_text(&row, CS_FEATURE_SOURCE);
	cs_row_emit(fcinfo, &row);
}

/*
 * credscore.feature_catalogue()
 *	returns setof (feature text, family text, from_days int, to_days int,
 *				   type text, unit text, nullable boolean, definition text,
 *				   source text)
 *
 * Behind the view credscore.feature_catalogue.
 */
Datum
credscore_feature_catalogue(PG_FUNCTION_ARGS)
{
	CsFeature feature;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; cs_feature_catalogue_at(i, &feature); i++)
		put_definition(fcinfo, &feature);
	return (Datum) 0;
}
