/*-------------------------------------------------------------------------
 * schedule.c
 *	  What a worker has in mind of the open rows of its queue.
 *
 * Entries lie in one array and are known by their index, which takes half of a
 * pointer's room.  Three things lead to them: a table of hashes of ids, one of
 * keys, whose entries of one key are a chain, and a heap by due time of each lane,
 * which has room for all entries of its lane.  The tables
 * are open-addressed, twice as large as what is in them, and are filled again
 * where something was taken out, so that no marks stay behind.
 *------------------------------------------------------------------------- */
#include "worker/schedule.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

#define FIRST_ROOM 64

/* More does not fit an index. */
#define MOST ((size_t) UINT32_MAX / 4)

/* An open-addressed table of indexes of entries; `room` is a power of two. */
typedef struct Index
{
	uint32_t *at;
	uint32_t  room;
} Index;

/* Entries by due time. */
typedef struct Lane
{
	uint32_t *heap;
	uint32_t  nheap;
	uint32_t  room;
	uint32_t  count; /* entries, due or not */
} Lane;

struct CsSchedule
{
	CsEntry *entries;
	uint32_t room;
	uint32_t used; /* entries that were ever used */
	uint32_t free; /* the first unused one among them, chained by `next` */
	uint32_t count;
	Index	 ids;
	Index	 keys; /* the first entry of each key's chain */
	Lane	*lanes;
	uint32_t nlanes;
};

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static uint64_t
hash_key(const uint8_t *key)
{
	uint64_t halves[2];

	memcpy(halves, key, sizeof(halves));
	return mix(halves[0] ^ mix(halves[1]));
}

static uint32_t
index_of(const CsSchedule *s, const CsEntry *entry)
{
	return (uint32_t) (entry - s->entries);
}

/* --- the heaps --- */

static bool
before(const CsSchedule *s, uint32_t a, uint32_t b)
{
	return s->entries[a].due < s->entries[b].due;
}

static void
put(CsSchedule *s, Lane *lane, uint32_t place, uint32_t i)
{
	lane->heap[place] = i;
	s->entries[i].heap = place;
}

static void
sift_up(CsSchedule *s, Lane *lane, uint32_t place)
{
	uint32_t i = lane->heap[place];

	for (; place > 0 && before(s, i, lane->heap[(place - 1) / 2]);
		 place = (place - 1) / 2)
		put(s, lane, place, lane->heap[(place - 1) / 2]);
	put(s, lane, place, i);
}

static void
sift_down(CsSchedule *s, Lane *lane, uint32_t place)
{
	uint32_t i = lane->heap[place];

	for (;;)
	{
		uint32_t child = 2 * place + 1;

		if (child >= lane->nheap)
			break;
		if (child + 1 < lane->nheap &&
			before(s, lane->heap[child + 1], lane->heap[child]))
			child++;
		if (!before(s, lane->heap[child], i))
			break;
		put(s, lane, place, lane->heap[child]);
		place = child;
	}
	put(s, lane, place, i);
}

static Lane *
lane_of(CsSchedule *s, uint32_t i)
{
	return &s->lanes[s->entries[i].lane];
}

static void
heap_remove(CsSchedule *s, uint32_t i)
{
	Lane	*lane = lane_of(s, i);
	uint32_t place = s->entries[i].heap;
	uint32_t last;

	if (place == NONE)
		return;
	s->entries[i].heap = NONE;
	last = lane->heap[--lane->nheap];
	if (last == i)
		return;
	put(s, lane, place, last);
	sift_up(s, lane, place);
	sift_down(s, lane, s->entries[last].heap);
}

static void
heap_set(CsSchedule *s, uint32_t i, CsInstant due)
{
	Lane *lane = lane_of(s, i);

	s->entries[i].due = due;
	if (due == CS_NEVER)
	{
		heap_remove(s, i);
		return;
	}
	if (s->entries[i].heap == NONE)
		put(s, lane, lane->nheap++, i);
	sift_up(s, lane, s->entries[i].heap);
	sift_down(s, lane, s->entries[i].heap);
}

/* --- the tables --- */

static uint64_t
hash_in(const CsSchedule *s, const Index *index, uint32_t i)
{
	return index == &s->ids ? mix((uint64_t) s->entries[i].id)
							: hash_key(s->entries[i].key);
}

