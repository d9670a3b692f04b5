/*
 * test_schedule.c
 *	  The worker's schedule, against a plain list that does the same slowly.
 */
#include "worker/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define MODEL_ROOM 400
#define LANES	   3

/* The plain list. */
typedef struct Plain
{
	bool	  there;
	CsInstant due;
	int		  question;
} Plain;

static Plain	   plain[MODEL_ROOM];
static CsSchedule *schedule;

static uint64_t seed = 42;

static uint32_t
draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t) (seed >> 33) % below;
}

/* Lanes follow from ids here. */
static uint16_t
lane_of(int id)
{
	return (uint16_t) (id % LANES);
}

static const uint8_t *
key_of(int question)
{
	static uint8_t key[CS_SCHEDULE_KEY_SIZE];

	memset(key, 0, sizeof(key));
	memcpy(key + 4, &question, sizeof(question));
	return key;
}

static void
add(int id, int question, CsInstant due)
{
	plain[id] = (Plain){true, due, question};
	cs_schedule_add(schedule, id, key_of(question), lane_of(id), CS_ENTRY_LOOK,
					due);
}

static void
remove_entry(int id)
{
	plain[id].there = false;
	cs_schedule_remove(schedule, cs_schedule_find(schedule, id));
}

/* Is the first one of a lane one of those that are due first? */
static bool
first_of_lane_is_right(uint16_t lane)
{
	CsEntry	 *first = cs_schedule_first(schedule, lane);
	CsInstant least = CS_NEVER;

	for (int id = 0; id < MODEL_ROOM; id++)
		if (plain[id].there && lane_of(id) == lane && plain[id].due < least)
			least = plain[id].due;
	return first == NULL ? least == CS_NEVER
						 : first->due == least && plain[first->id].there &&
							   first->lane == lane;
}

static bool
first_is_right(void)
{
	bool right = true;

	for (uint16_t lane = 0; lane < LANES; lane++)
		right = right && first_of_lane_is_right(lane);
	return right;
}

static bool
finds_are_right(void)
{
	size_t count = 0;

	for (int id = 0; id < MODEL_ROOM; id++)
	{
		CsEntry *entry = cs_schedule_find(schedule, id);

		count += plain[id].there;
		if ((entry != NULL) != plain[id].there)
			return false;
		if (entry != NULL && (entry->id != id || entry->due != plain[id].due))
			return false;
	}
	return count == cs_schedule_count(schedule);
}

static bool
chain_is_right(int question)
{
	int there = 0;
	int chained = 0;

	for (int id = 0; id < MODEL_ROOM; id++)
		there += plain[id].there && plain[id].question == question;
	for (CsEntry *e = cs_schedule_same(schedule, key_of(question), NULL);
		 e != NULL; e = cs_schedule_same(schedule, key_of(question), e))
	{
		chained++;
		if (!plain[e->id].there || plain[e->id].question != question ||
			chained > MODEL_ROOM)
			return false;
	}
	return there == chained;
}

static CsInstant
draw_due(void)
{
	return draw(10) == 0 ? CS_NEVER : (CsInstant) draw(50);
}

static void
change_one(int questions)
{
	int id = (int) draw(MODEL_ROOM);

	if (!plain[id].there)
		add(id, (int) draw((uint32_t) questions), draw_due());
	else if (draw(2) == 0)
		remove_entry(id);
	else
	{
		plain[id].due = draw_due();
		cs_schedule_set(schedule, cs_schedule_find(schedule, id),
						CS_ENTRY_ASKED, plain[id].due);
	}
}

/* So many steps at random, with so many different questions. */
static void
test_at_random(int questions)
{
	bool firsts = true;
	bool finds = true;
	bool chains = true;

	schedule = cs_schedule_create();
	memset(plain, 0, sizeof(plain));
	for (int step = 0; step < 5000; step++)
	{
		change_one(questions);
		firsts = firsts && first_is_right();
		chains = chains && chain_is_right((int) draw((uint32_t) questions));
		if (step % 50 == 0)
			finds = finds && finds_are_right();
	}
	ok(firsts, "%d questions: the first is always one of the earliest",
	   questions);
	ok(finds, "%d questions: all are found, and no others", questions);
	ok(chains, "%d questions: what asks the same is together", questions);
	cs_schedule_free(schedule);
}

static void
test_empty(void)
{
	schedule = cs_schedule_create();
	ok(cs_schedule_first(schedule, 1) == NULL, "nothing is due");
	ok(cs_schedule_find(schedule, 1) == NULL, "nothing is found");
	ok(cs_schedule_same(schedule, key_of(1), NULL) == NULL,
	   "nothing asks the same");
	memset(plain, 0, sizeof(plain));
	add(7, 1, CS_NEVER);
	ok(cs_schedule_first(schedule, 1) == NULL, "what waits is not due");
	is_int(cs_schedule_find(schedule, 7)->state, CS_ENTRY_LOOK,
		   "its state is kept");
	remove_entry(7);
	is_int((int) cs_schedule_count(schedule), 0, "and it goes");
	cs_schedule_free(schedule);
}

/* In order of due time, however they came. */
static void
test_order(void)
{
	CsInstant last = -1;
	bool	  ordered = true;
	int		  n = 0;

	schedule = cs_schedule_create();
	for (int i = 0; i < 100000; i++)
		cs_schedule_add(schedule, (int64_t) i * 1000003, key_of(i), 7,
						CS_ENTRY_ASKED, (CsInstant) draw(1000000));
	for (CsEntry *e; (e = cs_schedule_first(schedule, 7)) != NULL; n++)
	{
		ordered = ordered && e->due >= last;
		last = e->due;
		cs_schedule_remove(schedule, e);
	}
	ok(ordered, "a hundred thousand come in order");
	is_int(n, 100000, "all of them");
	is_int((int) cs_schedule_count(schedule), 0, "and none is left");
	cs_schedule_free(schedule);
}

/* A hundred thousand that ask the same go in any order, each at once. */
static void
test_same(void)
{
	enum
	{
		SAME = 100000
	};
	int left = 0;

	schedule = cs_schedule_create();
	for (int i = 0; i < SAME; i++)
		cs_schedule_add(schedule, i, key_of(1), 0, CS_ENTRY_LOOK, i);
	for (int i = 0; i < SAME; i += 2)
		cs_schedule_remove(schedule, cs_schedule_find(schedule, i));
	for (CsEntry *e = cs_schedule_same(schedule, key_of(1), NULL); e != NULL;
		 e = cs_schedule_same(schedule, key_of(1), e))
		left += e->id % 2;
	is_int(left, SAME / 2, "those that are left are chained");
	for (int i = 1; i < SAME; i += 2)
		cs_schedule_remove(schedule, cs_schedule_find(schedule, i));
	ok(cs_schedule_same(schedule, key_of(1), NULL) == NULL, "then none is");
	cs_schedule_free(schedule);
}

int
main(void)
{
	is_int((int) sizeof(CsEntry), 56, "an entry is small");
	test_empty();
	test_at_random(1);
	test_at_random(5);
	test_at_random(300);
	test_order();
	test_same();
	return done_testing();
}
