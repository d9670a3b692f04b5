/*-------------------------------------------------------------------------
 * sql_ask.c
 *	  The SQL functions that ask a provider and return its answer.
 *
 * What they differ in is a table in asking.c; the rest is shared: a NULL
 * subject costs nothing, the planner gets an estimate and no call, a failure
 * becomes what on_error says.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "pg/guc.h"
#include "reading/sms_event.h"
#include "session/asking.h"
#include "session/estimate.h"
#include "session/failure.h"
#include "session/result_jsonb.h"
#include "session/scope.h"
#include "sql/row.h"

PG_FUNCTION_INFO_V1(credscore_decision);
PG_FUNCTION_INFO_V1(credscore_lac);
PG_FUNCTION_INFO_V1(credscore_statement);
PG_FUNCTION_INFO_V1(credscore_ask);
PG_FUNCTION_INFO_V1(credscore_statement_upload);
PG_FUNCTION_INFO_V1(credscore_borrower_create);
PG_FUNCTION_INFO_V1(credscore_borrower_update);
PG_FUNCTION_INFO_V1(credscore_event_create);

#define HTTP_CONFLICT 409

/* --- arguments --- */

/* What is to become of a failure, and who says so. */
typedef struct Handling
{
	CsOnError on_error;
	bool	  given;  /* by the argument: a setting may be another's */
	bool	  writes; /* nothing but an error will do */
} Handling;

static Handling
on_error_argument(FunctionCallInfo fcinfo, int i)
{
	Handling handling = {.on_error = CS_ON_ERROR_ERROR};
	char	*name;

	handling.writes = i < 0;
	if (handling.writes)
		return handling;
	handling.given = !PG_ARGISNULL(i);
	handling.on_error = cs_guc_on_error();
	if (!handling.given)
		return handling;
	name = text_to_cstring(PG_GETARG_TEXT_PP(i));
	if (!cs_guc_parse_on_error(name, &handling.on_error))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"on_error\""),
				 errhint("Available values: %s.", cs_guc_on_error_values())));
	return handling;
}

/* --- outcomes --- */

/* Does it concern this question alone, so that a batch may go on? */
static bool
is_about_subject(const CsFailure *failure)
{
	return !failure->from_login && cs_error_about_subject(failure->code);
}

/* Does the argument say that a miss may be kept? */
static bool
lets_misses_pass(const Handling *handling)
{
	return handling->given && (handling->on_error == CS_ON_ERROR_NULL ||
							   handling->on_error == CS_ON_ERROR_REPORT);
}

/*
 * What was not asked is no failure where it is only shown.  Elsewhere it is,
 * whatever a setting says.
 */
static Datum
miss(FunctionCallInfo fcinfo, const Handling *handling,
	 const CsFailure *failure)
{
	bool passes = lets_misses_pass(handling);
	bool shown = !handling->writes && cs_scope_only_shown();

	if (!passes && !shown)
		cs_failure_raise(ERROR, failure);
	if (!passes)
		cs_scope_missed();
	if (handling->on_error == CS_ON_ERROR_REPORT)
		PG_RETURN_JSONB_P(cs_result_jsonb_report(failure));
	if (!shown)
		cs_failure_raise(WARNING, failure);
	PG_RETURN_NULL();
}

/* What on_error makes of a failure. */
static Datum
fail(FunctionCallInfo fcinfo, const Handling *handling,
	 const CsFailure *failure)
{
	if (failure->code == CS_ERR_NOT_CACHED && cs_estimate_runs())
		PG_RETURN_NULL();
	if (failure->code == CS_ERR_NOT_CACHED)
		return miss(fcinfo, handling, failure);
	switch (handling->on_error)
	{
		case CS_ON_ERROR_SUBJECT:
			if (is_about_subject(failure))
				PG_RETURN_JSONB_P(cs_result_jsonb_report(failure));
			break;
		case CS_ON_ERROR_REPORT:
			PG_RETURN_JSONB_P(cs_result_jsonb_report(failure));
		case CS_ON_ERROR_NULL:
			cs_failure_raise(WARNING, failure);
			PG_RETURN_NULL();
		case CS_ON_ERROR_ERROR:
			break;
	}
	cs_failure_raise(ERROR, failure);
	PG_RETURN_NULL();
}

