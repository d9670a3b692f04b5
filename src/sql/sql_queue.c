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
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/error.h"
#include "pg/guc.h"
#include "pg/shmem.h"
#include "pg/wakeup.h"
#include "session/announce.h"
#include "session/asking.h"
#include "session/failure.h"
#include "session/permit.h"
#include "session/question.h"
#include "session/result_jsonb.h"
#include "session/scope.h"
#include "store/home.h"
#include "store/queue.h"

/* How often a waiting session looks at its row. */
#define LOOK_MS 100

/* For ever: a hundred years. */
#define LONGEST_MS (INT64CONST(100) * 365 * 24 * 3600 * 1000)

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
	value.val.string.val = pg_any_to_server(text, (int) strlen(text), PG_UTF8);
	value.val.string.len = (int) strlen(value.val.string.val);
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

/* Refuses what would ask, now or later, where nothing is asked. */
static void
check_asks(bool cached_only)
{
	CsHome home;

	if (cached_only || cs_guc_mode() == CS_MODE_CACHED)
		ereport(ERROR,
				(errcode(cs_error_sqlstate(CS_ERR_NOT_CACHED)),
				 errmsg("a request would ask the provider"),
				 errhint("SET credscore.mode = 'live' to make requests.")));
	home = cs_home_look(false);
	if (home != CS_HOME_HERE)
		cs_error_raise(ERROR, CS_ERR_AWAY, "requests are switched off",
					   psprintf("This database is not at home here: %s.",
								cs_home_fault(home)),
					   NULL);
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
	check_asks(asking.ask.cached_only);
	if (cs_permit_lacks_purpose(asking.ask.settings))
		cs_failure_no_request(asking.ask.settings->server_name);
	cs_question_check(&asking.ask);
	row.kind = unconstify(char *, kind);
	row.subject = pg_any_to_server(asking.subject,
								   (int) strlen(asking.subject), PG_UTF8);
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
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("there is no request " INT64_FORMAT, id),
					errdetail("None that the current role has made.")));
}

/* A row of the current role; *own: as this transaction has made or changed it. */
static void
look(int64 id, CsQueueRow *row, bool *own)
{
	if (!cs_queue_look(id, row, own) ||
		strcmp(NameStr(row->requested_by),
			   GetUserNameFromId(GetUserId(), false)) != 0)
		refuse_unknown(id);
}

static bool
is_open(const CsQueueRow *row)
{
	return row->status == CS_ROW_QUEUED || row->status == CS_ROW_ASKING ||
		   row->status == CS_ROW_PENDING;
}

/* --- what ended without an answer --- */

/* A text of the report that a row ended with; NULL: there is none. */
static char *
report_text(const CsQueueRow *row, const char *name)
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
			   : NULL;
}

/* Of a row that the requester has ended, which has no report. */
static CsErrorCode
code_of_end(const CsQueueRow *row)
{
	return row->status == CS_ROW_EXPIRED   ? CS_ERR_PROCESSING
		   : row->status == CS_ROW_UNKNOWN ? CS_ERR_UNKNOWN
										   : CS_ERR_ARGUMENT;
}

static int
sqlstate_of(const CsQueueRow *row)
{
	const char *state = report_text(row, "sqlstate");

	if (state != NULL && strlen(state) == 5)
		return MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
	return row->status == CS_ROW_CANCELLED
			   ? CS_ERROR_CANCELLED
			   : cs_error_sqlstate(code_of_end(row));
}

static const char *
word_of_end(const CsQueueRow *row)
{
	switch (row->status)
	{
		case CS_ROW_CANCELLED:
			return "was cancelled";
		case CS_ROW_EXPIRED:
			return "expired";
		case CS_ROW_UNKNOWN:
			return "ended as unknown";
		default:
			return "failed";
	}
}

static Jsonb *
report_of(const CsQueueRow *row)
{
	CsFailure failure = {.code = code_of_end(row),
						 .message = psprintf("request " INT64_FORMAT " %s",
											 row->id, word_of_end(row)),
						 .server = NameStr(row->server),
						 .attempts = row->attempts,
						 .billed = row->status == CS_ROW_EXPIRED
									   ? CS_BILLED_YES
									   : CS_BILLED_NO};

	if (row->error != NULL)
		return row->error;
	return cs_result_jsonb_report_as(&failure, sqlstate_of(row));
}

