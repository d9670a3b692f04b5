/*-------------------------------------------------------------------------
 * result_jsonb.c
 *	  From a parsed reply, or a failure, to jsonb.
 *
 * The tree of json-c belongs to the caller; nothing here keeps a pointer to
 * it.  Depth is bounded by cs_json_parse, so recursion is, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/result_jsonb.h"

#include <json-c/json_object.h>
#include <json-c/linkhash.h>

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/json.h"

/* How texts get from UTF-8 to the database's encoding. */
typedef struct Converter
{
	int		 encoding;	/* of the database */
	Oid		 procedure; /* InvalidOid: the bytes stay as they are */
	CsError *err;
} Converter;

static Converter
make_converter(CsError *err)
{
	Converter c = {GetDatabaseEncoding(), InvalidOid, err};

	if (c.encoding != PG_UTF8 && c.encoding != PG_SQL_ASCII)
	{
		c.procedure = FindDefaultConversionProc(PG_UTF8, c.encoding);
		if (!OidIsValid(c.procedure))
			ereport(
				ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg(
					 "credscore has no conversion from UTF8 to the database encoding %s",
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
	char *converted;
	int	  size;

	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = len;
	if (!OidIsValid(c->procedure) || is_ascii(text, len))
		return true;
	size = len * MAX_CONVERSION_GROWTH + 1;
	converted = palloc(size);
	if (pg_do_encoding_conversion_buf(
			c->procedure, PG_UTF8, c->encoding,
			(unsigned char *) unconstify(char *, text), len,
			(unsigned char *) converted, size, true) < len)
	{
		cs_core_error(
			c->err, CS_ERR_NOT_UNDERSTOOD,
			"the answer has a character without equivalent in encoding %s",
			pg_encoding_to_char(c->encoding));
		return false;
	}
	value->val.string.val = converted;
	value->val.string.len = (int) strlen(converted);
	return true;
}

/* What surely fits 64 bits, also when the fraction is filled up. */
#define MAX_SHORT_DIGITS 14

/*
 * "6233.53" and its like, most numbers of an answer, without the general
 * reader; false for longer ones and those with an exponent.  Before 15.2 the
 * server's function gets a scale wrong that is a multiple of 4.
 */
static bool
read_short_numeric(const char *text, Numeric *numeric)
{
	bool		negative = *text == '-';
	const char *at = text + negative;
	const char *point = NULL;
	int64		digits = 0;
	int			n = 0;
	int			scale;

	for (; *at != '\0'; at++)
	{
		if (*at == '.' && point == NULL)
			point = at;
		else if (*at >= '0' && *at <= '9' && ++n <= MAX_SHORT_DIGITS)
			digits = digits * 10 + (*at - '0');
		else
			return false;
	}
	scale = point != NULL ? (int) (at - point) - 1 : 0;
	if (n == 0 || scale % 4 == 0)
		return false;
	*numeric = int64_div_fast_to_numeric(negative ? -digits : digits, scale);
	return true;
}

/* A number's text as numeric, exactly. */
static Numeric
read_numeric(const char *digits)
{
	Numeric			numeric;
	static FmgrInfo input; /* numeric_in */

	if (read_short_numeric(digits, &numeric))
		return numeric;
	if (!OidIsValid(input.fn_oid))
		fmgr_info_cxt(F_NUMERIC_IN, &input, TopMemoryContext);
	return DatumGetNumeric(
		InputFunctionCall(&input, unconstify(char *, digits), InvalidOid, -1));
}

static void
put_number(struct json_object *number, JsonbValue *value)
{
	char buf[CS_JSON_INTEGER_SIZE];

	value->type = jbvNumeric;
	if (json_object_is_type(number, json_type_int))
		value->val.numeric = int64_to_numeric(json_object_get_int64(number));
	else
		value->val.numeric =
			read_numeric(cs_json_number(number, buf, sizeof(buf)));
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

static JsonbValue *
push_node(Converter *c, JsonbParseState **state, struct json_object *node,
		  JsonbIteratorToken token);

/* --- objects --- */

/*
 * PostgreSQL sorts the members of an object, which for a hundred features costs
 * as much as all else here, but only looks when they are in order already.
 * Answers of one kind have their members in the same places: the order found
 * for the latest large object is tried first.
 */
#define SORTED_FROM	 16
#define SORTED_UP_TO 1024

typedef struct Member
{
	const char		   *name;
	int					len;
	int					position;
	struct json_object *value;
} Member;

static uint16 latest_order[SORTED_UP_TO];
static int	  latest_count;

/* As jsonb orders keys: by length, then by bytes. */
static int
compare_members(const void *a, const void *b)
{
	const Member *left = a;
	const Member *right = b;

	return left->len != right->len
			   ? left->len - right->len
			   : memcmp(left->name, right->name, left->len);
}

/* Puts members into the latest order; false: that is not theirs. */
static bool
order_as_latest(const Member *members, int n, Member *ordered)
{
	if (n != latest_count)
		return false;
	for (int i = 0; i < n; i++)
	{
		ordered[i] = members[latest_order[i]];
		if (i > 0 && compare_members(&ordered[i - 1], &ordered[i]) > 0)
			return false;
	}
	return true;
}

static Member *
in_order(Member *members, int n)
{
	Member *ordered = palloc(n * sizeof(Member));

	if (order_as_latest(members, n, ordered))
		return ordered;
	qsort(members, n, sizeof(Member), compare_members);
	for (int i = 0; i < n; i++)
		latest_order[i] = (uint16) members[i].position;
	latest_count = n;
	return members;
}

static Member *
members_of(struct json_object *object, int n)
{
	Member *members = palloc(n * sizeof(Member));
	int		i = 0;

	for (struct lh_entry *e = json_object_get_object(object)->head; e != NULL;
		 e = e->next)
	{
		const char *name = lh_entry_k(e);

		members[i] = (Member){name, (int) strlen(name), i,
							  (struct json_object *) lh_entry_v(e)};
		i++;
	}
	return n >= SORTED_FROM && n <= SORTED_UP_TO ? in_order(members, n)
												 : members;
}

static JsonbValue *
push_object(Converter *c, JsonbParseState **state, struct json_object *node)
{
	int		n = json_object_object_length(node);
	Member *members = members_of(node, n);

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < n; i++)
	{
		JsonbValue key;

		if (!put_text(c, members[i].name, members[i].len, &key))
			return NULL;
		pushJsonbValue(state, WJB_KEY, &key);
		if (push_node(c, state, members[i].value, WJB_VALUE) == NULL &&
			c->err->code != CS_ERR_NONE)
			return NULL;
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static JsonbValue *
push_array(Converter *c, JsonbParseState **state, struct json_object *node)
{
	size_t n = json_object_array_length(node);

	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (size_t i = 0; i < n; i++)
		if (push_node(c, state, json_object_array_get_idx(node, i),
					  WJB_ELEM) == NULL &&
			c->err->code != CS_ERR_NONE)
			return NULL;
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Only the outermost container's end returns a value. */
static JsonbValue *
push_node(Converter *c, JsonbParseState **state, struct json_object *node,
		  JsonbIteratorToken token)
{
	JsonbValue value;

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
	Converter		 c = make_converter(err);
	JsonbParseState *state = NULL;
	JsonbValue		*result;
	JsonbValue		 scalar;

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
	JsonbValue key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = (int) strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
}

/* A text member; null when there is none. */
static void
push_text(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue value = {.type = jbvNull};

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
	JsonbValue value = {.type = jbvNull};

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
	JsonbValue value = {.type = jbvBool};

	value.val.boolean = flag;
	push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, &value);
}

Jsonb *
cs_result_jsonb_report(const CsFailure *failure)
{
	return cs_result_jsonb_report_as(failure,
									 cs_error_sqlstate(failure->code));
}

Jsonb *
cs_result_jsonb_report_as(const CsFailure *failure, int sqlstate)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_key(&state, "error");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, "sqlstate", unpack_sql_state(sqlstate));
	push_text(&state, "message", failure->message);
	push_text(&state, "detail", failure->detail);
	push_text(&state, "provider", failure->provider);
	push_text(&state, "server", failure->server);
	push_integer(&state, "http_status", failure->http_status,
				 failure->http_status == 0);
	push_text(&state, "provider_code", failure->provider_code);
	push_bool(&state, "retryable",
			  failure->from_login || cs_error_retryable(failure->code));
	push_text(&state, "billed", cs_billing_name(failure->billed));
	push_integer(&state, "attempts", failure->attempts, false);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
