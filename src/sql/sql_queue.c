/*-------------------------------------------------------------------------
 * sql_queue.c
 *	  SQL functions for requests whose answer comes later.
 *
 * A request is checked as a question is, and put into the queue; nothing is
 * asked.  What is asked later, by the worker, is checked then again.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/error.h"
#include "pg/guc.h"
#include "pg/wakeup.h"
#include "session/announce.h"
#include "session/asking.h"
#include "session/result_jsonb.h"
#include "session/scope.h"
#include "store/queue.h"

/* How often a waiting session looks at its row. */
#define LOOK_MS 100

PG_FUNCTION_INFO_V1(credscore_request_assessment);
PG_FUNCTION_INFO_V1(credscore_request_statement);
PG_FUNCTION_INFO_V1(credscore_request_decision);
PG_FUNCTION_INFO_V1(credscore_request_lac);
PG_FUNCTION_INFO_V1(credscore_result);
PG_FUNCTION_INFO_V1(credscore_wait);
PG_FUNCTION_INFO_V1(credscore_cancel);
PG_FUNCTION_INFO_V1(credscore_retry);

/* --- requests --- */

static void
push_text(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue value = {.type = jbvString};

	value.val.string.val = unconstify(char *, name);
	value.val.string.len = (int) strlen(name);
	pushJsonbValue(state, WJB_KEY, &value);
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = (int) strlen(text);
	pushJsonbValue(state, WJB_VALUE, &value);
}

/* The arguments of a question beside its subject. */
static Jsonb *
arguments_of(const CsAsking *asking)
{
	const CsArguments *args = &asking->ask.args;
	JsonbParseState	  *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < args->npairs; i++)
		if (strcmp(args->pairs[i].name, "subject") != 0)
			push_text(&state, args->pairs[i].name, args->pairs[i].value);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Datum
request(FunctionCallInfo fcinfo, const char *symbol, const char *kind)
{
	CsAsking   asking;
	CsError	   err = {0};
	CsQueueRow row;
	int64	   id;

	if (PG_ARGISNULL(0) || cs_scope_planning())
		PG_RETURN_NULL();
	if (cs_asking_prepare(cs_asking_by_symbol(symbol), fcinfo->args, &asking,
						  &err) != CS_OK)
		cs_error_raise_early(&err, NULL);
	if (asking.ask.cached_only || cs_guc_mode() == CS_MODE_CACHED)
		ereport(ERROR,
				(errcode(cs_error_sqlstate(CS_ERR_NOT_CACHED)),
				 errmsg("a request would ask the provider"),
				 errhint("SET credscore.mode = 'live' to make requests.")));
	row.kind = unconstify(char *, kind);
	row.subject = asking.subject;
	row.arguments = arguments_of(&asking);
	namestrcpy(&row.server, asking.ask.settings->server_name);
	id = cs_queue_insert(&row);
	cs_announce_row(id);
	PG_RETURN_INT64(id);
}

/*
 * credscore_request_assessment(account_id text, server name,
 *								assessment_type text, assessed_at timestamptz)
 * returns bigint
 */
Datum
credscore_request_assessment(PG_FUNCTION_ARGS)
{
	return request(fcinfo, "credscore_request_assessment", "assessment");
}

/* credscore_request_statement(ref text, server name) returns bigint */
Datum
credscore_request_statement(PG_FUNCTION_ARGS)
{
	return request(fcinfo, "credscore_request_statement", "statement");
}

/*
 * credscore_request_decision(phone text, server name, utc_endtime timestamptz)
 * returns bigint
 */
Datum
credscore_request_decision(PG_FUNCTION_ARGS)
{
	return request(fcinfo, "credscore_request_decision", "decision");
}

/* credscore_request_lac(msisdn text, server name) returns bigint */
Datum
credscore_request_lac(PG_FUNCTION_ARGS)
{
	return request(fcinfo, "credscore_request_lac", "lac");
}

/* --- what became of them --- */

pg_noreturn static void refuse_unknown(int64 id);

static void
refuse_unknown(int64 id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there is no request " INT64_FORMAT, id),
			 errdetail(
				 "None that is committed and was made by the current role.")));
}

/* A row of the current role. */
static void
look(int64 id, CsQueueRow *row)
{
	bool own;

	if (!cs_queue_look(id, row, &own) ||
		strcmp(NameStr(row->requested_by),
			   GetUserNameFromId(GetUserId(), false)) != 0)
		refuse_unknown(id);
	if (own)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("request " INT64_FORMAT " is not committed", id),
			 errdetail(
				 "It is made by the current transaction, and nobody asks before that is committed.")));
}

static bool
is_open(const CsQueueRow *row)
{
	return row->status == CS_ROW_QUEUED || row->status == CS_ROW_ASKING ||
		   row->status == CS_ROW_PENDING;
}

