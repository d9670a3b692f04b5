/*-------------------------------------------------------------------------
 * weza_classify.c
 *	  What Weza's replies mean.
 *
 * Pure functions; trees belong to the caller.  Pages are those of
 * https://docs.weza.io/ .
 *------------------------------------------------------------------------- */
#include "provider/weza_classify.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "provider/registry.h"

/* rest-reference/apps.assessments: processed with errors. */
#define STATUS_FAILED 2

/* The guide: ordinarily done within 90 seconds. */
#define ASK_AFTER_MS 2000

/* errors: what the statuses mean. */
#define REFUSED(what) \
	{400, CS_ERR_SUBJECT, what " is not accepted", false}, \
		{409, CS_ERR_SUBJECT, what " exists already", true}, \
	{ \
		422, CS_ERR_SUBJECT, what " breaks a rule of the provider", false \
	}
#define UNKNOWN(what) \
	{ \
		404, CS_ERR_SUBJECT, what " is unknown", false \
	}

/* What is to be made need not be there: the path is the server's. */
#define NO_SUCH_APP \
	{ \
		404, CS_ERR_SERVER_REFUSED, "project or app is unknown", false \
	}

static const CsStatusMeaning borrower_meanings[] = {
	REFUSED("borrower"), UNKNOWN("borrower"), {0}};
static const CsStatusMeaning borrower_create_meanings[] = {
	REFUSED("borrower"), NO_SUCH_APP, {0}};
static const CsStatusMeaning event_meanings[] = {
	REFUSED("event"), UNKNOWN("event"), {0}};
static const CsStatusMeaning event_create_meanings[] = {
	REFUSED("event"), NO_SUCH_APP, {0}};
static const CsStatusMeaning assessment_meanings[] = {
	REFUSED("assessment"), UNKNOWN("assessment"), {0}};
static const CsStatusMeaning assessment_create_meanings[] = {
	REFUSED("assessment"), NO_SUCH_APP, {0}};

static void
not_understood(CsVerdict *verdict, const CsArguments *args,
			   struct json_object *root, const char *wrong)
{
	cs_verdict_fail(verdict, CS_ERR_NOT_UNDERSTOOD,
					"answer of Weza is not understood: %s", wrong);
	cs_verdict_quote(verdict, &cs_weza, args, root);
}

/* Is a member the subject that was asked about?  It must be there. */
static bool
is_about_subject(const CsArguments *args, struct json_object *root,
				 const char *name)
{
	const char *asked = cs_template_argument(args, "subject");
	const char *answered = cs_json_get_text(root, name);

	return answered != NULL && *answered != '\0' &&
		   (asked == NULL || strcmp(asked, answered) == 0);
}

/* An object that names the subject in one of its members. */
static bool
is_resource(const CsArguments *args, struct json_object *root,
			const char *name, CsVerdict *verdict)
{
	if (is_about_subject(args, root, name))
		return true;
	not_understood(verdict, args, root,
				   cs_json_get_text(root, name) == NULL
					   ? "it names nothing that was asked about"
					   : "it is about another subject");
	return false;
}

void
cs_weza_classify_borrower_create(const CsAccount   *account,
								 const CsArguments *args, const CsReply *reply,
								 struct json_object *root,
								 const CsError		*parse_error,
								 CsVerdict			*verdict)
{
	(void) account;
	if (!cs_verdict_by_status(&cs_weza, CS_FEE_NONE, borrower_create_meanings,
							  args, reply->http_status, root, parse_error,
							  verdict))
		(void) is_resource(args, root, "borrowerId", verdict);
}

void
cs_weza_classify_borrower(const CsAccount *account, const CsArguments *args,
						  const CsReply *reply, struct json_object *root,
						  const CsError *parse_error, CsVerdict *verdict)
{
	(void) account;
	if (!cs_verdict_by_status(&cs_weza, CS_FEE_NONE, borrower_meanings, args,
							  reply->http_status, root, parse_error, verdict))
		(void) is_resource(args, root, "borrowerId", verdict);
}

