/*-------------------------------------------------------------------------
 * outcome.c
 *	  What has come, and what it makes of rows and their entries.
 *
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/outcome.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "session/failure.h"
#include "session/result_jsonb.h"
#include "shared/slots.h"
#include "worker/outbox.h"
#include "worker/pause.h"
#include "worker/work.h"

/* When what is pending is looked at again, doubling. */
static CsInstant
poll_due(const CsJob *job, CsEntry *entry, int again_ms)
{
	int	  most = job->settings->limits.poll_interval_max >= 0
					 ? job->settings->limits.poll_interval_max
					 : job->settings->provider->polling.interval_max;
	int64 ms = again_ms;

	for (int i = 0; i < entry->tries && ms < most; i++)
		ms *= 2;
	if (job->kind == CS_JOB_POLL && entry->tries < PG_UINT8_MAX)
		entry->tries++;
	return cs_work_after(Min(ms, Max(most, again_ms)));
}

/* Nothing left: the row is as it was before, and has used up no attempt. */
void
cs_outcome_take_back(CsJob *job, const CsQueueRow *row, CsEntry *entry)
{
	CsKept *kept;

	if (job->kind != CS_JOB_ASK)
	{
		cs_work_look_later(entry, cs_work_after(CS_WORK_AGAIN_MS));
		return;
	}
	/* What was paid for once stays pending. */
	kept = cs_outbox_add(job, row, CS_ROW_ASKING,
						 row->attempts > 1 ? CS_ROW_PENDING : CS_ROW_QUEUED);
	cs_outbox_change(kept)->attempts = -1;
	cs_outbox_goes_on(kept, CS_ENTRY_LOOK, cs_work_after(CS_WORK_AGAIN_MS));
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
}

/* A row that nobody will ever know of. */
void
cs_outcome_unknown(CsJob *job, const CsQueueRow *row, CsEntry *entry)
{
	CsKept	 *kept = cs_outbox_add(job, row, CS_ROW_ASKING, CS_ROW_UNKNOWN);
	CsFailure failure = {
		.code = CS_ERR_UNKNOWN,
		.message = "outcome of the call is not known",
		.detail =
			"It was on its way when the server ended, or its answer was lost.",
		.server = NameStr(row->server),
		.billed = CS_BILLED_UNKNOWN,
		.attempts = row->attempts};
	MemoryContext old = MemoryContextSwitchTo(job->cxt);

	cs_outbox_change(kept)->error = cs_result_jsonb_report(&failure);
	MemoryContextSwitchTo(old);
	cs_outbox_ends(kept);
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
}

static bool
has_expired(const CsQueueRow *row)
{
	return row->deadline != DT_NOEND && row->deadline <= GetCurrentTimestamp();
}

static void
write_end(CsJob *job, const CsQueueRow *row, CsEntry *entry,
		  const CsJobResult *result)
{
	CsKept *kept = cs_outbox_add(
		job, row, cs_work_status(job->kind),
		result->to == CS_ROW_PENDING && has_expired(row) ? CS_ROW_EXPIRED
														 : result->to);
	CsQueueChange *change = cs_outbox_change(kept);

	change->provider_ref = result->provider_ref;
	change->result = result->result;
	change->error = result->error;
	if (result->deadline_ms > 0)
		change->deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   result->deadline_ms);
	if (change->to != CS_ROW_PENDING)
		cs_outbox_ends(kept);
	else
	{
		entry->status = CS_ROW_PENDING;
		cs_outbox_goes_on(kept, CS_ENTRY_LOOK,
						  poll_due(job, entry, result->again_ms));
	}
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_WRITE, CS_NEVER);
}

/* Where the assessment was not: the next page, or all again, for a while. */
static void
look_on(CsJob *job, const CsQueueRow *row, CsEntry *entry,
		const CsJobResult *result)
{
	int deadline_ms = job->settings->limits.poll_deadline >= 0
						  ? job->settings->limits.poll_deadline
						  : job->settings->provider->polling.deadline;

	if (result->next_page != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
		CsJob		 *next = cs_job_create(CS_JOB_READ, row, entry->key);

		next->page_token = MemoryContextStrdup(next->cxt, result->next_page);
		cs_work.to_start = lappend(cs_work.to_start, next);
		MemoryContextSwitchTo(old);
	}
	else if (GetCurrentTimestamp() - row->asked_at >
			 (int64) deadline_ms * CS_US_PER_MS)
		cs_outcome_unknown(job, row, entry);
	else
		cs_work_look_later(entry, cs_work_after(CS_WORK_AGAIN_MS));
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
			cs_outcome_take_back(job, row, entry);
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
			/* A free look that says "not yet" changes memory only. */
			if (job->kind == CS_JOB_POLL && result->to == CS_ROW_PENDING &&
				!has_expired(row))
				cs_work_look_later(entry,
								   poll_due(job, entry, result->again_ms));
			else
				write_end(job, row, entry, result);
			break;
	}
}

static void
take_outcome(CsJob *job)
{
	CsJobResult result;

	cs_job_read(job, &result);
	if (result.end == CS_JOB_NOT_NOW)
		cs_pause_add(&job->rows[0].server, result.again_ms);
	else
		cs_pause_end(&job->rows[0].server);
	for (int i = 0; i < job->nrows; i++)
		take_row(job, &job->rows[i], &result);
	cs_outbox_done(job);
}

void
cs_outcome_collect(void)
{
	ListCell *lc;

	foreach(lc, cs_work.jobs)
	{
		CsJob *job = lfirst(lc);

		if (!cs_slots_settled(job->slot))
			continue;
		cs_work.jobs = foreach_delete_current(cs_work.jobs, lc);
		take_outcome(job);
	}
}
