/*-------------------------------------------------------------------------
 * sql_ask.c
 *	  The SQL functions that ask a provider and return its answer.
 *
 * Each turns its arguments into a CsAsk; the rest is shared: a NULL subject
 * costs nothing, the planner gets an estimate and no call, a failure becomes
 * what on_error says.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "ask.h"
#include "compat.h"
#include "guc.h"
#include "request.h"
#include "result_jsonb.h"
#include "scope.h"
#include "shmem.h"

PG_FUNCTION_INFO_V1(credscore_decision);
PG_FUNCTION_INFO_V1(credscore_lac);
PG_FUNCTION_INFO_V1(credscore_statement);
PG_FUNCTION_INFO_V1(credscore_statement_upload);

/* Arguments beside the subject; the widest endpoint has this many. */
#define MAX_ARGUMENTS	8

/* One call of a SQL function, on its way to a CsAsk. */
typedef struct SqlAsk
{
	const char *endpoint;
	const char *provider;		/* whose endpoint it is */
	CsOnError	on_error;
	CsPair		pairs[MAX_ARGUMENTS];
	char		subject[CS_SUBJECT_SIZE];
	char		request_id[CS_REQUEST_ID_SIZE];
	CsAsk		ask;
} SqlAsk;

/* --- arguments --- */

pg_noreturn static void refuse_null(const char *argument);

static void
refuse_null(const char *argument)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"%s\" must not be null", argument)));
}

static CsOnError
on_error_argument(FunctionCallInfo fcinfo, int i)
{
	CsOnError	value;
	char	   *name;

	if (PG_ARGISNULL(i))
		return cs_guc_on_error();
	name = text_to_cstring(PG_GETARG_TEXT_PP(i));
	if (!cs_guc_parse_on_error(name, &value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"on_error\""),
				 errhint("Available values: %s.", cs_guc_on_error_values())));
	return value;
}

/* A text argument in UTF-8, as every provider wants it; NULL for null. */
static const char *
utf8_argument(FunctionCallInfo fcinfo, int i)
{
	text	   *value;

	if (PG_ARGISNULL(i))
		return NULL;
	value = PG_GETARG_TEXT_PP(i);
	return pg_server_to_any(text_to_cstring(value), VARSIZE_ANY_EXHDR(value), PG_UTF8);
}

static void
add_argument(SqlAsk *sql, const char *name, const char *value)
{
	CsArguments *args = &sql->ask.args;

	if (value == NULL)
		return;
	Assert(args->npairs < MAX_ARGUMENTS);
	sql->pairs[args->npairs].name = name;
	sql->pairs[args->npairs].value = value;
	args->npairs++;
}

/* --- outcomes --- */

/* What on_error makes of a failure. */
static Datum
fail(FunctionCallInfo fcinfo, CsOnError on_error, const CsFailure *failure)
{
	switch (on_error)
	{
		case CS_ON_ERROR_SUBJECT:
			if (cs_error_about_subject(failure->code))
				PG_RETURN_JSONB_P(cs_report_jsonb(failure));
			break;
		case CS_ON_ERROR_REPORT:
			PG_RETURN_JSONB_P(cs_report_jsonb(failure));
		case CS_ON_ERROR_NULL:
			cs_error_raise(WARNING, failure);
			PG_RETURN_NULL();
		case CS_ON_ERROR_ERROR:
			break;
	}
	cs_error_raise(ERROR, failure);
	PG_RETURN_NULL();
}

/* A subject or argument that is refused before any call. */
static Datum
fail_early(FunctionCallInfo fcinfo, const SqlAsk *sql, const char *subject,
		   const CsError *err)
{
	const CsSettings *settings = sql->ask.settings;
	CsFailure	failure = {
		.code = err->code,
		.message = err->message,
		.detail = cs_ask_detail(sql->ask.endpoint, settings->server_name, subject,
								err->detail, 0),
		.provider = settings->provider->name,
		.server = settings->server_name,
		.billed = CS_BILLED_NO
	};

	return fail(fcinfo, sql->on_error, &failure);
}

/* --- the common course --- */

static void
check_environment(void)
{
	cs_shmem_require();
	if (RecoveryInProgress() && !cs_guc_calls_on_standby())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot call a credit provider during recovery"),
				 errdetail("What a standby buys is not entered in the ledger of the primary."),
				 errhint("Set credscore.calls_on_standby to allow it.")));
}

/* Server, settings and endpoint; argument `i` is the server's name. */
static void
resolve_server(FunctionCallInfo fcinfo, SqlAsk *sql, int i)
{
	CsAsk	   *ask = &sql->ask;
	const char *name;

	if (PG_ARGISNULL(i))
		refuse_null("server");
	name = NameStr(*PG_GETARG_NAME(i));
	ask->settings = cs_settings_get(name);
	ask->endpoint = cs_endpoint_by_name(ask->settings->provider, sql->endpoint);
	if (ask->endpoint == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" cannot answer this question", name),
				 errdetail("Its provider is %s; the question is one for %s.",
						   ask->settings->provider->name, sql->provider)));
	cs_request_id(sql->request_id);
	ask->args.request_id = sql->request_id;
	ask->args.pairs = sql->pairs;
}