void
cs_weza_classify_event_create(const CsAccount	*account,
							  const CsArguments *args, const CsReply *reply,
							  struct json_object *root,
							  const CsError *parse_error, CsVerdict *verdict)
{
	(void) account;
	if (!cs_verdict_by_status(&cs_weza, CS_FEE_NONE, event_create_meanings,
							  args, reply->http_status, root, parse_error,
							  verdict))
		(void) is_resource(args, root, "accountId", verdict);
}

void
cs_weza_classify_event(const CsAccount *account, const CsArguments *args,
					   const CsReply *reply, struct json_object *root,
					   const CsError *parse_error, CsVerdict *verdict)
{
	(void) account;
	if (!cs_verdict_by_status(&cs_weza, CS_FEE_NONE, event_meanings, args,
							  reply->http_status, root, parse_error, verdict))
		(void) is_resource(args, root, "eventId", verdict);
}

/* The answer is the assessment as it was accepted; its id is what counts. */
void
cs_weza_classify_assessment_create(
	const CsAccount *account, const CsArguments *args, const CsReply *reply,
	struct json_object *root, const CsError *parse_error, CsVerdict *verdict)
{
	(void) account;
	if (cs_verdict_by_status(&cs_weza, CS_FEE_CALL, assessment_create_meanings,
							 args, reply->http_status, root, parse_error,
							 verdict) ||
		!is_resource(args, root, "accountId", verdict))
		return;
	if (cs_json_get_text(root, "assessmentId") == NULL)
		not_understood(verdict, args, root, "it has no assessmentId");
}

/*
 * Done is what has a result: the guide's own sample of a new assessment has the
 * status of a processed one.
 */
void
cs_weza_classify_assessment(const CsAccount *account, const CsArguments *args,
							const CsReply *reply, struct json_object *root,
							const CsError *parse_error, CsVerdict *verdict)
{
	const char *id = cs_json_get_text(root, "assessmentId");
	int64_t		status = 0;

	(void) account;
	if (cs_verdict_by_status(&cs_weza, CS_FEE_NONE, assessment_meanings, args,
							 reply->http_status, root, parse_error, verdict) ||
		!is_resource(args, root, "assessmentId", verdict) ||
		json_object_is_type(cs_json_get(root, "result"), json_type_object))
		return;
	if (cs_json_get(root, "result") != NULL)
		not_understood(verdict, args, root, "its result is no object");
	else if (cs_json_get_int64(root, "status", &status) &&
			 status == STATUS_FAILED)
	{
		cs_verdict_fail(verdict, CS_ERR_SUBJECT,
						"assessment was processed with errors (weza)");
		verdict->over = true;
	}
	else
		cs_verdict_pending(verdict, id, ASK_AFTER_MS,
						   "assessment is still being processed (weza)");
}

/* A page: a list under its name, and the token of the next or null. */
static void
classify_page(const CsArguments *args, struct json_object *root,
			  const char *list, CsVerdict *verdict)
{
	struct json_object *next = cs_json_get(root, "nextPageToken");

	if (!json_object_is_type(cs_json_get(root, list), json_type_array))
		not_understood(verdict, args, root, "it has no list");
	else if (next != NULL && !json_object_is_type(next, json_type_string))
		not_understood(verdict, args, root, "its nextPageToken is no text");
}

void
cs_weza_classify_assessments(const CsAccount *account, const CsArguments *args,
							 const CsReply *reply, struct json_object *root,
							 const CsError *parse_error, CsVerdict *verdict)
{
	(void) account;
	if (!cs_verdict_by_status(&cs_weza, CS_FEE_NONE, NULL, args,
							  reply->http_status, root, parse_error, verdict))
		classify_page(args, root, "assessments", verdict);
}

void
cs_weza_classify_assessment_types(
	const CsAccount *account, const CsArguments *args, const CsReply *reply,
	struct json_object *root, const CsError *parse_error, CsVerdict *verdict)
{
	(void) account;
	if (!cs_verdict_by_status(&cs_weza, CS_FEE_NONE, NULL, args,
							  reply->http_status, root, parse_error, verdict))
		classify_page(args, root, "assessmentTypes", verdict);
}
