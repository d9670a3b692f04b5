/*-------------------------------------------------------------------------
 * result_jsonb.c
 *	  From a parsed reply, or a failure, to jsonb.
 *
 * The tree of json-c belongs to the caller; nothing here keeps a pointer to
 * it.  Depth is bounded by cs_json_parse, so recursion is, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "result_jsonb.h"

#include <json-c/json_object.h>
#include <json-c/linkhash.h>

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "json.h"

/* cs_json_number needs this much for a plain integer. */
#define INTEGER_BUFFER	24

/* How texts get from UTF-8 to the database's encoding. */
typedef struct Converter
{
	int			encoding;		/* of the database */
	Oid			procedure;		/* InvalidOid: the bytes stay as they are */
	CsError    *err;
} Converter;

static Converter
make_converter(CsError *err)
{
	Converter	c = {GetDatabaseEncoding(), InvalidOid, err};

	if (c.encoding != PG_UTF8 && c.encoding != PG_SQL_ASCII)
	{
		c.procedure = FindDefaultConversionProc(PG_UTF8, c.encoding);
		if (!OidIsValid(c.procedure))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("credscore has no conversion from UTF8 to the database encoding %s",
							pg_encoding_to_char(c.encoding))));
	}
	return c;
}

static bool
is_ascii(const char *text, int len)
{
	for (int i = 0; i < len; i++)
		if (IS_HIGHBIT_SET(text[i]))
			return false;
	return true;
}

/* False: the text cannot be represented. */
static bool
put_text(Converter *c, const char *text, int len, JsonbValue *value)
{
	char	   *converted;
	int			size;

	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = len;
	if (!OidIsValid(c->procedure) || is_ascii(text, len))
		return true;
	size = len * MAX_CONVERSION_GROWTH + 1;
	converted = palloc(size);
	if (pg_do_encoding_conversion_buf(c->procedure, PG_UTF8, c->encoding,
									  (unsigned char *) unconstify(char *, text),
									  len, (unsigned char *) converted, size,
									  true) < len)
	{
		cs_error_set(c->err, CS_ERR_NOT_UNDERSTOOD,
					 "the answer has a character without equivalent in encoding %s",
					 pg_encoding_to_char(c->encoding));
		return false;
	}
	value->val.string.val = converted;
	value->val.string.len = (int) strlen(converted);
	return true;
}

/* A number's text as numeric, exactly. */
static Numeric
read_numeric(const char *digits)
{
	static FmgrInfo input;		/* numeric_in */

	if (!OidIsValid(input.fn_oid))
		fmgr_info_cxt(F_NUMERIC_IN, &input, TopMemoryContext);
	return DatumGetNumeric(InputFunctionCall(&input, unconstify(char *, digits),
											 InvalidOid, -1));
}

static void
put_number(struct json_object *number, JsonbValue *value)
{
	char		buf[INTEGER_BUFFER];

	value->type = jbvNumeric;
	if (json_object_is_type(number, json_type_int) &&
		json_object_get_int64(number) != PG_INT64_MAX)
		value->val.numeric = int64_to_numeric(json_object_get_int64(number));
	else
		value->val.numeric = read_numeric(cs_json_number(number, buf, sizeof(buf)));
}

static bool
put_scalar(Converter *c, struct json_object *node, JsonbValue *value)
{
	switch (json_object_get_type(node))
	{
		case json_type_null:
			value->type = jbvNull;
			return true;
		case json_type_boolean:
			value->type = jbvBool;
			value->val.boolean = json_object_get_boolean(node);
			return true;
		case json_type_int:
		case json_type_double:
			put_number(node, value);
			return true;
		default:
			return put_text(c, json_object_get_string(node),
							json_object_get_string_len(node), value);
	}
}

static JsonbValue *push_node(Converter *c, JsonbParseState **state,
							 struct json_object *node,
							 JsonbIteratorToken token);

static JsonbValue *
push_object(Converter *c, JsonbParseState **state, struct json_object *node)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (struct lh_entry *e = json_object_get_object(node)->head; e != NULL; e = e->next)
	{
		const char *name = lh_entry_k(e);
		JsonbValue	key;

		if (!put_text(c, name, (int) strlen(name), &key))
			return NULL;
		pushJsonbValue(state, WJB_KEY, &key);
		if (push_node(c, state, (struct json_object *) lh_entry_v(e), WJB_VALUE) == NULL &&
			c->err->code != CS_ERR_NONE)
			return NULL;
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static JsonbValue *
push_array(Converter *c, JsonbParseState **state, struct json_object *node)
{
	size_t		n = json_object_array_length(node);

	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (size_t i = 0; i < n; i++)
		if (push_node(c, state, json_object_array_get_idx(node, i), WJB_ELEM) == NULL &&
			c->err->code != CS_ERR_NONE)
			return NULL;
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Only the outermost container's end returns a value. */
static JsonbValue *
push_node(Converter *c, JsonbParseState **state, struct json_object *node,
		  JsonbIteratorToken token)
{
	JsonbValue	value;

	if (json_object_is_type(node, json_type_object))
		return push_object(c, state, node);
	if (json_object_is_type(node, json_type_array))
		return push_array(c, state, node);
	if (!put_scalar(c, node, &value))
		return NULL;
	return pushJsonbValue(state, token, &value);
}

Jsonb *
cs_result_jsonb(struct json_object *root, CsError *err)
{
	Converter	c = make_converter(err);
	JsonbParseState *state = NULL;
	JsonbValue *result;
	JsonbValue	scalar;

	err->code = CS_ERR_NONE;
	if (json_object_is_type(root, json_type_object) ||
		json_object_is_type(root, json_type_array))
		result = push_node(&c, &state, root, WJB_VALUE);
	else
		result = put_scalar(&c, root, &scalar) ? &scalar : NULL;
	return err->code == CS_ERR_NONE ? JsonbValueToJsonb(result) : NULL;
}

/* --- reports --- */

static void
push_key(JsonbParseState **state, const char *name)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = (int) strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
}

/* A text member; null when there is none. */
static void
push_text(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue	value = {.type = jbvNull};

	push_key(state, name);
	if (text != NULL)
	{
		value.type = jbvString;
		value.val.string.val = unconstify(char *, text);
		value.val.string.len = (int) strlen(text);
	}
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_integer(JsonbParseState **state, const char *name, int number, bool null)
{
	JsonbValue	value = {.type = jbvNull};

	push_key(state, name);
	if (!null)
	{
		value.type = jbvNumeric;
		value.val.numeric = int64_to_numeric(number);
	}
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_bool(JsonbParseState **state, const char *name, bool flag)
{
	JsonbValue	value = {.type = jbvBool};

	value.val.boolean = flag;
	push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, &value);
}

Jsonb *
cs_report_jsonb(const CsFailure *failure)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_key(&state, "error");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, "sqlstate", unpack_sql_state(cs_error_sqlstate(failure->code)));
	push_text(&state, "message", failure->message);
	push_text(&state, "detail", failure->detail);
	push_text(&state, "provider", failure->provider);
	push_text(&state, "server", failure->server);
	push_integer(&state, "http_status", failure->http_status, failure->http_status == 0);
	push_text(&state, "provider_code", failure->provider_code);
	push_bool(&state, "retryable", cs_error_retryable(failure->code));
	push_text(&state, "billed", cs_billed_name(failure->billed));
	push_integer(&state, "attempts", failure->attempts, false);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
