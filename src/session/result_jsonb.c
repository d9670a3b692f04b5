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
#include "session/jsonb_writer.h"

/* How texts get from UTF-8 to the database's encoding, and where. */
typedef struct Converter
{
	int			   encoding;  /* of the database */
	Oid			   procedure; /* InvalidOid: the bytes stay as they are */
	CsError		  *err;
	StringInfoData out; /* what was written so far */
} Converter;

static Converter
make_converter(CsError *err)
{
	Converter c = {.encoding = GetDatabaseEncoding(), .err = err};

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

/* A text as the database has it.  NULL: it cannot be represented. */
static const char *
convert(Converter *c, const char *text, int *len)
{
	char *converted;
	int	  size;

	if (!OidIsValid(c->procedure) || is_ascii(text, *len))
		return text;
	size = *len * MAX_CONVERSION_GROWTH + 1;
	converted = palloc(size);
	if (pg_do_encoding_conversion_buf(
			c->procedure, PG_UTF8, c->encoding,
			(unsigned char *) unconstify(char *, text), *len,
			(unsigned char *) converted, size, true) < *len)
	{
		cs_core_error(
			c->err, CS_ERR_NOT_UNDERSTOOD,
			"the answer has a character without equivalent in encoding %s",
			pg_encoding_to_char(c->encoding));
		return NULL;
	}
	*len = (int) strlen(converted);
	return converted;
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

/* Counts, most numbers of an answer that are whole, are made once. */
static Numeric
integer_numeric(int64 integer)
{
	static Numeric small[256];
	MemoryContext  old;

	if (integer < 0 || integer >= (int64) lengthof(small))
		return int64_to_numeric(integer);
	if (small[integer] == NULL)
	{
		old = MemoryContextSwitchTo(TopMemoryContext);
		small[integer] = int64_to_numeric(integer);
		MemoryContextSwitchTo(old);
	}
	return small[integer];
}

static Numeric
numeric_of(struct json_object *number)
{
	char buf[CS_JSON_INTEGER_SIZE];

	if (json_object_is_type(number, json_type_int))
		return integer_numeric(json_object_get_int64(number));
	return read_numeric(cs_json_number(number, buf, sizeof(buf)));
}

static bool
put_text(Converter *c, const char *text, int len, JEntry *entry)
{
	text = convert(c, text, &len);
	if (text == NULL)
		return false;
	*entry = cs_jsonb_writer_text(&c->out, text, len);
	return true;
}

static bool put_object(Converter *c, struct json_object *node, JEntry *entry);
static bool put_array(Converter *c, struct json_object *node, JEntry *entry);

/* Writes a value and tells its entry.  False: it cannot be represented. */
static bool
put_node(Converter *c, struct json_object *node, JEntry *entry)
{
	switch (json_object_get_type(node))
	{
		case json_type_null:
			*entry = JENTRY_ISNULL;
			return true;
		case json_type_boolean:
			*entry = json_object_get_boolean(node) ? JENTRY_ISBOOL_TRUE
												   : JENTRY_ISBOOL_FALSE;
			return true;
		case json_type_int:
		case json_type_double:
			*entry = cs_jsonb_writer_numeric(&c->out, numeric_of(node));
			return true;
		case json_type_string:
			return put_text(c, json_object_get_string(node),
							json_object_get_string_len(node), entry);
		case json_type_object:
			return put_object(c, node, entry);
		case json_type_array:
			return put_array(c, node, entry);
	}
	return false;
}

static bool
add_node(Converter *c, CsJsonbContainer *container, struct json_object *node)
{
	JEntry entry;

	if (!put_node(c, node, &entry))
		return false;
	cs_jsonb_writer_add(&c->out, container, entry);
	return true;
}

/* --- objects --- */

/*
 * A jsonb has the members of an object in an order of its own, which for a
 * hundred features takes long to find.  Answers of one kind have their members
 * in the same places: the order found for the latest large object is tried
 * first.
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
static inline int
compare_names(const Member *left, const Member *right)
{
	return left->len != right->len
			   ? left->len - right->len
			   : memcmp(left->name, right->name, left->len);
}

/* Of those that have the same name the last comes first. */
static int
compare_members(const void *a, const void *b)
{
	const Member *left = a;
	const Member *right = b;
	int			  order = compare_names(left, right);

	return order != 0 ? order : right->position - left->position;
}

/* Puts members into the latest order; false: that is not theirs. */
static bool
order_as_latest(const Member *members, int n, Member *ordered)
{
	for (int i = 0; i < n; i++)
	{
		ordered[i] = members[latest_order[i]];
		if (i > 0 && compare_names(&ordered[i - 1], &ordered[i]) >= 0)
			return false;
	}
	return true;
}

/*
 * Two names of the tree may be one in the database's encoding; the last counts
 * then, as in jsonb.
 */
static int
drop_doubles(Member *members, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (i == 0 || compare_names(&members[kept - 1], &members[i]) != 0)
			members[kept++] = members[i];
	return kept;
}

static Member *
in_order(Member *members, int *n)
{
	bool	large = *n >= SORTED_FROM && *n <= SORTED_UP_TO;
	Member *ordered = NULL;

	if (large && *n == latest_count)
	{
		ordered = palloc(*n * sizeof(Member));
		if (order_as_latest(members, *n, ordered))
			return ordered;
	}
	qsort(members, *n, sizeof(Member), compare_members);
	for (int i = 0; large && i < *n; i++)
		latest_order[i] = (uint16) members[i].position;
	if (large)
		latest_count = *n;
	*n = drop_doubles(members, *n);
	return members;
}

/* NULL: a name cannot be represented. */
static Member *
members_of(Converter *c, struct json_object *object, int *n)
{
	Member *members;
	int		i = 0;

	*n = json_object_object_length(object);
	members = palloc(Max(*n, 1) * sizeof(Member));
	for (struct lh_entry *e = json_object_get_object(object)->head; e != NULL;
		 e = e->next)
	{
		int			len = (int) strlen(lh_entry_k(e));
		const char *name = convert(c, lh_entry_k(e), &len);

		if (name == NULL)
			return NULL;
		members[i] =
			(Member){name, len, i, (struct json_object *) lh_entry_v(e)};
		i++;
	}
	return in_order(members, n);
}

static bool
put_object(Converter *c, struct json_object *node, JEntry *entry)
{
	CsJsonbContainer object;
	int				 n;
	const Member	*members = members_of(c, node, &n);

	if (members == NULL)
		return false;
	cs_jsonb_writer_open(&c->out, &object, JB_FOBJECT, n);
	for (int i = 0; i < n; i++)
		cs_jsonb_writer_add(
			&c->out, &object,
			cs_jsonb_writer_text(&c->out, members[i].name, members[i].len));
	for (int i = 0; i < n; i++)
		if (!add_node(c, &object, members[i].value))
			return false;
	*entry = cs_jsonb_writer_close(&c->out, &object);
	return true;
}

/* --- arrays, and all of it --- */

static bool
put_array(Converter *c, struct json_object *node, JEntry *entry)
{
	size_t			 n = json_object_array_length(node);
	CsJsonbContainer array;

	cs_jsonb_writer_open(&c->out, &array, JB_FARRAY, n);
	for (size_t i = 0; i < n; i++)
		if (!add_node(c, &array, json_object_array_get_idx(node, i)))
			return false;
	*entry = cs_jsonb_writer_close(&c->out, &array);
	return true;
}

/* A scalar that is all of the answer lies in an array of its own. */
static bool
put_scalar_root(Converter *c, struct json_object *root)
{
	CsJsonbContainer array;

	cs_jsonb_writer_open(&c->out, &array, JB_FARRAY | JB_FSCALAR, 1);
	return add_node(c, &array, root);
}

Jsonb *
cs_result_jsonb(struct json_object *root, CsError *err)
{
	Converter c = make_converter(err);
	JEntry	  entry;
	bool	  contains = json_object_is_type(root, json_type_object) ||
					json_object_is_type(root, json_type_array);

	err->code = CS_ERR_NONE;
	cs_jsonb_writer_begin(&c.out);
	if (contains ? put_node(&c, root, &entry) : put_scalar_root(&c, root))
		return cs_jsonb_writer_end(&c.out);
	return NULL;
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
