/*-------------------------------------------------------------------------
 * job_read.c
 *	  What an outcome makes of the rows of a job.
 *
 * Everything is allocated in the job's memory context.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/job.h"

#include <json-c/json.h>

#include "utils/memutils.h"

#include "base/json.h"
#include "pg/shmem.h"
#include "provider/weza_id.h"
#include "session/failure.h"
#include "session/noting.h"
#include "session/result_jsonb.h"
#include "shared/slots.h"

/* Pngme: a user is old enough beyond five minutes. */
#define OLD_ENOUGH_MINUTES 6

/* A reply on its way through the reading. */
typedef struct Reading
{
	CsJob	 *job;
	CsAbout	  about;
	CsOutcome outcome;
	CsReply	  reply;
	bool	  told; /* somebody has read it: the ledger knows of it */
	struct json_object *root;
	CsVerdict			verdict;
	CsJobResult		   *result;
} Reading;

int
cs_job_poll_deadline(const CsSettings *settings)
{
	return settings->limits.poll_deadline >= 0
			   ? settings->limits.poll_deadline
			   : settings->provider->polling.deadline;
}

static int
first_pause(const CsJob *job, int said)
{
	const CsLimits *limits = &job->settings->limits;

	if (limits->poll_interval >= 0)
		return limits->poll_interval;
	return said > 0 ? said : job->settings->provider->polling.interval;
}

static void
become_pending(Reading *r, const char *ref, int again_ms)
{
	CsJob *job = r->job;

	r->result->to = CS_ROW_PENDING;
	r->result->provider_ref = ref;
	r->result->said = r->outcome.retry_after_ms > 0;
	r->result->again_ms =
		r->result->said ? r->outcome.retry_after_ms : again_ms;
	if (job->kind != CS_JOB_POLL && job->rows[0].deadline == DT_NOEND)
		r->result->deadline_ms = cs_job_poll_deadline(job->settings);
}

static void
fail(Reading *r, CsRowStatus to, const CsFailure *failure)
{
	r->result->to = to;
	r->result->error = cs_result_jsonb_report(failure);
}

/* Nothing is to be had at present.  The report is for who gives up. */
static void
be_not_now(Reading *r, const CsFailure *failure)
{
	r->result->end = CS_JOB_NOT_NOW;
	r->result->left = r->outcome.attempts > 0 &&
					  r->outcome.end == CS_CALL_REPLY &&
					  !r->outcome.from_login;
	r->result->again_ms = r->outcome.retry_after_ms;
	r->result->error = cs_result_jsonb_report(failure);
}

static Jsonb *
answer_of(Reading *r)
{
	CsError err = {0};
	Jsonb  *answer = cs_result_jsonb(r->root, &err);

	if (answer == NULL)
	{
		r->verdict.error = err;
		r->verdict.code = err.code;
		fail(r, CS_ROW_FAILED,
			 cs_failure_from_reply(&r->about, &r->outcome, &r->verdict));
	}
	return answer;
}

/* Whose answer it is: of the call that was billed, not of a free look. */
static void
tell_ledger(const Reading *r, const Jsonb *answer)
{
	const CsJob *job = r->job;
	char		 asked[CS_JOB_UUID_SIZE];

	if (r->told || r->outcome.kept)
		return;
	cs_job_request_id(job, asked);
	cs_noting_answer(job->settings,
					 job->endpoint->fee != CS_FEE_NONE ? r->outcome.request_id
													   : asked,
					 answer, cs_registry_reference(job->endpoint, r->root));
}

/* Minutes until a Pngme user is old enough for an answer that counts. */
static int
minutes_to_wait(struct json_object *root)
{
	int64_t elapsed = 0;

	(void) cs_json_get_int64(root, "user_created_at_elapsed_minutes",
							 &elapsed);
	return (int) Max(1, OLD_ENOUGH_MINUTES - elapsed);
}

/* Is an assessment of the account the one that a row asked for? */
static bool
is_of_row(struct json_object *assessment, const CsQueueRow *row)
{
	const char *time = cs_json_get_text(assessment, "timestamp");
	char	   *asked = cs_job_argument(row, "assessed_at");
	int64_t		ms;
	int64_t		asked_ms;

	return time != NULL && asked != NULL && cs_weza_id_time(time, &ms) &&
		   cs_weza_id_time(asked, &asked_ms) && ms == asked_ms &&
		   cs_json_get_text(assessment, "assessmentId") != NULL;
}

/* A page of an account's assessments: is the row's among them? */
static void
find_assessment(Reading *r)
{
	struct json_object *list = cs_json_get(r->root, "assessments");
	const char		   *next = cs_json_get_text(r->root, "nextPageToken");

	for (size_t i = 0; i < json_object_array_length(list); i++)
	{
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!is_of_row(item, &r->job->rows[0]))
			continue;
		become_pending(r, pstrdup(cs_json_get_text(item, "assessmentId")), 0);
		return;
	}
	r->result->end = CS_JOB_UNSEEN;
	r->result->next_page = next != NULL ? pstrdup(next) : NULL;
}

