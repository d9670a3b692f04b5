/*-------------------------------------------------------------------------
 * outcome.c
 *	  What has come, and what it makes of rows and their entries.
 *
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/outcome.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "session/failure.h"
#include "session/result_jsonb.h"
#include "shared/slots.h"
#include "worker/lane.h"
#include "worker/outbox.h"
#include "worker/work.h"

/* A row that is refused so often, while others of its server are served, fails. */
#define MOST_FAULTS 3

/* An outcome that cannot be read is read again after so long, and given up in
 * the end. */
#define READ_AGAIN_MS 1000

/* So long one waits for settings to read an outcome with. */
#define RESOLVE_AGAIN_MS 10000

/* --- pace --- */

static int64
until_deadline_ms(const CsQueueRow *row)
{
	return row->deadline == DT_NOEND
			   ? PG_INT64_MAX
			   : (row->deadline - GetCurrentTimestamp()) / CS_US_PER_MS + 1;
}

/*
 * When what is pending is looked at again, doubling unless the provider has said
 * when; at its deadline once more, so that it may end.
 */
static CsInstant
poll_due(const CsJob *job, const CsQueueRow *row, CsEntry *entry,
		 const CsJobResult *result)
{
	int	  most = job->settings->limits.poll_interval_max >= 0
					 ? job->settings->limits.poll_interval_max
					 : job->settings->provider->polling.interval_max;
	int64 ms = result->again_ms;
	int64 left = until_deadline_ms(row);

	for (int i = 0; i < entry->tries && ms < most && !result->said; i++)
		ms *= 2;
	ms = Min(ms, Max(most, result->again_ms));
	if (entry->tries < PG_UINT8_MAX)
		entry->tries++;
	return cs_work_after(left > 0 ? Min(ms, left) : ms);
}

/* --- ends of rows --- */

static Jsonb *
report_in(const CsJob *job, const CsFailure *failure)
{
	MemoryContext old = MemoryContextSwitchTo(job->cxt);
	Jsonb		 *report = cs_result_jsonb_report(failure);

	MemoryContextSwitchTo(old);
	return report;
}

static CsFailure
failure_of(const CsJob *job, const CsQueueRow *row, CsErrorCode code,
		   CsBilled billed)
{
	return (CsFailure){.code = code,
					   .server = NameStr(row->server),
					   .provider = job->settings != NULL
									   ? job->settings->provider->name
									   : NULL,
					   .billed = billed,
					   .attempts = row->attempts};
}

/* Who is written waits for that. */
static CsKept *
write_row(CsJob *job, const CsQueueRow *row, CsEntry *entry, CsRowStatus to)
{
	CsKept *kept = cs_outbox_add(job, row, cs_work_status(job->kind), to);

	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
	return kept;
}

static void
end_row(CsJob *job, const CsQueueRow *row, CsEntry *entry, CsRowStatus to,
		Jsonb *error)
{
	CsKept *kept = write_row(job, row, entry, to);

	cs_outbox_change(kept)->error = error;
	cs_outbox_ends(kept);
}

void
cs_outcome_take_back(CsJob *job, const CsQueueRow *row, CsEntry *entry,
					 bool left, int again_ms)
{
	CsKept *kept;

	if (job->kind != CS_JOB_ASK)
	{
		cs_work_look_later(entry, cs_work_after(again_ms));
		return;
	}
	/* What was paid for once stays pending. */
	kept = write_row(job, row, entry,
					 row->answers > 0 ? CS_ROW_PENDING : CS_ROW_QUEUED);
	cs_outbox_change(kept)->attempts = left ? 0 : -1;
	cs_outbox_goes_on(kept, CS_ENTRY_LOOK, cs_work_after(again_ms));
}

void
cs_outcome_refused(CsJob *job, const CsQueueRow *row, CsEntry *entry,
				   const CsJobRefusal *refusal)
{
	bool		  paid = row->answers > 0;
	CsFailure	  failure = failure_of(job, row, CS_ERR_ARGUMENT,
								   paid ? CS_BILLED_YES : CS_BILLED_NO);
	MemoryContext old = MemoryContextSwitchTo(job->cxt);
	CsKept		 *kept;

	failure.message = refusal->message;
	failure.detail = refusal->detail;
	failure.attempts = paid ? row->attempts : 0;
	kept = write_row(job, row, entry,
					 !paid								  ? CS_ROW_FAILED
					 : strcmp(row->kind, "decision") == 0 ? CS_ROW_DONE
														  : CS_ROW_EXPIRED);
	cs_outbox_change(kept)->attempts = job->kind == CS_JOB_ASK ? -1 : 0;
	cs_outbox_change(kept)->error =
		cs_result_jsonb_report_as(&failure, refusal->sqlstate);
	cs_outbox_ends(kept);
	MemoryContextSwitchTo(old);
}