/* A subject or argument that is refused before any call. */
static Datum
fail_early(FunctionCallInfo fcinfo, const Handling *handling,
		   const CsAsking *asking, const CsError *err)
{
	const CsSettings *settings = asking->ask.settings;
	CsFailure		  failure = {.code = err->code,
								 .message = err->message,
								 .detail = cs_failure_detail(
									 asking->ask.endpoint, settings->server_name,
									 asking->given, err->detail, 0),
								 .hint = err->hint,
								 .provider = settings->provider->name,
								 .server = settings->server_name,
								 .billed = CS_BILLED_NO};

	return fail(fcinfo, handling, &failure);
}

/* --- the common course --- */

/*
 * What was to be made exists already, perhaps because an answer was lost: then
 * it is the answer.  What cannot be found under that name either stays refused.
 */
static Jsonb *
read_existing(const CsAsking *asking, CsFailure **failure)
{
	CsAsking   existing;
	CsFailure *unread = NULL;
	Jsonb	  *answer;

	if ((*failure)->http_status != HTTP_CONFLICT ||
		!cs_asking_existing(asking, &existing))
		return NULL;
	answer = cs_asking_outcome(&existing, NULL, &unread);
	if (answer == NULL && unread->code != CS_ERR_SUBJECT)
		*failure = unread;
	return answer;
}

/*
 * Another one under the same name: what was sent is nowhere, and must not pass
 * for what is there.
 */
static void
refuse_other(Jsonb *sent, Jsonb *kept, CsFailure *failure)
{
	if (!cs_sms_event_differs(sent, kept))
		return;
	failure->message =
		"an event of this account, type and time exists already, with other data";
	failure->hint =
		"Send it with another time: credscore_sms_event() takes captured_at, and now() is the same all over a transaction.";
	cs_failure_raise(ERROR, failure);
}

/* *origin says where an answer came from, if the caller wants to know. */
static Datum
ask_for(FunctionCallInfo fcinfo, const char *symbol, CsOrigin *origin)
{
	const CsAskingFunction *function = cs_asking_by_symbol(symbol);
	Handling				handling;
	CsAsking				asking;
	CsFailure			   *failure = NULL;
	CsError					err = {0};
	Jsonb				   *answer;

	if (cs_asking_nothing(function, fcinfo->args) || cs_scope_planning())
		PG_RETURN_NULL();
	handling = on_error_argument(fcinfo, function->on_error);
	if (cs_asking_prepare(function, fcinfo->args, &asking, &err) != CS_OK)
		return fail_early(fcinfo, &handling, &asking, &err);
	answer = cs_asking_outcome(&asking, origin, &failure);
	if (answer == NULL)
	{
		answer = read_existing(&asking, &failure);
		if (answer != NULL && function->subject_member != NULL)
			refuse_other(PG_GETARG_JSONB_P(0), answer, failure);
	}
	if (answer != NULL)
		PG_RETURN_JSONB_P(answer);
	return fail(fcinfo, &handling, failure);
}

static Datum
ask_and_wait(FunctionCallInfo fcinfo, const char *symbol)
{
	return ask_for(fcinfo, symbol, NULL);
}

/* The same where something is made, which takes no NULL for "nothing". */
static Datum
write_and_wait(FunctionCallInfo fcinfo, const char *symbol, const char *first)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must not be null", first)));
	return ask_and_wait(fcinfo, symbol);
}

/*
 * credscore_decision(phone text, server name, utc_endtime timestamptz,
 *					  max_age interval, on_error text) returns jsonb
 *
 * Pngme's answer about a phone user: risk_score (0 to 1, the probability of
 * an overdue loan, higher is worse) and features, as sent.
 */