static void
take_answer(Reading *r)
{
	CsJob *job = r->job;
	Jsonb *answer;

	if (job->kind == CS_JOB_READ)
	{
		find_assessment(r);
		return;
	}
	answer = answer_of(r);

	if (answer == NULL)
		return;
	if (job->kind == CS_JOB_ASK &&
		strcmp(job->rows[0].kind, "assessment") == 0)
	{
		become_pending(r, cs_json_get_text(r->root, "assessmentId"),
					   first_pause(job, 0));
		r->result->provider_ref = pstrdup(r->result->provider_ref);
		return;
	}
	tell_ledger(r, answer);
	r->result->result = answer;
	r->result->to = CS_ROW_DONE;
	r->result->young = r->verdict.fresh_s > 0;
	if (r->result->young)
		become_pending(r, NULL,
					   job->settings->limits.poll_interval >= 0
						   ? job->settings->limits.poll_interval
						   : minutes_to_wait(r->root) * 60000);
}

/*
 * That nothing is there proves nothing: what was accepted may not be to be seen
 * yet.
 */
static void
take_absence(Reading *r)
{
	if (r->job->kind == CS_JOB_READ)
		r->result->end = CS_JOB_UNSEEN;
	else
		become_pending(r, NULL, first_pause(r->job, 0));
}

/* What a reply that is no answer makes of the rows. */
static void
take_refusal(Reading *r)
{
	CsErrorCode		 code = r->verdict.code;
	CsJob			*job = r->job;
	const CsFailure *failure =
		cs_failure_from_reply(&r->about, &r->outcome, &r->verdict);

	if (code == CS_ERR_PROCESSING)
		become_pending(
			r,
			r->verdict.handle[0] != '\0' ? pstrdup(r->verdict.handle) : NULL,
			first_pause(job, r->verdict.ask_after_ms));
	else if (r->verdict.exists && job->kind == CS_JOB_ASK)
		r->result->end = CS_JOB_EXISTS;
	else if (code == CS_ERR_SUBJECT && job->kind != CS_JOB_ASK &&
			 !r->verdict.over)
		take_absence(r);
	else if (cs_error_about_subject(code))
		fail(r, code == CS_ERR_UNKNOWN ? CS_ROW_UNKNOWN : CS_ROW_FAILED,
			 failure);
	else
		be_not_now(r, failure);
}

/* The text of a body; that of an answer which somebody has read is written anew. */
static void
take_body(Reading *r, dsa_pointer body)
{
	const CsReplyBody *b;

	if (!DsaPointerIsValid(body))
		return;
	b = dsa_get_address(cs_shmem_area(), body);
	if (b->form == CS_BODY_RAW)
	{
		r->reply.body = b->bytes;
		r->reply.len = b->len;
		return;
	}
	r->told = true;
	r->reply.body = JsonbToCString(
		NULL, unconstify(JsonbContainer *, &((const Jsonb *) b->bytes)->root),
		(int) b->len);
	r->reply.len = strlen(r->reply.body);
}

static void
read_reply(Reading *r, dsa_pointer body)
{
	CsPair		pairs[CS_ACCOUNT_MAX_PAIRS + 1];
	CsArguments args = {.pairs = pairs};
	CsError		parse_error = {0};
	CsStatus	parsed = CS_FAIL;

	take_body(r, body);
	args.npairs = cs_settings_secrets(r->job->settings, pairs);
	pairs[args.npairs++] = (CsPair){"subject", r->job->subject};
	args.request_id = r->outcome.request_id; /* of the call that answered */
	if (r->reply.len > 0)
		parsed =
			cs_json_parse(r->reply.body, r->reply.len, &r->root, &parse_error);
	r->job->endpoint->classify(
		&r->job->settings->account, &args, &r->reply, r->root,
		r->reply.len > 0 && parsed != CS_OK ? &parse_error : NULL,
		&r->verdict);
	r->verdict.error.code = r->verdict.code;
}

static pg_noinline void
digest(Reading *r, dsa_pointer body)
{
	read_reply(r, body);
	if (r->verdict.code == CS_ERR_NONE)
		take_answer(r);
	else
		take_refusal(r);
}

static pg_noinline void
take_reply(Reading *r, dsa_pointer body)
{
	PG_TRY();
	{
		digest(r, body);
	}
	PG_CATCH();
	{
		json_object_put(r->root);
		PG_RE_THROW();
	}
	PG_END_TRY();
	json_object_put(r->root);
}

/* No reply came that could be read.  A free look may be had again. */
static void
take_failure(Reading *r)
{
	CsErrorCode		 code = r->outcome.code;
	CsJob			*job = r->job;
	const CsFailure *failure = cs_failure_from_outcome(&r->about, &r->outcome);

	if (!cs_error_about_subject(code) ||
		(code == CS_ERR_UNKNOWN && job->kind != CS_JOB_ASK))
		be_not_now(r, failure);
	else if (code == CS_ERR_UNKNOWN &&
			 strcmp(job->rows[0].kind, "assessment") == 0)
		r->result->end = CS_JOB_LOST;
	else
		fail(r, code == CS_ERR_UNKNOWN ? CS_ROW_UNKNOWN : CS_ROW_FAILED,
			 failure);
}

void
cs_job_read(CsJob *job, CsJobResult *result)
{
	MemoryContext old = MemoryContextSwitchTo(job->cxt);
	dsa_pointer	  body;
	Reading		  r = {.job = job,
					   .result = result,
					   .about = {.endpoint = job->endpoint,
								 .settings = job->settings,
								 .subject = job->subject}};

	memset(result, 0, sizeof(*result));
	result->end = CS_JOB_OVER;
	cs_slots_peek(job->slot, &r.outcome, &body);
	result->cached = r.outcome.cached;
	r.reply = (CsReply){r.outcome.http_status, "", 0};
	if (r.outcome.code == CS_ERR_NONE)
		take_reply(&r, body);
	else
		take_failure(&r);
	MemoryContextSwitchTo(old);
}