void
cs_outcome_in_doubt(CsJob *job, const CsQueueRow *row, CsEntry *entry)
{
	CsFailure failure =
		failure_of(job, row, CS_ERR_UNKNOWN, CS_BILLED_UNKNOWN);
	CsKept *kept = write_row(job, row, entry, CS_ROW_UNKNOWN);

	failure.message = "the outcome of an earlier call is unknown";
	failure.detail = cs_failure_doubt(&job->unknown);
	failure.attempts = 0;
	cs_outbox_change(kept)->attempts = -1;
	cs_outbox_change(kept)->error = report_in(job, &failure);
	cs_outbox_ends(kept);
}

/* A row that nobody will ever know of. */
void
cs_outcome_unknown(CsJob *job, const CsQueueRow *row, CsEntry *entry)
{
	CsFailure failure =
		failure_of(job, row, CS_ERR_UNKNOWN, CS_BILLED_UNKNOWN);

	failure.message = "outcome of the call is not known";
	failure.detail =
		"It was on its way when the server ended, or its answer was lost.";
	end_row(job, row, entry, CS_ROW_UNKNOWN, report_in(job, &failure));
}

/* --- what came --- */

/* Only who was asked after its deadline, and said "not yet", has expired. */
static bool
has_expired(const CsJob *job, const CsQueueRow *row)
{
	return row->deadline != DT_NOEND && row->deadline <= job->started_at;
}

/* "Not yet", and there is no more time: the latest answer, if any, is kept. */
static void
expire(CsJob *job, const CsQueueRow *row, CsEntry *entry,
	   const CsJobResult *result)
{
	CsFailure failure = failure_of(job, row, CS_ERR_PROCESSING, CS_BILLED_YES);
	CsKept	 *kept;

	failure.message = result->young
						  ? "the user is too young for an answer that lasts"
						  : "the provider is still working on the answer";
	failure.detail = result->young
						 ? "The answer is the latest by the deadline."
						 : "There was none by the deadline of the request.";
	kept = write_row(job, row, entry,
					 result->young ? CS_ROW_DONE : CS_ROW_EXPIRED);
	cs_outbox_change(kept)->result = result->result;
	cs_outbox_change(kept)->error = report_in(job, &failure);
	cs_outbox_ends(kept);
}

static void
write_result(CsJob *job, const CsQueueRow *row, CsEntry *entry,
			 const CsJobResult *result)
{
	CsKept		  *kept = write_row(job, row, entry, result->to);
	CsQueueChange *change = cs_outbox_change(kept);
	CsQueueRow	   with_deadline = *row;

	change->provider_ref = result->provider_ref;
	change->result = result->result;
	change->error = result->error;
	if (job->kind == CS_JOB_ASK)
	{
		change->answers = 1;
		change->attempts = result->cached ? -1 : 0;
	}
	if (result->to != CS_ROW_PENDING)
	{
		cs_outbox_ends(kept);
		return;
	}
	if (result->deadline_ms > 0)
		change->deadline = with_deadline.deadline =
			TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										result->deadline_ms);
	entry->status = CS_ROW_PENDING;
	cs_outbox_goes_on(kept, CS_ENTRY_LOOK,
					  poll_due(job, &with_deadline, entry, result));
}

static void
take_result(CsJob *job, const CsQueueRow *row, CsEntry *entry,
			const CsJobResult *result)
{
	entry->faults = 0;
	entry->failed_at = 0;
	if (result->to == CS_ROW_PENDING && has_expired(job, row))
		expire(job, row, entry, result);
	/* A free look that says "not yet" changes memory only. */
	else if (result->to == CS_ROW_PENDING && job->kind == CS_JOB_POLL)
		cs_work_look_later(entry, poll_due(job, row, entry, result));
	else
		write_result(job, row, entry, result);
}

/* Where the assessment was not: the next page, or all again, for a while. */
static void
look_on(CsJob *job, const CsQueueRow *row, CsEntry *entry,
		const CsJobResult *result)
{
	int deadline_ms = cs_job_poll_deadline(job->settings);

	if (result->next_page != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
		CsJob *next = cs_job_create(CS_JOB_READ, row, entry->key, job->lane);

		next->page_token = MemoryContextStrdup(next->cxt, result->next_page);
		cs_work.to_start = lappend(cs_work.to_start, next);
		MemoryContextSwitchTo(old);
	}
	else if (job->started_at - row->asked_at >
			 (int64) deadline_ms * CS_US_PER_MS)
		cs_outcome_unknown(job, row, entry);
	else
		cs_work_look_later(entry, cs_work_after(CS_WORK_AGAIN_MS));
}

static uint32
now_in_seconds(void)
{
	return (uint32) (cs_clock_ticks() / CS_US_PER_S);
}

/*
 * Is it the row's own fault?  So it is when others of its lane were served since
 * it was refused before; in an outage nobody is.
 */
static bool
is_own_fault(const CsJob *job, const CsEntry *entry)
{
	return entry != NULL && entry->failed_at != 0 &&
		   cs_lane_served_at(job->lane) / CS_US_PER_S > entry->failed_at;
}

