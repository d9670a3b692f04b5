/*-------------------------------------------------------------------------
 * look.c
 *	  What is found in the queue, and what a former worker left.
 *
 * A row that was announced is made anew, whatever one knew of it: it may have
 * been cancelled and put back since.  Slots of a former worker are taken up
 * before the first look, so that their rows are found to be on their way; their
 * outcomes are not read before that look is over, since rows that ask the same
 * share them.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/look.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "shared/place.h"
#include "shared/slots.h"
#include "worker/lane.h"
#include "worker/work.h"

/* Rows that are read at once. */
#define READ_ROWS 10000

/* A user of Pngme is old enough from so many minutes on. */
#define OLD_ENOUGH_MINUTES 6

/* --- the schedule --- */

/* What the lanes' roles have, as it was at this look. */
typedef struct Means
{
	bool	   looked;
	CsJobMeans means;
} Means;

static Means *means_by_lane; /* of this part of a look */
static int	  nmeans;

static const CsJobMeans *
means_of(const CsQueueRow *row, int lane)
{
	if (lane >= nmeans)
	{
		int n = lane + 16;

		means_by_lane = means_by_lane == NULL
							? palloc(n * sizeof(Means))
							: repalloc(means_by_lane, n * sizeof(Means));
		memset(means_by_lane + nmeans, 0, (n - nmeans) * sizeof(Means));
		nmeans = n;
	}
	if (!means_by_lane[lane].looked)
		cs_job_means(row, &means_by_lane[lane].means);
	means_by_lane[lane].looked = true;
	return &means_by_lane[lane].means;
}

static void
forget_means(void)
{
	means_by_lane = NULL;
	nmeans = 0;
}

/* Of times after a first pause, doubling up to the longest, the next from now. */
static int64
next_poll_ms(const CsPolling *pace, int64 age_ms)
{
	int64 step = pace->interval;
	int64 most = Max(pace->interval_max, pace->interval);
	int64 at = step;

	if (step <= 0)
		return 0;
	while (at < age_ms && step < most)
	{
		step = Min(step * 2, most);
		at += step;
	}
	if (at < age_ms)
		at += (age_ms - at + step - 1) / step * step;
	return at - age_ms;
}

/* Milliseconds since the former worker left; 0: that is not known. */
static int64
away_ms(void)
{
	CsInstant left_at = cs_place_left_at();

	return left_at == 0 ? 0 : (cs_clock_ticks() - left_at) / CS_US_PER_MS;
}

/*
 * When a row that is found open is to be looked at: what is pending at its pace,
 * as if it had been polled until the former worker left, and at its deadline.
 */
static CsInstant
first_due(const CsQueueRow *row, const CsPolling *pace)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		age_ms = (now - row->asked_at) / CS_US_PER_MS;
	int64		wait_ms;

	if (row->status != CS_ROW_PENDING)
		return cs_clock_ticks();
	wait_ms = next_poll_ms(pace, age_ms - away_ms()) - away_ms();
	if (pace->interval == CS_JOB_PACE_SAID && row->elapsed_min >= 0)
		wait_ms =
			Max(1, OLD_ENOUGH_MINUTES - row->elapsed_min) * 60000 - age_ms;
	if (row->deadline != DT_NOEND)
		wait_ms = Min(wait_ms, (row->deadline - now) / CS_US_PER_MS + 1);
	return cs_work_after(Max(wait_ms, 0));
}

/* The pace may be another since it was put in mind. */
static void
hurry(CsEntry *entry, const CsQueueRow *row)
{
	CsInstant due;

	if (row->status != CS_ROW_PENDING || entry->state != CS_ENTRY_LOOK ||
		entry->due == CS_NEVER)
		return;
	due = first_due(row, &means_of(row, entry->lane)->pace);
	if (due < entry->due)
		cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_LOOK, due);
}

/*
 * A row that was announced, and is in mind already: what one knew of it may not
 * hold any more.  What is being asked or written is seen then.
 */
static void
make_anew(CsEntry *entry, const CsQueueRow *row)
{
	if (entry->state != CS_ENTRY_LOOK && entry->state != CS_ENTRY_POLLING)
		return;
	if (entry->status == row->status)
	{
		hurry(entry, row);
		return;
	}
	entry->status = (uint8) row->status;
	entry->tries = entry->faults = 0;
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_LOOK, cs_clock_ticks());
}

/*
 * A row that a former worker had claimed, in this life of shared memory: a slot
 * of a row that asks the same is there for it, too.
 */
