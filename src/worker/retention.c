/*-------------------------------------------------------------------------
 * retention.c
 *	  Requests leave the queue's table credscore.queue_retention after their
 *	  end.
 *
 * A walk goes upward along the primary key, a step a minute, and is over where
 * all rows were requested too late to be old; then it rests until the earliest
 * row gets old, for a day at most.  Where it is, and when it goes on, lies in
 * shared memory, so that no worker has to stay for it; after a crash of the
 * server it begins anew.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/retention.h"

#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/guc.h"
#include "shared/place.h"
#include "store/queue_old.h"
#include "worker/work.h"

#define STEP_ROWS 1000
#define STEP_US	  (60 * CS_US_PER_S)

/* So long it rests at the most. */
#define REST_US CS_US_PER_DAY

static int64
retention_us(void)
{
	return cs_guc_queue_retention() * CS_US_PER_S;
}

/* Until something of what is there may be old. */
static int64
rest_us(const CsQueueOld *found)
{
	int64 us = found->next == DT_NOEND
				   ? retention_us()
				   : found->next + retention_us() - GetCurrentTimestamp();

	return Min(Max(us, STEP_US), REST_US);
}

static CsChore
go_on(int64 at, const CsQueueOld *found)
{
	bool	  over = found->n < STEP_ROWS || found->all_young;
	CsInstant now = cs_clock_ticks();

	if (found->n == 0 && at == 0)
		return (CsChore){CS_NEVER, 0};
	if (over)
		return (CsChore){now + rest_us(found), 0};
	return (CsChore){now + STEP_US, found->last};
}

static void
step(void *argument)
{
	CsChore	  *chore = argument;
	CsQueueOld found;

	cs_queue_old_delete(chore->at, STEP_ROWS,
						GetCurrentTimestamp() - retention_us(), &found);
	*chore = go_on(chore->at, &found);
}

void
cs_retention_turn(void)
{
	CsChore chore = cs_place_chore();

	if (cs_guc_queue_retention() == 0 || chore.due > cs_clock_ticks())
		return;
	chore.due = cs_clock_ticks() + STEP_US;
	(void) cs_work_do(step, &chore);
	cs_place_set_chore(chore);
}

/* A table that was empty has rows by now, but none that are old. */
CsInstant
cs_retention_due(void)
{
	CsChore chore = cs_place_chore();

	if (cs_guc_queue_retention() == 0)
		return CS_NEVER;
	if (chore.due == CS_NEVER && cs_schedule_count(cs_work.schedule) > 0)
	{
		chore.due = cs_clock_ticks() + Min(retention_us(), REST_US);
		cs_place_set_chore(chore);
	}
	return chore.due;
}