/* The subject comes first among the arguments; false: refused, *err. */
static bool
add_subject(SqlAsk *sql, const char *subject, CsError *err)
{
	const CsAsk *ask = &sql->ask;

	if (ask->endpoint->normalise(&ask->settings->account, subject, sql->subject,
								 err) != CS_OK)
		return false;
	add_argument(sql, "subject", sql->subject);
	return true;
}

static Datum
ask_and_wait(FunctionCallInfo fcinfo, const SqlAsk *sql)
{
	CsQuestion	question = cs_ask_start(&sql->ask);
	CsFailure  *failure = NULL;
	Jsonb	   *answer;

	cs_ask_wait(&question);
	answer = cs_ask_outcome(&question, &failure);
	if (!sql->ask.endpoint->shared)
		cs_ask_forget(&question);
	if (answer != NULL)
		PG_RETURN_JSONB_P(answer);
	return fail(fcinfo, sql->on_error, failure);
}

/* Questions whose only argument is the subject: (subject, server, on_error). */
static Datum
ask_about(FunctionCallInfo fcinfo, const char *provider, const char *endpoint)
{
	SqlAsk		sql = {.provider = provider, .endpoint = endpoint};
	CsError		err = {0};
	const char *subject;

	if (PG_ARGISNULL(0) || cs_scope_planning())
		PG_RETURN_NULL();
	check_environment();
	sql.on_error = on_error_argument(fcinfo, 2);
	resolve_server(fcinfo, &sql, 1);
	subject = utf8_argument(fcinfo, 0);
	if (!add_subject(&sql, subject, &err))
		return fail_early(fcinfo, &sql, subject, &err);
	return ask_and_wait(fcinfo, &sql);
}

/*
 * credscore_decision(phone text, utc_endtime timestamptz, server name,
 *					  on_error text) returns jsonb
 *
 * Pngme's answer about a phone user: risk_score (0 to 1, the probability of
 * an overdue loan, higher is worse) and features, as sent.
 */
Datum
credscore_decision(PG_FUNCTION_ARGS)
{
	SqlAsk		sql = {.provider = "pngme", .endpoint = "decision"};
	CsError		err = {0};
	const char *subject;

	if (PG_ARGISNULL(0) || cs_scope_planning())
		PG_RETURN_NULL();
	check_environment();
	sql.on_error = on_error_argument(fcinfo, 3);
	resolve_server(fcinfo, &sql, 2);
	subject = utf8_argument(fcinfo, 0);
	if (!add_subject(&sql, subject, &err))
		return fail_early(fcinfo, &sql, subject, &err);
	if (!PG_ARGISNULL(1))
	{
		const char *time = cs_utc_text("utc_endtime", PG_GETARG_TIMESTAMPTZ(1), &err);

		if (time == NULL)
			return fail_early(fcinfo, &sql, subject, &err);
		add_argument(&sql, "utc_endtime", time);
	}
	return ask_and_wait(fcinfo, &sql);
}

/*
 * credscore_lac(msisdn text, server name, on_error text) returns jsonb
 *
 * LenderLink's Loan Applications Check: how often lenders asked about this
 * number, by windows of days, as sent.
 */
Datum
credscore_lac(PG_FUNCTION_ARGS)
{
	return ask_about(fcinfo, "lenderlink", "lac");
}

/*
 * credscore_statement(ref text, server name, on_error text) returns jsonb
 *
 * Patascore's report on an uploaded M-Pesa statement: the whole envelope, as
 * sent.  CS102 while the statement is still being processed.
 */
Datum
credscore_statement(PG_FUNCTION_ARGS)
{
	return ask_about(fcinfo, "patascore", "statement");
}

/*
 * credscore_statement_upload(national_id text, file bytea, file_name text,
 *							  passcode text, statement_type text,
 *							  callback_url text, server name) returns jsonb
 *
 * Uploads an M-Pesa statement (PDF) to Patascore; the answer holds
 * data.reference_id, which credscore_statement takes.  Failures raise.
 */
Datum
credscore_statement_upload(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		"national_id", NULL, "file_name", "passcode", "statement_type", "callback_url"
	};
	SqlAsk		sql = {
		.provider = "patascore", .endpoint = "statement_upload",
		.on_error = CS_ON_ERROR_ERROR
	};
	CsError		err = {0};
	const char *subject;
	bytea	   *file;

	for (int i = 0; i < 5; i++)
		if (PG_ARGISNULL(i))
			refuse_null(names[i] ? names[i] : "file");
	check_environment();
	resolve_server(fcinfo, &sql, 6);
	subject = utf8_argument(fcinfo, 0);
	if (!add_subject(&sql, subject, &err))
		return fail_early(fcinfo, &sql, subject, &err);
	for (int i = 2; i < 6; i++)
		add_argument(&sql, names[i], utf8_argument(fcinfo, i));
	file = PG_GETARG_BYTEA_PP(1);
	sql.ask.args.file = VARDATA_ANY(file);
	sql.ask.args.file_len = VARSIZE_ANY_EXHDR(file);
	return ask_and_wait(fcinfo, &sql);
}
