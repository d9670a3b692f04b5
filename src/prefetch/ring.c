/*-------------------------------------------------------------------------
 * ring.c
 *	  Rows that were read ahead, with the questions that were started for them.
 *
 * First in, first out; it grows as it needs.  Rows are minimal tuples.  They,
 * and the arrays, are in the context that cs_ring_init was given; what the
 * questions point to is the MEMO's, and lives as long as the execution.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/ring.h"

#include "executor/executor.h"
#include "utils/memutils.h"

static CsMemoEntry **
make_asked(const CsRing *ring, int size)
{
	return MemoryContextAllocZero(
		ring->cxt, (Size) size * Max(ring->width, 1) * sizeof(CsMemoEntry *));
}

void
cs_ring_init(CsRing *ring, MemoryContext cxt, int width)
{
	memset(ring, 0, sizeof(*ring));
	ring->cxt = cxt;
	ring->width = width;
	ring->size = 1;
	ring->rows = MemoryContextAlloc(cxt, sizeof(MinimalTuple));
	ring->places = MemoryContextAlloc(cxt, sizeof(ItemPointerData));
	ring->asked = make_asked(ring, 1);
}

static void
free_current(CsRing *ring)
{
	if (ring->current != NULL)
		pfree(ring->current);
	ring->current = NULL;
}

void
cs_ring_clear(CsRing *ring)
{
	for (int i = 0; i < ring->count; i++)
		pfree(ring->rows[(ring->head + i) % ring->size]);
	ring->head = ring->count = 0;
	ring->bytes = 0;
	free_current(ring);
}

/* Where the questions of a place are. */
static CsMemoEntry **
asked_at(const CsRing *ring, int at)
{
	return ring->asked + (Size) at * ring->width;
}

static void
grow(CsRing *ring)
{
	int			  n = ring->size * 2;
	MinimalTuple *rows =
		MemoryContextAlloc(ring->cxt, n * sizeof(MinimalTuple));
	ItemPointerData *places =
		MemoryContextAlloc(ring->cxt, n * sizeof(ItemPointerData));
	CsMemoEntry **asked = make_asked(ring, n);

	for (int i = 0; i < ring->count; i++)
	{
		int from = (ring->head + i) % ring->size;

		rows[i] = ring->rows[from];
		places[i] = ring->places[from];
		memcpy(asked + (Size) i * ring->width, asked_at(ring, from),
			   ring->width * sizeof(CsMemoEntry *));
	}
	pfree(ring->rows);
	pfree(ring->places);
	pfree(ring->asked);
	ring->rows = rows;
	ring->places = places;
	ring->asked = asked;
	ring->size = n;
	ring->head = 0;
}

void
cs_ring_push(CsRing *ring, TupleTableSlot *row, ItemPointerData place,
			 CsMemoEntry *const *asked)
{
	MemoryContext old = MemoryContextSwitchTo(ring->cxt);
	MinimalTuple  tuple = ExecCopySlotMinimalTuple(row);
	int			  at;

	MemoryContextSwitchTo(old);
	if (ring->count == ring->size)
		grow(ring);
	at = (ring->head + ring->count) % ring->size;
	ring->rows[at] = tuple;
	ring->places[at] = place;
	memcpy(asked_at(ring, at), asked, ring->width * sizeof(CsMemoEntry *));
	ring->count++;
	ring->bytes += tuple->t_len;
}

MinimalTuple
cs_ring_take(CsRing *ring, ItemPointerData *place)
{
	free_current(ring);
	if (ring->count == 0)
		return NULL;
	ring->current = ring->rows[ring->head];
	*place = ring->places[ring->head];
	ring->head = (ring->head + 1) % ring->size;
	ring->count--;
	ring->bytes -= ring->current->t_len;
	return ring->current;
}

CsMemoEntry **
cs_ring_first_asked(const CsRing *ring)
{
	return ring->count > 0 ? asked_at(ring, ring->head) : NULL;
}