/* A member of the report that a row ended with, or what stands for it. */
static char *
report_text(const CsQueueRow *row, const char *name, const char *otherwise)
{
	JsonbValue	error;
	JsonbValue	member;
	JsonbValue *found = NULL;

	if (row->error != NULL &&
		getKeyJsonValueFromContainer(&row->error->root, "error", 5, &error) !=
			NULL &&
		error.type == jbvBinary)
		found = getKeyJsonValueFromContainer(error.val.binary.data, name,
											 (int) strlen(name), &member);
	return found != NULL && found->type == jbvString
			   ? pnstrdup(found->val.string.val, found->val.string.len)
			   : pstrdup(otherwise);
}

/* Raises what a row ended with instead of an answer. */
static void
raise_end(int elevel, const CsQueueRow *row)
{
	const char *state = report_text(row, "sqlstate",
									row->status == CS_ROW_CANCELLED ? "CS410"
									: row->status == CS_ROW_EXPIRED ? "CS102"
																	: "CS408");

	ereport(
		elevel,
		(errcode(
			 MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
		 errmsg("request " INT64_FORMAT " %s", row->id,
				row->status == CS_ROW_CANCELLED ? "was cancelled"
				: row->status == CS_ROW_EXPIRED ? "expired"
				: row->status == CS_ROW_UNKNOWN ? "ended as unknown"
												: "failed"),
		 errdetail("%s", report_text(row, "message", "There is no report."))));
}

static CsOnError
on_error_argument(FunctionCallInfo fcinfo)
{
	CsOnError on_error = cs_guc_on_error();

	if (!PG_ARGISNULL(1) &&
		!cs_guc_parse_on_error(text_to_cstring(PG_GETARG_TEXT_PP(1)),
							   &on_error))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"on_error\""),
				 errhint("Available values: %s.", cs_guc_on_error_values())));
	return on_error;
}

/*
 * credscore_result(id bigint, on_error text) returns jsonb
 *
 * NULL while there is no end.
 */
Datum
credscore_result(PG_FUNCTION_ARGS)
{
	CsQueueRow row;
	CsOnError  on_error;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	on_error = on_error_argument(fcinfo);
	look(PG_GETARG_INT64(0), &row);
	if (is_open(&row))
		PG_RETURN_NULL();
	if (row.result != NULL)
		PG_RETURN_JSONB_P(row.result);
	if (row.error != NULL &&
		(on_error == CS_ON_ERROR_REPORT || on_error == CS_ON_ERROR_SUBJECT))
		PG_RETURN_JSONB_P(row.error);
	raise_end(on_error == CS_ON_ERROR_NULL ? WARNING : ERROR, &row);
	PG_RETURN_NULL();
}

static int64
timeout_ms(const Interval *interval)
{
	int64 days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64 ms = days * (USECS_PER_DAY / 1000) + interval->time / 1000;

	if (ms < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid value for argument \"timeout\""),
						errdetail("It must not be negative.")));
	return ms;
}

/*
 * credscore_wait(id bigint, timeout interval) returns jsonb
 *
 * NULL when the time is over.
 */
Datum
credscore_wait(PG_FUNCTION_ARGS)
{
	CsInstant  until;
	CsQueueRow row;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	until =
		cs_clock_ticks() + timeout_ms(PG_GETARG_INTERVAL_P(1)) * CS_US_PER_MS;
	for (;;)
	{
		CsInstant left;

		look(PG_GETARG_INT64(0), &row);
		if (!is_open(&row))
			break;
		left = (until - cs_clock_ticks()) / CS_US_PER_MS;
		if (left <= 0)
			PG_RETURN_NULL();
		cs_wakeup_sleep((long) Min(left, LOOK_MS),
						CS_WAIT_EVENT("CredscoreWait"));
	}
	if (row.result == NULL)
		raise_end(ERROR, &row);
	PG_RETURN_JSONB_P(row.result);
}

/* credscore_cancel(id bigint) returns boolean */
Datum
credscore_cancel(PG_FUNCTION_ARGS)
{
	int64 id;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	id = PG_GETARG_INT64(0);
	switch (cs_queue_cancel(id))
	{
		case CS_CANCEL_UNSENT:
			cs_announce_row(id);
			PG_RETURN_BOOL(true);
		case CS_CANCEL_PENDING:
			cs_announce_row(id);
			ereport(
				NOTICE,
				(errmsg("request " INT64_FORMAT " was sent already", id),
				 errdetail(
					 "It was paid for; its answer is not waited for any more.")));
			break;
		case CS_CANCEL_NO:
			break;
	}
	PG_RETURN_BOOL(false);
}

/* credscore_retry(id bigint) returns boolean */
Datum
credscore_retry(PG_FUNCTION_ARGS)
{
	int64 id;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	id = PG_GETARG_INT64(0);
	if (!cs_queue_retry(id))
		PG_RETURN_BOOL(false);
	cs_announce_row(id);
	PG_RETURN_BOOL(true);
}
