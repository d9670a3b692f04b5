/*-------------------------------------------------------------------------
 * answer_identity.c
 *	  Whose statement it is; see answer_identity.h.
 *
 * Names of fields: https://docs.patascore.com/ , "Scoring Results".
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/answer_identity.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "reading/answer_statement.h"
#include "reading/jsonb_read.h"

/* data, an array in it, its element, a member of that: no deeper. */
#define FRAUD_MAX_DEPTH 3

/* The fraud_data found, and how often. */
typedef struct Fraud
{
	int		   count;
	JsonbValue data;
} Fraud;

static void
find_fraud(const JsonbValue *value, int depth, Fraud *fraud)
{
	JsonbIterator	  *iterator;
	JsonbIteratorToken token;
	JsonbValue		   inner;

	if (cs_jsonb_read_get(value, "fraud_data", &inner) &&
		cs_jsonb_read_is_object(&inner))
	{
		fraud->count++;
		fraud->data = inner;
		return;
	}
	/* there may be a hundred thousand of statement_details, and no more */
	if (depth == FRAUD_MAX_DEPTH || value->type != jbvBinary ||
		cs_jsonb_read_has(value, "statement_details"))
		return;
	iterator = JsonbIteratorInit(value->val.binary.data);
	while (fraud->count <= 1 &&
		   (token = JsonbIteratorNext(&iterator, &inner, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM || token == WJB_VALUE)
			find_fraud(&inner, depth + 1, fraud);
	}
}

/* A text, or a number as its digits: identifiers are sent as either. */
static text *
get_text(const JsonbValue *object, const char *key)
{
	JsonbValue member;

	if (!cs_jsonb_read_get(object, key, &member))
		return NULL;
	if (member.type == jbvNumeric)
		return cstring_to_text(DatumGetCString(DirectFunctionCall1(
			numeric_out, NumericGetDatum(member.val.numeric))));
	if (member.type != jbvString ||
		cs_jsonb_read_is_blank(member.val.string.val, member.val.string.len))
		return NULL;
	return cs_jsonb_read_text(&member);
}

/* A list of texts, or one text. */
static ArrayType *
get_names(const JsonbValue *object, const char *key)
{
	JsonbValue list;
	JsonbValue element;
	Datum	  *names;
	int		   n = 0;

	if (!cs_jsonb_read_get(object, key, &list))
		return NULL;
	names = palloc(sizeof(Datum) * (cs_jsonb_read_count(&list) + 1));
	if (list.type == jbvString)
		names[n++] = PointerGetDatum(cs_jsonb_read_text(&list));
	else if (cs_jsonb_read_is_array(&list))
		for (uint32 i = 0; cs_jsonb_read_at(&list, i, &element); i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (element.type == jbvString)
				names[n++] = PointerGetDatum(cs_jsonb_read_text(&element));
		}
	return n == 0
			   ? NULL
			   : construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT);
}

bool
cs_answer_identity_read(const JsonbValue *answer, CsIdentity *identity)
{
	Fraud	   fraud = {0};
	JsonbValue data;
	JsonbValue person;
	bool	   has_person = cs_answer_statement_person(answer, &person);

	memset(identity, 0, sizeof(*identity));
	if (cs_jsonb_read_get(answer, "data", &data))
		find_fraud(&data, 0, &fraud);
	if (fraud.count == 0 &&
		cs_jsonb_read_get(answer, "fraud_data", &fraud.data) &&
		cs_jsonb_read_is_object(&fraud.data))
		fraud.count = 1;
	if (fraud.count > 1 || (fraud.count == 0 && !has_person))
		return false;
	if (has_person)
	{
		identity->national_id = get_text(&person, "national_id");
		identity->phone_number = get_text(&person, "phone_number");
	}
	if (fraud.count == 0)
		return true;
	identity->registered_id = get_text(&fraud.data, "national_id");
	identity->statement_name = get_names(&fraud.data, "statement_name");
	identity->customer_name = get_names(&fraud.data, "customer_name");
	identity->similarity_score =
		cs_jsonb_read_get_number(&fraud.data, "similarity_score");
	identity->verified_status = get_text(&fraud.data, "verified_status");
	identity->message = get_text(&fraud.data, "message");
	return true;
}
