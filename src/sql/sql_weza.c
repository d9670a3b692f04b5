/*-------------------------------------------------------------------------
 * sql_weza.c
 *	  SQL functions for Weza alone: its assessment types, and events made of
 *	  SMS.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "provider/registry.h"
#include "reading/jsonb_read.h"
#include "reading/sms_event.h"
#include "session/asking.h"
#include "session/estimate.h"
#include "session/failure.h"
#include "session/scope.h"
#include "sql/row.h"

/* A list of types that has more pages than this never ends. */
#define MAX_PAGES 1000

PG_FUNCTION_INFO_V1(credscore_assessment_types);
PG_FUNCTION_INFO_V1(credscore_sms_event);

/* --- assessment types --- */

/*
 * The page behind a token, NULL: the first; raises what it fails with.  Gives
 * NULL where it would be asked for, were this no estimate.
 */
static Jsonb *
ask_page(FunctionCallInfo fcinfo, const char *token)
{
	CsAsking   asking;
	CsFailure *failure = NULL;
	CsError	   err = {0};
	Jsonb	  *page;

	if (cs_asking_prepare(cs_asking_by_symbol("credscore_assessment_types"),
						  fcinfo->args, &asking, &err) != CS_OK)
		cs_error_raise_early(&err, NULL);
	if (token != NULL)
		cs_asking_add(&asking, "page_token", token);
	page = cs_asking_outcome(&asking, NULL, &failure);
	if (page == NULL &&
		!(failure->code == CS_ERR_NOT_CACHED && cs_estimate_runs()))
		cs_failure_raise(ERROR, failure);
	return page;
}

/* Emits a page's types; returns the token of the next, NULL: it was the last. */
static char *
emit_page(FunctionCallInfo fcinfo, Jsonb *page)
{
	JsonbValue root;
	JsonbValue list;
	JsonbValue next;
	JsonbValue type;

	cs_jsonb_read_root(page, &root);
	(void) cs_jsonb_read_get(&root, "assessmentTypes", &list);
	for (uint32 i = 0; cs_jsonb_read_at(&list, i, &type); i++)
	{
		CsRow row = {0};

		cs_row_pointer(&row, JsonbValueToJsonb(&type));
		cs_row_emit(fcinfo, &row);
	}
	if (!cs_jsonb_read_get(&root, "nextPageToken", &next) ||
		next.type != jbvString || next.val.string.len == 0)
		return NULL;
	return pg_server_to_any(pnstrdup(next.val.string.val, next.val.string.len),
							next.val.string.len, PG_UTF8);
}

/*
 * credscore_assessment_types(server name) returns setof jsonb
 *
 * The types of assessments that Weza offers, one row each, over all pages.
 * Free.  Failures raise.
 */
Datum
credscore_assessment_types(PG_FUNCTION_ARGS)
{
	char *token = NULL;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (cs_scope_planning())
		return (Datum) 0;
	for (int page = 0; page < MAX_PAGES; page++)
	{
		Jsonb *page;

		CHECK_FOR_INTERRUPTS();
		page = ask_page(fcinfo, token);
		if (page == NULL)
			return (Datum) 0;
		token = emit_page(fcinfo, page);
		if (token == NULL)
			return (Datum) 0;
	}
	ereport(ERROR,
			(errcode(cs_error_sqlstate(CS_ERR_NOT_UNDERSTOOD)),
			 errmsg("list of assessment types does not end"),
			 errdetail("Weza gave more than %d pages of it.", MAX_PAGES)));
}

/* --- events --- */

/*
 * credscore_sms_event(account_id text, sms jsonb, captured_at timestamptz)
 * returns setof jsonb
 *
 * Bodies for credscore_event_create() with the SMS of an array, each below
 * Weza's limit of 5 MB.  22023: an element that is no SMS.
 */
Datum
credscore_sms_event(PG_FUNCTION_ARGS)
{
	char		*account = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char		 normal[CS_SUBJECT_SIZE];
	CsError		 err = {0};
	JsonbValue	 sms;
	CsSmsEvents *events;
	Jsonb		*event;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (cs_registry_endpoint(&cs_weza, "assessments")
			->normalise(NULL, account, normal, &err) != CS_OK)
		cs_error_raise_early(&err, NULL);
	cs_jsonb_read_root(PG_GETARG_JSONB_P(1), &sms);
	events = cs_sms_event_begin(normal, &sms, PG_GETARG_TIMESTAMPTZ(2));
	while ((event = cs_sms_event_next(events)) != NULL)
	{
		CsRow row = {0};

		cs_row_pointer(&row, event);
		cs_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}