static bool
shares_job(const CsQueueRow *row, const CsEntry *entry)
{
	CsJob *job;

	if (row->status != CS_ROW_ASKING || row->asked_in != cs_place_life())
		return false;
	job = cs_work_find_job(cs_work.jobs, CS_JOB_ASK, entry->key);
	if (job == NULL)
		return false;
	cs_job_join(job, row);
	return true;
}

static void
schedule_row(const CsQueueRow *row)
{
	CsEntry			 *entry = cs_schedule_find(cs_work.schedule, row->id);
	const CsJobMeans *means;
	uint8			  key[CS_SCHEDULE_KEY_SIZE];
	uint16			  lane;

	if (entry != NULL)
	{
		make_anew(entry, row);
		return;
	}
	lane = cs_lane_of(&row->server, &row->requested_by);
	means = means_of(row, lane);
	cs_job_key(row, means, key);
	entry = cs_schedule_add(cs_work.schedule, row->id, key, lane,
							CS_ENTRY_LOOK, first_due(row, &means->pace));
	if (entry == NULL)
		ereport(FATAL, (errcode(ERRCODE_OUT_OF_MEMORY),
						errmsg("no memory for the schedule of requests")));
	entry->status = (uint8) row->status;
	if (shares_job(row, entry))
		cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_ASKED, CS_NEVER);
}

/* --- looking --- */

/* Reads a part of a range; returns from where on it goes, 0: it is over. */
static int64
read_part(int64 first, int64 last)
{
	CsQueueRow	 *rows;
	MemoryContext cxt = AllocSetContextCreate(
		CurrentMemoryContext, "credscore look", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	int			  n = cs_queue_work_read(first, last, READ_ROWS, &rows);
	int64		  next = n == READ_ROWS ? rows[n - 1].id + 1 : 0;

	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		schedule_row(&rows[i]);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	forget_means();
	return next > last ? 0 : next;
}

static CsNews news; /* taken, and not looked at yet */

static void
look_at_news(void *argument)
{
	for (int i = 0; i < news.n; i++)
		for (int64 first = news.ranges[i].first; first != 0;)
			first = read_part(first, news.ranges[i].last);
	if (cs_work.read_from != 0)
		cs_work.read_from = read_part(cs_work.read_from, PG_INT64_MAX);
}

bool
cs_look_is_unfinished(void)
{
	return cs_work.read_from != 0 || news.n > 0;
}

/* Takes what was announced, then looks.  What could not be looked at is kept. */
void
cs_look_news(void)
{
	CsNews taken;

	cs_place_take_news(&taken);
	if (taken.look_at_all)
	{
		cs_work.read_from = PG_INT64_MIN;
		cs_lane_wake_all();
	}
	for (int i = 0; i < taken.n; i++)
		cs_id_news_add(&news, taken.ranges[i].first, taken.ranges[i].last);
	if ((news.n == 0 && cs_work.read_from == 0) ||
		cs_work.not_before > cs_clock_ticks())
		return;
	if (cs_work_do(look_at_news, NULL))
		memset(&news, 0, sizeof(news));
	else
		cs_work.not_before = cs_work_after(CS_WORK_AGAIN_MS);
}

/* --- what a former worker left --- */

/*
 * Takes up a slot that a former worker filled, for its row.  What it has of a
 * free look, or of a call of the row that was written before, goes.
 */
static void
adopt(int slot, int64 id, uint64 tag)
{
	CsQueueRow *row;
	CsEntry	   *entry;
	CsJob	   *job;
	bool		gone;

	if (cs_queue_work_fetch(&id, 1, &row) != 1 ||
		row->status != CS_ROW_ASKING || cs_job_tag(CS_JOB_ASK, row) != tag)
	{
		cs_slots_abandon(slot);
		return;
	}
	schedule_row(row);
	forget_means();
	entry = cs_schedule_find(cs_work.schedule, id);
	cs_schedule_set(cs_work.schedule, entry, CS_ENTRY_ASKED, CS_NEVER);
	job = cs_job_create(CS_JOB_ASK, row, entry->key, entry->lane);
	job->slot = slot;
	(void) cs_job_resolve(job, &gone);
	cs_work_keep(job);
}

static void
adopt_all(void *argument)
{
	int64  id;
	uint64 tag;

	for (int slot = cs_slots_adopt(-1, &id, &tag); slot >= 0;
		 slot = cs_slots_adopt(slot, &id, &tag))
		adopt(slot, id, tag);
}

bool
cs_look_adopt(void)
{
	return cs_work_do(adopt_all, NULL);
}
