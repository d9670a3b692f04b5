/*-------------------------------------------------------------------------
 * ring.h
 *	  Rows that were read ahead, with the questions that were started for them.
 *------------------------------------------------------------------------- */
#ifndef CS_RING_H
#define CS_RING_H

#include "postgres.h"

#include "access/htup.h"
#include "executor/tuptable.h"
#include "storage/itemptr.h"

#include "session/ask.h"

typedef struct CsRing
{
	MemoryContext	 cxt;	/* of the rows, and of the arrays */
	int				 width; /* questions for each row */
	int				 size;
	int				 head;
	int				 count;
	Size			 bytes;	  /* of the rows in it */
	MinimalTuple	*rows;	  /* `size` of them */
	ItemPointerData *places;  /* where each is; invalid: in no table */
	CsMemoEntry	   **asked;	  /* `width` for each row; NULL: nothing to ask */
	MinimalTuple	 current; /* taken last; not in the ring any more */
} CsRing;

extern void cs_ring_init(CsRing *ring, MemoryContext cxt, int width);

/* Frees the rows, the one that was taken last among them. */
extern void cs_ring_clear(CsRing *ring);

/* Appends a copy of a row, where it is, and `width` questions. */
extern void cs_ring_push(CsRing *ring, TupleTableSlot *row,
						 ItemPointerData place, CsMemoEntry *const *asked);

/*
 * Takes the first row out; NULL when there is none.  It is the ring's until the
 * next is taken, which frees it.
 */
extern MinimalTuple cs_ring_take(CsRing *ring, ItemPointerData *place);

/* The questions of the first row; NULL when there is none. */
extern CsMemoEntry **cs_ring_first_asked(const CsRing *ring);

#endif /* CS_RING_H */