static uint32_t
next_place(const Index *index, uint32_t place)
{
	return (place + 1) & (index->room - 1);
}

static void
index_put(const CsSchedule *s, Index *index, uint32_t i)
{
	uint32_t place = (uint32_t) hash_in(s, index, i) & (index->room - 1);

	while (index->at[place] != NONE)
		place = next_place(index, place);
	index->at[place] = i;
}

/* Takes out what is at a place; what a search passed it for moves up. */
static void
index_clear(const CsSchedule *s, Index *index, uint32_t place)
{
	uint32_t i;

	index->at[place] = NONE;
	for (place = next_place(index, place); (i = index->at[place]) != NONE;
		 place = next_place(index, place))
	{
		index->at[place] = NONE;
		index_put(s, index, i);
	}
}

static uint32_t
place_of_id(const CsSchedule *s, int64_t id)
{
	uint32_t place = (uint32_t) mix((uint64_t) id) & (s->ids.room - 1);

	while (s->ids.at[place] != NONE && s->entries[s->ids.at[place]].id != id)
		place = next_place(&s->ids, place);
	return place;
}

static uint32_t
place_of_key(const CsSchedule *s, const uint8_t *key)
{
	uint32_t place = (uint32_t) hash_key(key) & (s->keys.room - 1);

	while (s->keys.at[place] != NONE &&
		   memcmp(s->entries[s->keys.at[place]].key, key,
				  CS_SCHEDULE_KEY_SIZE) != 0)
		place = next_place(&s->keys, place);
	return place;
}

/* An index of twice as many places as there is room for entries. */
static bool
index_create(Index *index, uint32_t entries)
{
	index->room = entries * 2;
	index->at = malloc(index->room * sizeof(uint32_t));
	if (index->at == NULL)
		return false;
	memset(index->at, 0xff, index->room * sizeof(uint32_t));
	return true;
}

/* --- room --- */

/* Fills larger tables, and takes them for the present ones. */
static void
take_indexes(CsSchedule *s, Index ids, Index keys)
{
	for (uint32_t i = 0; i < s->ids.room; i++)
		if (s->ids.at[i] != NONE)
		{
			uint32_t entry = s->ids.at[i];
			uint32_t place = (uint32_t) mix((uint64_t) s->entries[entry].id) &
							 (ids.room - 1);

			while (ids.at[place] != NONE)
				place = next_place(&ids, place);
			ids.at[place] = entry;
		}
	for (uint32_t i = 0; i < s->keys.room; i++)
		if (s->keys.at[i] != NONE)
		{
			uint32_t entry = s->keys.at[i];
			uint32_t place =
				(uint32_t) hash_key(s->entries[entry].key) & (keys.room - 1);

			while (keys.at[place] != NONE)
				place = next_place(&keys, place);
			keys.at[place] = entry;
		}
	free(s->ids.at);
	free(s->keys.at);
	s->ids = ids;
	s->keys = keys;
}

/* Twice as much room; false: no memory, and everything is as it was. */
static bool
grow(CsSchedule *s)
{
	uint32_t room = s->room == 0 ? FIRST_ROOM : s->room * 2;
	Index	 ids = {0};
	Index	 keys = {0};
	void	*entries;

	if (room > MOST || !index_create(&ids, room) || !index_create(&keys, room))
	{
		free(ids.at);
		free(keys.at);
		return false;
	}
	entries = realloc(s->entries, room * sizeof(CsEntry));
	if (entries == NULL)
	{
		free(ids.at);
		free(keys.at);
		return false;
	}
	s->entries = entries;
	take_indexes(s, ids, keys);
	s->room = room;
	return true;
}

/* Makes lanes up to this one; false: no memory. */
static bool
grow_lanes(CsSchedule *s, uint16_t lane)
{
	uint32_t n = (uint32_t) lane + 1;
	Lane	*lanes;

	if (n <= s->nlanes)
		return true;
	lanes = realloc(s->lanes, n * sizeof(Lane));
	if (lanes == NULL)
		return false;
	memset(lanes + s->nlanes, 0, (n - s->nlanes) * sizeof(Lane));
	s->lanes = lanes;
	s->nlanes = n;
	return true;
}