Datum
credscore_decision(PG_FUNCTION_ARGS)
{
	return ask_and_wait(fcinfo, "credscore_decision");
}

/*
 * credscore_lac(msisdn text, server name, max_age interval, on_error text)
 *				 returns jsonb
 *
 * LenderLink's Loan Applications Check: how often lenders asked about this
 * number, by windows of days, as sent.
 */
Datum
credscore_lac(PG_FUNCTION_ARGS)
{
	return ask_and_wait(fcinfo, "credscore_lac");
}

/*
 * credscore_statement(ref text, server name, max_age interval, on_error text)
 *					   returns jsonb
 *
 * Patascore's report on an uploaded M-Pesa statement: the whole envelope, as
 * sent.  CS102 while the statement is still being processed.
 */
Datum
credscore_statement(PG_FUNCTION_ARGS)
{
	return ask_and_wait(fcinfo, "credscore_statement");
}

static TupleDesc
result_columns(FunctionCallInfo fcinfo)
{
	FmgrInfo	 *function = fcinfo->flinfo;
	TupleDesc	  columns;
	MemoryContext old;

	if (function->fn_extra != NULL)
		return function->fn_extra;
	old = MemoryContextSwitchTo(function->fn_mcxt);
	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "credscore_ask must return a composite type");
	function->fn_extra = BlessTupleDesc(columns);
	MemoryContextSwitchTo(old);
	return function->fn_extra;
}

/*
 * credscore_ask(kind text, subject text, server name, max_age interval,
 *				 on_error text, OUT answer jsonb, OUT request_id uuid,
 *				 OUT received_at timestamptz, OUT source text)
 *
 * The answer that the function credscore_KIND gives, and which call gave it,
 * when, and from where it is had.  Of a report there is nothing of the kind.
 */
Datum
credscore_ask(PG_FUNCTION_ARGS)
{
	CsOrigin origin = {.source = CS_ORIGIN_NONE};
	CsRow	 row = {0};
	Datum	 answer = ask_for(fcinfo, "credscore_ask", &origin);
	bool	 found = origin.source != CS_ORIGIN_NONE;

	if (fcinfo->isnull)
		return answer;
	cs_row_put(&row, answer, false);
	cs_row_put(&row, UUIDPGetDatum(&origin.request_id), !found);
	cs_row_put(&row, TimestampTzGetDatum(origin.received_at), !found);
	cs_row_text(&row, cs_origin_source(origin.source));
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(result_columns(fcinfo), row.values, row.nulls)));
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
	return write_and_wait(fcinfo, "credscore_statement_upload", "national_id");
}

/*
 * credscore_borrower_create(borrower jsonb, server name) returns jsonb
 *
 * Makes a borrower known to Weza; the answer is the borrower as Weza has it.
 * One that exists already is read instead.  Failures raise.
 */
Datum
credscore_borrower_create(PG_FUNCTION_ARGS)
{
	return write_and_wait(fcinfo, "credscore_borrower_create", "borrower");
}

/*
 * credscore_borrower_update(borrower_id text, changes jsonb, server name)
 * returns jsonb
 *
 * Replaces the members of a borrower that `changes` has, lists as a whole; the
 * answer is the borrower.  Failures raise.
 */
Datum
credscore_borrower_update(PG_FUNCTION_ARGS)
{
	return write_and_wait(fcinfo, "credscore_borrower_update", "borrower_id");
}

/*
 * credscore_event_create(event jsonb, server name) returns jsonb
 *
 * Sends an event about an account to Weza; the answer is the event.  One of
 * the same account, type and time exists already and is read instead.
 * Failures raise.
 */
Datum
credscore_event_create(PG_FUNCTION_ARGS)
{
	return write_and_wait(fcinfo, "credscore_event_create", "event");
}