/* Nothing was billed.  A row that is at fault several times fails. */
static void
refuse_row(CsJob *job, const CsQueueRow *row, CsEntry *entry,
		   const CsJobResult *result)
{
	bool own = is_own_fault(job, entry);

	entry->failed_at = now_in_seconds();
	if (own && result->left && job->kind == CS_JOB_ASK &&
		++entry->faults >= MOST_FAULTS)
		end_row(job, row, entry, CS_ROW_FAILED, result->error);
	else
		cs_outcome_take_back(job, row, entry, result->left,
							 Max(CS_WORK_AGAIN_MS, result->again_ms));
}

static void
take_row(CsJob *job, const CsQueueRow *row, const CsJobResult *result)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, row->id);

	/* What was made anew meanwhile is looked at anew. */
	if (entry == NULL || entry->state != cs_work_entry_state(job->kind))
		return;
	switch (result->end)
	{
		case CS_JOB_NOT_NOW:
			refuse_row(job, row, entry, result);
			break;
		case CS_JOB_LOST:
			entry->lost = CS_LOST_CALL;
			cs_work_look_later(entry, cs_work_after(CS_WORK_AGAIN_MS));
			break;
		case CS_JOB_EXISTS:
			entry->lost = CS_LOST_NAME;
			cs_work_look_later(entry, cs_clock_ticks());
			break;
		case CS_JOB_UNSEEN:
			look_on(job, row, entry, result);
			break;
		case CS_JOB_OVER:
			take_result(job, row, entry, result);
			break;
	}
}

static void
tell_lane(const CsJob *job, const CsJobResult *result)
{
	CsEntry *entry = cs_schedule_find(cs_work.schedule, job->rows[0].id);

	if (result->end == CS_JOB_LOST)
		return;
	if (result->end != CS_JOB_NOT_NOW)
		cs_lane_served(job->lane);
	else if (!is_own_fault(job, entry))
		cs_lane_refused(job->lane, result->again_ms);
}

static void
take_outcome(CsJob *job, const CsJobResult *result)
{
	tell_lane(job, result);
	for (int i = 0; i < job->nrows; i++)
		take_row(job, &job->rows[i], result);
	cs_outbox_done(job);
}

/* --- what cannot be read --- */

/* Whatever goes wrong in reading is this outcome's, and no other's. */
static pg_noinline bool
read_outcome(CsJob *job, CsJobResult *result)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool read = true;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		cs_job_read(job, result);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		EmitErrorReport();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		read = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return read;
}

/* It was answered, and cannot be read: paid for. */
static void
give_up(CsJob *job)
{
	for (int i = 0; i < job->nrows; i++)
	{
		const CsQueueRow *row = &job->rows[i];
		CsEntry			 *entry = cs_schedule_find(cs_work.schedule, row->id);
		CsFailure		  failure =
			failure_of(job, row, CS_ERR_NOT_UNDERSTOOD, CS_BILLED_UNKNOWN);

		failure.message = "the answer could not be read";
		failure.detail = "The server log says why.";
		if (entry != NULL && entry->state == cs_work_entry_state(job->kind))
			end_row(job, row, entry, CS_ROW_FAILED, report_in(job, &failure));
	}
	cs_outbox_done(job);
}

/* Nobody has settings for it any more. */
static void
forget_job(CsJob *job)
{
	for (int i = 0; i < job->nrows; i++)
	{
		CsEntry *entry = cs_schedule_find(cs_work.schedule, job->rows[i].id);

		if (entry != NULL)
			cs_outcome_unknown(job, &job->rows[i], entry);
	}
	cs_outbox_done(job);
}

/* Are there settings to read it with?  What is gone for ever ends here. */
static bool
is_readable(CsJob *job, bool *gone)
{
	*gone = false;
	if (job->settings != NULL || cs_job_resolve(job, gone))
		return true;
	job->read_at = cs_work_after(RESOLVE_AGAIN_MS);
	return false;
}

/* Takes the outcome of a job that is settled; false: it stays for later. */
static bool
take_job(CsJob *job)
{
	CsJobResult result;
	bool		gone;

	if (!is_readable(job, &gone))
	{
		if (gone)
			forget_job(job);
		return gone;
	}
	if (read_outcome(job, &result))
	{
		take_outcome(job, &result);
		return true;
	}
	job->read_at = cs_work_after(READ_AGAIN_MS);
	if (++job->faults < MOST_FAULTS)
		return false;
	give_up(job);
	return true;
}

void
cs_outcome_collect(void)
{
	ListCell *lc;

	foreach(lc, cs_work.jobs)
	{
		CsJob *job = lfirst(lc);

		if (!cs_slots_settled(job->slot) || job->read_at > cs_clock_ticks())
			continue;
		if (job->flying)
			cs_lane_end(job->lane);
		job->flying = false;
		if (take_job(job))
			cs_work.jobs = foreach_delete_current(cs_work.jobs, lc);
	}
}