/* Makes room for one more entry of a lane; false: no memory. */
static bool
grow_lane(CsSchedule *s, uint16_t number)
{
	Lane	 *lane;
	uint32_t  room;
	uint32_t *heap;

	if (!grow_lanes(s, number))
		return false;
	lane = &s->lanes[number];
	if (lane->count < lane->room)
		return true;
	room = lane->room == 0 ? FIRST_ROOM : lane->room * 2;
	heap = realloc(lane->heap, room * sizeof(uint32_t));
	if (heap == NULL)
		return false;
	lane->heap = heap;
	lane->room = room;
	return true;
}

/* --- the whole --- */

CsSchedule *
cs_schedule_create(void)
{
	CsSchedule *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->free = NONE;
	if (grow(s))
		return s;
	cs_schedule_free(s);
	return NULL;
}

void
cs_schedule_free(CsSchedule *s)
{
	for (uint32_t i = 0; i < s->nlanes; i++)
		free(s->lanes[i].heap);
	free(s->lanes);
	free(s->entries);
	free(s->ids.at);
	free(s->keys.at);
	free(s);
}

size_t
cs_schedule_count(const CsSchedule *s)
{
	return s->count;
}

CsEntry *
cs_schedule_find(CsSchedule *s, int64_t id)
{
	uint32_t i = s->ids.at[place_of_id(s, id)];

	return i != NONE ? &s->entries[i] : NULL;
}

static uint32_t
take_free(CsSchedule *s)
{
	uint32_t i = s->free;

	if (i == NONE)
		return s->used++;
	s->free = s->entries[i].next;
	return i;
}

CsEntry *
cs_schedule_add(CsSchedule *s, int64_t id, const uint8_t *key, uint16_t lane,
				CsEntryState state, CsInstant due)
{
	CsEntry *entry;
	uint32_t i;
	uint32_t place;

	if (!grow_lane(s, lane) || (s->count == s->room && !grow(s)))
		return NULL;
	i = take_free(s);
	entry = &s->entries[i];
	memset(entry, 0, sizeof(*entry));
	entry->id = id;
	memcpy(entry->key, key, CS_SCHEDULE_KEY_SIZE);
	entry->heap = entry->prev = NONE;
	entry->lane = lane;
	index_put(s, &s->ids, i);
	place = place_of_key(s, key);
	entry->next = s->keys.at[place];
	if (entry->next != NONE)
		s->entries[entry->next].prev = i;
	s->keys.at[place] = i;
	s->count++;
	s->lanes[lane].count++;
	cs_schedule_set(s, entry, state, due);
	return entry;
}

/* Takes an entry out of the chain of its key. */
static void
unchain(CsSchedule *s, uint32_t i)
{
	CsEntry *entry = &s->entries[i];
	uint32_t place;

	if (entry->next != NONE)
		s->entries[entry->next].prev = entry->prev;
	if (entry->prev != NONE)
	{
		s->entries[entry->prev].next = entry->next;
		return;
	}
	place = place_of_key(s, entry->key);
	if (entry->next != NONE)
		s->keys.at[place] = entry->next;
	else
		index_clear(s, &s->keys, place);
}

void
cs_schedule_remove(CsSchedule *s, CsEntry *entry)
{
	uint32_t i = index_of(s, entry);

	heap_remove(s, i);
	unchain(s, i);
	index_clear(s, &s->ids, place_of_id(s, entry->id));
	s->lanes[entry->lane].count--;
	entry->next = s->free;
	s->free = i;
	s->count--;
}

void
cs_schedule_set(CsSchedule *s, CsEntry *entry, CsEntryState state,
				CsInstant due)
{
	entry->state = (uint8_t) state;
	heap_set(s, index_of(s, entry), due);
}

CsEntry *
cs_schedule_first(CsSchedule *s, uint16_t lane)
{
	return lane < s->nlanes && s->lanes[lane].nheap > 0
			   ? &s->entries[s->lanes[lane].heap[0]]
			   : NULL;
}

CsEntry *
cs_schedule_same(CsSchedule *s, const uint8_t *key, const CsEntry *entry)
{
	uint32_t i =
		entry != NULL ? entry->next : s->keys.at[place_of_key(s, key)];

	return i != NONE ? &s->entries[i] : NULL;
}
