/*-------------------------------------------------------------------------
 * asking.c
 *	  The SQL functions that ask, as a table: from their arguments to what is
 *	  asked.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/asking.h"

#include "access/htup_details.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "pg/compat.h"
#include "pg/shmem.h"
#include "session/pin.h"

/* The library as CREATE FUNCTION names it, with or without a directory. */
#define LIBRARY "credscore"

static const CsAskingFunction functions[] = {
	{.symbol = "credscore_decision",
	 .provider = "pngme",
	 .endpoint = "decision",
	 .server = 1,
	 .on_error = 4,
	 .ahead = true,
	 .arguments = {{"utc_endtime", 2, CS_ARGUMENT_TIME, false},
				   {"max_age", 3, CS_ARGUMENT_AGE, false}}},
	{.symbol = "credscore_lac",
	 .provider = "lenderlink",
	 .endpoint = "lac",
	 .server = 1,
	 .on_error = 3,
	 .ahead = true,
	 .arguments = {{"max_age", 2, CS_ARGUMENT_AGE, false}}},
	{.symbol = "credscore_statement",
	 .provider = "patascore",
	 .endpoint = "statement",
	 .server = 1,
	 .on_error = 3,
	 .ahead = true,
	 .arguments = {{"max_age", 2, CS_ARGUMENT_AGE, false}}},
	{.symbol = "credscore_ask",
	 .by_kind = true,
	 .about = 1,
	 .server = 2,
	 .on_error = 4,
	 .ahead = true,
	 .arguments = {{"max_age", 3, CS_ARGUMENT_AGE, false}}},
	{.symbol = "credscore_statement_upload",
	 .provider = "patascore",
	 .endpoint = "statement_upload",
	 .server = 6,
	 .on_error = -1,
	 .arguments = {{"file", 1, CS_ARGUMENT_FILE, false},
				   {"file_name", 2, CS_ARGUMENT_REQUIRED, false},
				   {"passcode", 3, CS_ARGUMENT_REQUIRED, true},
				   {"statement_type", 4, CS_ARGUMENT_REQUIRED, false},
				   {"callback_url", 5, CS_ARGUMENT_TEXT, false}}},
	{.symbol = "credscore_borrower_create",
	 .provider = "weza",
	 .endpoint = "borrower_create",
	 .server = 1,
	 .on_error = -1,
	 .subject_member = "borrowerId"},
	{.symbol = "credscore_borrower_update",
	 .provider = "weza",
	 .endpoint = "borrower_update",
	 .server = 2,
	 .on_error = -1,
	 .arguments = {{"changes", 1, CS_ARGUMENT_JSON, false}}},
	{.symbol = "credscore_event_create",
	 .provider = "weza",
	 .endpoint = "event_create",
	 .server = 1,
	 .on_error = -1,
	 .subject_member = "accountId"},
	{.symbol = "credscore_request_assessment",
	 .provider = "weza",
	 .endpoint = "assessment_create",
	 .server = 1,
	 .on_error = -1,
	 .arguments = {{"assessment_type", 2, CS_ARGUMENT_TEXT, false},
				   {"assessed_at", 3, CS_ARGUMENT_MOMENT, false}}},
	{.symbol = "credscore_request_statement",
	 .provider = "patascore",
	 .endpoint = "statement",
	 .server = 1,
	 .on_error = -1},
	{.symbol = "credscore_request_decision",
	 .provider = "pngme",
	 .endpoint = "decision",
	 .server = 1,
	 .on_error = -1,
	 .arguments = {{"utc_endtime", 2, CS_ARGUMENT_TIME, false}}},
	{.symbol = "credscore_request_lac",
	 .provider = "lenderlink",
	 .endpoint = "lac",
	 .server = 1,
	 .on_error = -1},
	{.symbol = "credscore_assessment_types",
	 .provider = "weza",
	 .endpoint = "assessment_types",
	 .on_error = -1,
	 .subject = "assessmentTypes"},
};

/* --- which function is meant --- */

typedef struct KnownFunction
{
	Oid						funcid;	  /* must be first */
	const CsAskingFunction *function; /* NULL: it does not ask */
} KnownFunction;

static HTAB *known_functions;

const CsAskingFunction *
cs_asking_by_symbol(const char *symbol)
{
	for (size_t i = 0; i < lengthof(functions); i++)
		if (strcmp(functions[i].symbol, symbol) == 0)
			return &functions[i];
	elog(ERROR, "there is no function %s that asks", symbol);
}

