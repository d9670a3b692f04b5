/*-------------------------------------------------------------------------
 * claim.c
 *	  What is due: what has come is written, rows are claimed and asked.
 *
 * A transaction that fails changes nothing in memory that its next trial would
 * not find right again: what is to be written is kept until it is, a row that was
 * taken is looked at later, and one whose claim was lost with the transaction is
 * seen to be queued when its outcome is written.  The next trial is smaller; a row
 * that fails by itself, several times, fails for good.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/claim.h"

#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "session/failure.h"
#include "session/result_jsonb.h"
#include "shared/place.h"
#include "shared/slots.h"
#include "store/home.h"
#include "worker/lane.h"
#include "worker/outbox.h"
#include "worker/outcome.h"
#include "worker/due.h"
#include "worker/work.h"

/* Rows that a turn claims or looks at, beside those that ask the same, and those
 * that it writes, at most. */
#define TURN_ROWS  256
#define WRITE_ROWS 1000

/* Whose role may not ask, and who was paid for, is looked at again after so long. */
#define REFUSED_AGAIN_MS 10000

/* What waits for others' locks so long is told, and told again. */
#define BLOCKED_MS 10000

/* What fails by itself so often fails for good. */
#define MOST_FAULTS 3

/* What a turn was doing when it failed. */
typedef enum Phase
{
	PHASE_READ,
	PHASE_WRITE,
	PHASE_CLAIM,
	PHASE_START
} Phase;

typedef struct Turn
{
	Phase  phase;
	bool   leaving;
	int	   n; /* rows that are due, taken out of their lanes */
	int64 *ids;
	int	   room; /* of ids */
	List  *jobs; /* to be started */
	int	   started;
	int64 *ended;
	int	   nended;
} Turn;

static int	turn_rows = TURN_ROWS;
static int	write_rows = WRITE_ROWS;
static int	faults;			/* of one row alone, in a row */
static bool locked = false; /* something waits for others' locks */

/* --- what is due --- */

static bool
is_due(int lane, CsInstant now)
{
	CsEntry *first = cs_schedule_first(cs_work.schedule, (uint16) lane);

	return first != NULL && first->due <= now;
}

/* It waits for something from now on. */
static void
take(Turn *turn, CsEntry *entry)
{
	if (turn->n == turn->room)
	{
		turn->room *= 2;
		turn->ids = repalloc_huge(turn->ids, turn->room * sizeof(int64));
	}
	turn->ids[turn->n++] = entry->id;
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_LOOK, CS_NEVER);
}

/*
 * Those that ask the same, in the same state, come along, however many: they need
 * no room on the wire, and left behind they might be asked by themselves.
 */
static void
take_alike(Turn *turn, const CsEntry *first)
{
	CsEntry *entry = NULL;

	while ((entry = cs_schedule_same(cs_work.schedule, first->key, entry)) !=
		   NULL)
		if (entry->state == CS_ENTRY_LOOK && entry->due != CS_NEVER &&
			entry->status == first->status)
			take(turn, entry);
}

static void
take_due_of(Turn *turn, int lane)
{
	CsInstant now = cs_clock_ticks();

	for (int room = cs_lane_room(lane);
		 room > 0 && turn->n < turn_rows && is_due(lane, now); room--)
	{
		CsEntry *entry = cs_schedule_first(cs_work.schedule, (uint16) lane);

		take(turn, entry);
		/* Alone, where something fails, to find what it is. */
		if (turn_rows > 1)
			take_alike(turn, entry);
	}
}

/* From another lane first in each turn, so that none is always the last. */
static void
take_due(Turn *turn)
{
	static unsigned first = 0;
	int				n = cs_lane_count();

	if (n == 0 || !cs_guc_enabled())
		return;
	first++;
	for (int i = 0; i < n; i++)
		take_due_of(turn, (int) ((first + (unsigned) i) % (unsigned) n));
}

static bool
something_is_due(void)
{
	CsInstant now = cs_clock_ticks();

	for (int i = 0; i < cs_lane_count(); i++)
		if (is_due(i, now) && cs_lane_room(i) > 0)
			return cs_guc_enabled();
	return false;
}

static bool
something_came(void)
{
	ListCell *lc;

	foreach(lc, cs_work.jobs)
	{
		CsJob *job = lfirst(lc);

		if (cs_slots_settled(job->slot) && job->read_at <= cs_clock_ticks())
			return true;
	}
	return false;
}