static void
raise_end(int elevel, const CsQueueRow *row)
{
	const char *message = report_text(row, "message");
	const char *detail = report_text(row, "detail");
	bool again = row->status != CS_ROW_CANCELLED && row->subject[0] != '\0';

	ereport(elevel,
			(errcode(sqlstate_of(row)),
			 message != NULL ? errmsg("request " INT64_FORMAT " %s: %s",
									  row->id, word_of_end(row), message)
							 : errmsg("request " INT64_FORMAT " %s", row->id,
									  word_of_end(row)),
			 detail != NULL ? errdetail("%s", detail) : 0,
			 again ? errhint("SELECT credscore_retry(" INT64_FORMAT
							 ") asks it again, which is paid for again.",
							 row->id)
				   : 0));
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
	bool	   own;

	cs_shmem_require();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	on_error = on_error_argument(fcinfo);
	look(PG_GETARG_INT64(0), &row, &own);
	if (is_open(&row))
		PG_RETURN_NULL();
	if (row.status == CS_ROW_DONE && row.result != NULL)
		PG_RETURN_JSONB_P(row.result);
	if (on_error == CS_ON_ERROR_REPORT ||
		(on_error == CS_ON_ERROR_SUBJECT &&
		 cs_error_state_about_subject(sqlstate_of(&row))))
		PG_RETURN_JSONB_P(report_of(&row));
	raise_end(on_error == CS_ON_ERROR_NULL ? WARNING : ERROR, &row);
	PG_RETURN_NULL();
}

/* --- waiting --- */

static int64
timeout_ms(const Interval *interval)
{
	int64 days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64 ms = days * (USECS_PER_DAY / 1000) + interval->time / 1000;

	if (ms < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid value for argument \"timeout\""),
						errdetail("It must not be negative.")));
	return Min(ms, LONGEST_MS);
}

/* What would be waited for in vain. */
static void
check_is_asked(const CsQueueRow *row, bool own)
{
	pg_uuid_t home;

	if (own)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("request " INT64_FORMAT " is not committed", row->id),
			 errdetail(
				 "The current transaction has made it, and nobody asks before that is committed.")));
	cs_home_digest(&home);
	if (memcmp(&home, &row->home, sizeof(home)) != 0)
		cs_error_raise(
			ERROR, CS_ERR_AWAY,
			psprintf("nobody asks request " INT64_FORMAT, row->id),
			"It was made before this database was restored or copied.",
			"A superuser says SELECT credscore_adopt(true) to have such requests asked here, or credscore_adopt() to end them.");
}

static bool
has_ended(int64 id, CsQueueRow *row)
{
	bool own;

	look(id, row, &own);
	if (!is_open(row))
		return true;
	check_is_asked(row, own);
	return false;
}

/* Looks until the row has ended, in a context of its own; false: time is over. */
static bool
wait_for_end(int64 id, int64 ms, CsQueueRow *row)
{
	CsInstant	  until = cs_clock_ticks() + ms * CS_US_PER_MS;
	MemoryContext looks = AllocSetContextCreate(
		CurrentMemoryContext, "credscore wait", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(looks);
	bool		  ended;

	while (!(ended = has_ended(id, row)))
	{
		CsInstant left = (until - cs_clock_ticks()) / CS_US_PER_MS;

		if (left <= 0)
			break;
		MemoryContextReset(looks);
		cs_wakeup_sleep((long) Min(left, LOOK_MS),
						CS_WAIT_EVENT("CredscoreWait"));
	}
	MemoryContextSwitchTo(old);
	return ended;
}

/*
 * credscore_wait(id bigint, timeout interval) returns jsonb
 *
 * NULL when the time is over.
 */
Datum
credscore_wait(PG_FUNCTION_ARGS)
{
	CsQueueRow row;

	cs_shmem_require();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (!wait_for_end(PG_GETARG_INT64(0), timeout_ms(PG_GETARG_INTERVAL_P(1)),
					  &row))
		PG_RETURN_NULL();
	if (row.status != CS_ROW_DONE || row.result == NULL)
		raise_end(ERROR, &row);
	PG_RETURN_JSONB_P(row.result);
}

/* --- changing one --- */

/* credscore_cancel(id bigint) returns boolean */
Datum
credscore_cancel(PG_FUNCTION_ARGS)
{
	int64 id;

	cs_shmem_require();
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

/*
 * What is asked again has the purpose that it was requested for, or, if it had
 * none, that of now.
 */
static void
check_purpose(int64 id)
{
	CsQueueRow row;
	bool	   own;

	if (cs_queue_look(id, &row, &own) && row.purpose == NULL &&
		cs_settings_wants_purpose(NameStr(row.server)))
		cs_failure_no_request(NameStr(row.server));
}

/* credscore_retry(id bigint) returns boolean */
Datum
credscore_retry(PG_FUNCTION_ARGS)
{
	int64 id;

	cs_shmem_require();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	check_asks(false);
	id = PG_GETARG_INT64(0);
	if (!cs_queue_retry(id))
		PG_RETURN_BOOL(false);
	check_purpose(id);
	cs_announce_row(id);
	PG_RETURN_BOOL(true);
}