static bool
is_kind(const CsAskingFunction *function)
{
	return function->ahead && !function->by_kind;
}

pg_noreturn static void refuse_kind(void);

static void
refuse_kind(void)
{
	StringInfoData kinds;

	initStringInfo(&kinds);
	for (size_t i = 0; i < lengthof(functions); i++)
		if (is_kind(&functions[i]))
			appendStringInfo(&kinds, "%s%s", kinds.len > 0 ? ", " : "",
							 functions[i].endpoint);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid value for argument \"kind\""),
					errhint("Available values: %s.", kinds.data)));
}

const CsAskingFunction *
cs_asking_of_kind(const char *kind)
{
	for (size_t i = 0; i < lengthof(functions); i++)
		if (is_kind(&functions[i]) && strcmp(functions[i].endpoint, kind) == 0)
			return &functions[i];
	refuse_kind();
}

static bool
is_our_library(const char *path)
{
	size_t len = strlen(path);
	size_t ours = strlen(LIBRARY);

	return len >= ours && strcmp(path + len - ours, LIBRARY) == 0 &&
		   (len == ours || path[len - ours - 1] == '/');
}

static char *
text_attribute(HeapTuple tuple, AttrNumber attribute)
{
	bool  isnull;
	Datum value = SysCacheGetAttr(PROCOID, tuple, attribute, &isnull);

	return isnull ? "" : TextDatumGetCString(value);
}

static const CsAskingFunction *
look_up(Oid funcid)
{
	const CsAskingFunction *function = NULL;
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));

	if (!HeapTupleIsValid(tuple))
		return NULL;
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId &&
		is_our_library(text_attribute(tuple, Anum_pg_proc_probin)))
	{
		const char *symbol = text_attribute(tuple, Anum_pg_proc_prosrc);

		for (size_t i = 0; i < lengthof(functions); i++)
			if (strcmp(functions[i].symbol, symbol) == 0)
				function = &functions[i];
	}
	ReleaseSysCache(tuple);
	return function;
}

static void
forget_functions(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS scan;
	KnownFunction  *entry;

	hash_seq_init(&scan, known_functions);
	while ((entry = hash_seq_search(&scan)) != NULL)
		hash_search(known_functions, &entry->funcid, HASH_REMOVE, NULL);
}

static void
make_known_functions(void)
{
	HASHCTL ctl = {.keysize = sizeof(Oid),
				   .entrysize = sizeof(KnownFunction),
				   .hcxt = TopMemoryContext};

	known_functions = hash_create("credscore functions", 64, &ctl,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterSyscacheCallback(PROCOID, forget_functions, (Datum) 0);
}

static const CsAskingFunction *
find(Oid funcid)
{
	KnownFunction		   *entry;
	const CsAskingFunction *function;
	bool					found;

	if (known_functions == NULL)
		make_known_functions();
	entry = hash_search(known_functions, &funcid, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->function;
	function = look_up(funcid);
	entry = hash_search(known_functions, &funcid, HASH_ENTER, &found);
	entry->function = function;
	return function;
}

const CsAskingFunction *
cs_asking_by_oid(Oid funcid)
{
	const CsAskingFunction *function = find(funcid);

	return function != NULL && function->ahead ? function : NULL;
}

bool
cs_asking_is(Oid funcid)
{
	return find(funcid) != NULL;
}

/* --- arguments --- */

pg_noreturn static void refuse_null(const char *argument);

static void
refuse_null(const char *argument)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("argument \"%s\" must not be null", argument)));
}

/* A text argument in UTF-8, as every provider wants it. */
static char *
utf8_text(Datum value)
{
	text *t = DatumGetTextPP(value);

	return pg_server_to_any(text_to_cstring(t), VARSIZE_ANY_EXHDR(t), PG_UTF8);
}

/* A document as it is sent. */
static char *
utf8_json(Jsonb *jsonb)
{
	char *json = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));

	return pg_server_to_any(json, (int) strlen(json), PG_UTF8);
}

static void
wipe_text(void *text)
{
	cs_core_wipe(text, strlen(text));
}

/* The same for a secret: what copies there are go with their context, wiped. */
static char *
secret_text(Datum value)
{
	text				  *t = DatumGetTextPP(value);
	char				  *given = text_to_cstring(t);
	MemoryContextCallback *at_reset = palloc0(2 * sizeof(*at_reset));
	char				  *converted;

	at_reset[0].func = at_reset[1].func = wipe_text;
	at_reset[0].arg = given;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &at_reset[0]);
	converted = pg_server_to_any(given, VARSIZE_ANY_EXHDR(t), PG_UTF8);
	at_reset[1].arg = converted;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &at_reset[1]);
	return converted;
}