CsInstant
cs_claim_next(void)
{
	CsInstant next = CS_NEVER;
	ListCell *lc;

	if (cs_work.to_start != NIL)
		next = 0;
	if (!cs_outbox_is_empty())
		next = locked ? cs_work_after(CS_WORK_AGAIN_MS) : 0;
	foreach(lc, cs_work.jobs)
	{
		CsJob *job = lfirst(lc);

		if (cs_slots_settled(job->slot))
			next = Min(next, job->read_at);
	}
	for (int i = 0; i < cs_lane_count(); i++)
	{
		CsEntry *first = cs_schedule_first(cs_work.schedule, (uint16) i);

		if (first != NULL && cs_guc_enabled())
			next = Min(next, Max(first->due, cs_lane_opens_at(i)));
	}
	return Max(next, cs_work.not_before);
}

bool
cs_claim_is_busy(void)
{
	return cs_work.jobs != NIL || cs_work.to_start != NIL ||
		   !cs_outbox_is_empty();
}

static void
plan_and_write(void *argument)
{
	Turn *turn = argument;

	turn->phase = PHASE_READ;
	cs_outcome_collect();
	turn->phase = PHASE_WRITE;
	locked = !cs_outbox_write(write_rows);
	turn->phase = PHASE_CLAIM;
	if (turn->leaving)
		return;
	take_due(turn);
	if (turn->n == 0)
		return;
	cs_work.away = cs_home_look(true) != CS_HOME_HERE;
	if (!cs_work.away)
		turn->jobs = cs_due_plan(turn->ids, turn->n, &locked);
}

/* --- what fails --- */

static Jsonb *
report_of_fault(void)
{
	CsFailure failure = {.code = CS_ERR_NOT_UNDERSTOOD,
						 .message = "the request could not be worked on",
						 .detail = "The server log says why.",
						 .billed = CS_BILLED_UNKNOWN};

	return cs_result_jsonb_report(&failure);
}

static void
fail_row(void *argument)
{
	cs_queue_work_fail(*(int64 *) argument, report_of_fault());
}

/* A row that cannot even be written as failed is left to the next look. */
static void
give_up_row(int64 id)
{
	(void) cs_work_do(fail_row, &id);
	cs_work_forget(id);
}

static void
spoil_first(void *argument)
{
	cs_outbox_spoil(report_of_fault());
}

/* Is it the fault of one row, and has been so often enough? */
static bool
is_to_be_given_up(bool alone)
{
	if (!alone || cs_work.locked)
		return false;
	if (++faults < MOST_FAULTS)
		return false;
	faults = 0;
	return true;
}

static void
after_fault(Turn *turn)
{
	cs_work.not_before = cs_work_after(CS_WORK_AGAIN_MS);
	locked = locked || cs_work.locked;
	for (int i = 0; i < turn->n; i++)
	{
		CsEntry *entry = cs_schedule_find(cs_work.schedule, turn->ids[i]);

		if (entry != NULL && entry->state == CS_ENTRY_LOOK)
			cs_work_look_later(entry, cs_work_after(CS_WORK_AGAIN_MS));
	}
	if (turn->phase == PHASE_WRITE)
	{
		if (is_to_be_given_up(write_rows == 1) && !cs_outbox_is_empty())
			(void) cs_work_do(spoil_first, NULL);
		write_rows = Max(write_rows / 4, 1);
	}
	else if (turn->phase == PHASE_CLAIM)
	{
		if (is_to_be_given_up(turn->n == 1))
			give_up_row(turn->ids[0]);
		turn_rows = Max(turn_rows / 4, 1);
	}
}

static void
after_success(void)
{
	faults = 0;
	turn_rows = Min(turn_rows * 2, TURN_ROWS);
	write_rows = Min(write_rows * 2, WRITE_ROWS);
}

/* --- starting --- */

/*
 * What was paid for waits until its deadline for somebody who may look after it:
 * rights and mappings come back.
 */
static bool
may_wait(const CsQueueRow *row)
{
	return row->answers > 0 && row->deadline != DT_NOEND &&
		   row->deadline > GetCurrentTimestamp();
}

/* Requests whose role may not ask, or not any more. */
static void
refuse_job(CsJob *job, const CsJobRefusal *refusal)
{
	for (int i = 0; i < job->nrows; i++)
	{
		const CsQueueRow *row = &job->rows[i];
		CsEntry			 *entry = cs_schedule_find(cs_work.schedule, row->id);

		if (entry == NULL)
			continue;
		if (may_wait(row))
			cs_outcome_take_back(job, row, entry, false, REFUSED_AGAIN_MS);
		else
			cs_outcome_refused(job, row, entry, refusal);
	}
	cs_outbox_done(job);
}

static void
take_back_job(CsJob *job)
{
	for (int i = 0; i < job->nrows; i++)
	{
		CsEntry *entry = cs_schedule_find(cs_work.schedule, job->rows[i].id);

		if (entry != NULL)
			cs_outcome_take_back(job, &job->rows[i], entry, false,
								 CS_WORK_AGAIN_MS);
	}
	cs_outbox_done(job);
}

/* They wait for a person. */
static void
leave_in_doubt(CsJob *job)
{
	for (int i = 0; i < job->nrows; i++)
	{
		CsEntry *entry = cs_schedule_find(cs_work.schedule, job->rows[i].id);

		if (entry != NULL)
			cs_outcome_in_doubt(job, &job->rows[i], entry);
	}
	cs_outbox_done(job);
}

static void
note_started(CsJob *job)
{
	for (int i = 0; i < job->nrows; i++)
	{
		CsEntry *entry = cs_schedule_find(cs_work.schedule, job->rows[i].id);

		if (entry == NULL)
			continue;
		entry->status = (uint8) cs_work_status(job->kind);
		cs_schedule_set(cs_work.schedule, entry,
						cs_work_entry_state(job->kind), CS_NEVER);
	}
}

static void
start_job(CsJob *job)
{
	CsJobRefusal refusal = {0};

	note_started(job);
	switch (cs_job_start(job, &refusal))
	{
		case CS_JOB_STARTED:
			cs_work_keep(job);
			break;
		case CS_JOB_IN_DOUBT:
			leave_in_doubt(job);
			break;
		case CS_JOB_UNFIT:
			cs_lane_refused(job->lane, 0);
			take_back_job(job);
			break;
		case CS_JOB_NO_ROOM:
			take_back_job(job);
			break;
		case CS_JOB_REFUSED:
			refuse_job(job, &refusal);
			break;
	}
}

static void
start_jobs(void *argument)
{
	Turn *turn = argument;

	turn->phase = PHASE_START;
	for (; turn->started < list_length(turn->jobs); turn->started++)
		start_job(list_nth(turn->jobs, turn->started));
}

/* Those that could not be started are looked at again. */
static void
drop_jobs(const Turn *turn)
{
	for (int i = turn->started; i < list_length(turn->jobs); i++)
	{
		CsJob *job = list_nth(turn->jobs, i);

		for (int j = 0; j < job->nrows; j++)
			cs_work_set(job->rows[j].id, CS_ENTRY_LOOK,
						cs_work_after(CS_WORK_AGAIN_MS));
		cs_outbox_done(job);
	}
	cs_work.not_before = cs_work_after(CS_WORK_AGAIN_MS);
}

/* --- who stands in the way --- */

static void
find_blocker(void *argument)
{
	*(int *) argument = cs_queue_work_blocker();
}

/*
 * What others' locks have kept waiting for long is said to whoever watches.  What
 * is locked is tried again each second, and other turns lie between.
 */
static void
tell_blocked(void)
{
	static CsInstant since;	  /* 0: nothing waits */
	static CsInstant seen_at; /* it was last seen to wait */
	static CsInstant told_at; /* 0: nobody was told */
	CsInstant		 now = cs_clock_ticks();
	int				 pid = 0;

	if (locked)
		seen_at = now;
	if (since == 0 && locked)
		since = now;
	if (since == 0 || now - Max(since, told_at) < BLOCKED_MS * CS_US_PER_MS)
		return;
	if (now - seen_at > 3 * CS_WORK_AGAIN_MS * CS_US_PER_MS)
	{
		if (told_at != 0)
			cs_place_blocked(0, 0);
		since = told_at = 0;
		return;
	}
	if (cs_work_do(find_blocker, &pid))
		cs_place_blocked(pid, since);
	told_at = now;
}

/* --- the turn --- */

static void
notify(void *argument)
{
	const Turn *turn = argument;

	for (int i = 0; i < turn->nended; i++)
		cs_queue_work_notify(turn->ended[i]);
}

static void
do_turn(Turn *turn)
{
	if (!cs_work_do(plan_and_write, turn))
	{
		after_fault(turn);
		return;
	}
	after_success();
	turn->ended = cs_outbox_settle(cs_work.schedule, &turn->nended);
	/* A transaction of its own: what is full or fails there costs no answer. */
	if (turn->nended > 0)
		(void) cs_work_do(notify, turn);
	turn->jobs = list_concat(turn->jobs, cs_work.to_start);
	cs_work.to_start = NIL;
	if (turn->jobs != NIL && !cs_work_do(start_jobs, turn))
		drop_jobs(turn);
}

void
cs_claim_turn(bool leaving)
{
	Turn *turn;

	tell_blocked();
	if (cs_work.not_before > cs_clock_ticks() ||
		(!something_came() && cs_outbox_is_empty() &&
		 cs_work.to_start == NIL && (leaving || !something_is_due())))
		return;
	turn = palloc0(sizeof(Turn));
	turn->leaving = leaving;
	turn->room = TURN_ROWS;
	turn->ids = palloc(turn->room * sizeof(int64));
	do_turn(turn);
}