/*
 * How old an answer may be, in milliseconds: a month counts as 30 days, a day
 * as 24 hours, and what is too long to count as any age.  Negative: refused.
 */
static CsStatus
take_age(const char *name, const Interval *interval, int64 *age_ms,
		 CsError *err)
{
	int64 days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64 micros = interval->time % 1000;
	int64 ms =
		days * (USECS_PER_DAY / 1000) + interval->time / 1000 - (micros < 0);

	if (ms < 0)
	{
		cs_core_error(err, CS_ERR_ARGUMENT,
					  "invalid value for argument \"%s\"", name);
		cs_core_detail(err, "It must not be negative.");
		err->hint =
			"Pass '0' to ask anew, or NULL for an answer of any age that cache_ttl allows.";
		return CS_FAIL;
	}
	*age_ms = ms;
	return CS_OK;
}

void
cs_asking_add(CsAsking *asking, const char *name, const char *value)
{
	CsArguments *args = &asking->ask.args;

	Assert(args->npairs < CS_ASKING_MAX_ARGUMENTS);
	asking->pairs[args->npairs++] = (CsPair){name, value};
}

static void
add_secret(CsAsking *asking, const char *name, const char *value)
{
	Assert(asking->ask.nsecrets < CS_QUESTION_MAX_SECRETS);
	asking->secrets[asking->ask.nsecrets++] = (CsPair){name, value};
	cs_asking_add(asking, name, value);
}

static CsStatus
take_argument(CsAsking *asking, const CsAskingArgument *argument,
			  const NullableDatum *arg, CsError *err)
{
	CsAsk	   *ask = &asking->ask;
	const char *value = NULL;

	if (arg->isnull)
		return CS_OK;
	switch (argument->kind)
	{
		case CS_ARGUMENT_TEXT:
		case CS_ARGUMENT_REQUIRED:
			if (argument->secret)
			{
				add_secret(asking, argument->name, secret_text(arg->value));
				return CS_OK;
			}
			value = utf8_text(arg->value);
			break;
		case CS_ARGUMENT_TIME:
			value = cs_question_utc(argument->name,
									DatumGetTimestampTz(arg->value), err);
			if (value == NULL)
				return CS_FAIL;
			break;
		case CS_ARGUMENT_MOMENT:
			value = cs_question_utc(argument->name,
									DatumGetTimestampTz(arg->value), err);
			if (value == NULL)
				return CS_FAIL;
			value = psprintf("%sZ", value);
			break;
		case CS_ARGUMENT_FILE:
		{
			bytea *file = DatumGetByteaPP(arg->value);

			ask->args.file = VARDATA_ANY(file);
			ask->args.file_len = VARSIZE_ANY_EXHDR(file);
			return CS_OK;
		}
		case CS_ARGUMENT_JSON:
			value = utf8_json(DatumGetJsonbP(arg->value));
			break;
		case CS_ARGUMENT_AGE:
			return take_age(argument->name, DatumGetIntervalP(arg->value),
							&ask->max_age_ms, err);
	}
	cs_asking_add(asking, argument->name, value);
	return CS_OK;
}

static void
resolve_server(CsAsking *asking, const CsAskingFunction *function,
			   const char *name)
{
	CsAsk *ask = &asking->ask;

	ask->settings =
		cs_pin_settings(cs_scope_current(), name, &ask->cached_only);
	ask->endpoint =
		cs_registry_endpoint(ask->settings->provider, function->endpoint);
	if (ask->endpoint == NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("server \"%s\" cannot answer this question", name),
			 errdetail("Its provider is %s; the question is one for %s.",
					   ask->settings->provider->name, function->provider)));
}

/* Which function's question it is. */
static const CsAskingFunction *
function_meant(const CsAskingFunction *function, const NullableDatum *args)
{
	if (!function->by_kind)
		return function;
	return cs_asking_of_kind(text_to_cstring(DatumGetTextPP(args[0].value)));
}

/* Without a name a kind asks the server that is called as its provider. */
static const char *
server_name(const CsAskingFunction *function, const CsAskingFunction *meant,
			const NullableDatum *arg)
{
	if (!arg->isnull)
		return NameStr(*DatumGetName(arg->value));
	if (!function->by_kind)
		refuse_null("server");
	return meant->provider;
}

static bool
must_be_there(CsArgumentKind kind)
{
	return kind == CS_ARGUMENT_REQUIRED || kind == CS_ARGUMENT_FILE ||
		   kind == CS_ARGUMENT_JSON || kind == CS_ARGUMENT_MOMENT;
}

/* The text that a member of a document is, in UTF-8; NULL: it is none. */
static char *
text_member(Jsonb *document, const char *name)
{
	JsonbValue	member;
	JsonbValue *found = NULL;

	if (JB_ROOT_IS_OBJECT(document))
		found = getKeyJsonValueFromContainer(&document->root, name,
											 (int) strlen(name), &member);
	if (found == NULL || found->type != jbvString)
		return NULL;
	return pg_server_to_any(
		pnstrdup(found->val.string.val, found->val.string.len),
		found->val.string.len, PG_UTF8);
}

/* Whom the question is about; a document goes among the arguments. */
static CsStatus
take_subject(CsAsking *asking, const CsAskingFunction *function,
			 const NullableDatum *arg, CsError *err)
{
	Jsonb *document;

	if (function->subject != NULL)
		asking->given = function->subject;
	else if (function->subject_member == NULL)
		asking->given = utf8_text(arg->value);
	else
	{
		document = DatumGetJsonbP(arg->value);
		asking->given = text_member(document, function->subject_member);
		if (asking->given == NULL)
		{
			asking->given = "";
			cs_core_error(err, CS_ERR_ARGUMENT, "malformed document");
			cs_core_detail(
				err, "It must be an object, and its member \"%s\" a text.",
				function->subject_member);
			return CS_FAIL;
		}
		cs_asking_add(asking, "document", utf8_json(document));
	}
	if (asking->ask.endpoint->normalise(&asking->ask.settings->account,
										asking->given, asking->subject,
										err) != CS_OK)
		return CS_FAIL;
	cs_asking_add(asking, "subject", asking->subject);
	return CS_OK;
}

static void
begin(CsAsking *asking)
{
	memset(asking, 0, offsetof(CsAsking, subject));
	asking->ask.args.pairs = asking->pairs;
	asking->ask.secrets = asking->secrets;
	asking->ask.digests = &asking->digests;
	asking->ask.max_age_ms = CS_QUESTION_ANY_AGE;
}

bool
cs_asking_nothing(const CsAskingFunction *function, const NullableDatum *args)
{
	return args[function->about].isnull ||
		   (function->by_kind && args[0].isnull);
}

CsStatus
cs_asking_prepare(const CsAskingFunction *function, const NullableDatum *args,
				  CsAsking *asking, CsError *err)
{
	const CsAskingFunction *meant = function_meant(function, args);

	for (const CsAskingArgument *a = function->arguments; a->name != NULL; a++)
		if (args[a->position].isnull && must_be_there(a->kind))
			refuse_null(a->name);
	cs_shmem_require();
	begin(asking);
	resolve_server(asking, meant,
				   server_name(function, meant, &args[function->server]));
	if (take_subject(asking, function, &args[function->about], err) != CS_OK)
		return CS_FAIL;
	for (const CsAskingArgument *a = function->arguments; a->name != NULL; a++)
		if (take_argument(asking, a, &args[a->position], err) != CS_OK)
			return CS_FAIL;
	return CS_OK;
}

Jsonb *
cs_asking_outcome(const CsAsking *asking, CsOrigin *origin,
				  CsFailure **failure)
{
	CsQuestion question = cs_ask_start(&asking->ask);
	Jsonb	  *answer;

	cs_ask_wait(&question);
	answer = cs_ask_outcome(&question, origin, failure);
	if (!asking->ask.endpoint->shared)
		cs_ask_forget(&question);
	return answer;
}

bool
cs_asking_existing(const CsAsking *asking, CsAsking *existing)
{
	const CsAsk *ask = &asking->ask;
	CsError		 err = {0};

	if (ask->endpoint->existing == NULL)
		return false;
	begin(existing);
	existing->ask.settings = ask->settings;
	existing->ask.cached_only = ask->cached_only;
	existing->ask.endpoint =
		cs_registry_endpoint(ask->settings->provider, ask->endpoint->existing);
	existing->given = existing->subject;
	if (ask->endpoint->name_existing(&ask->args, existing->subject, &err) !=
		CS_OK)
		return false;
	cs_asking_add(existing, "subject", existing->subject);
	return true;
}
