/*-------------------------------------------------------------------------
 * deadline.c
 *	  Deadlines, the earliest first: a pairing heap.
 *
 * Memory is the caller's.  Adding takes constant time, removing logarithmic
 * time over many of them.
 *------------------------------------------------------------------------- */
#include "http/deadline.h"

#include <stddef.h>

/* One heap of two, either of which may be NULL; neither has siblings. */
static CsDeadline *
meld(CsDeadline *a, CsDeadline *b)
{
	CsDeadline *early = b == NULL || (a != NULL && a->due <= b->due) ? a : b;
	CsDeadline *late = early == a ? b : a;

	if (late != NULL)
	{
		late->prev = early;
		late->next = early->child;
		if (late->next != NULL)
			late->next->prev = late;
		early->child = late;
	}
	return early;
}

/* Takes the first of a row of siblings out; returns the next of them. */
static CsDeadline *
split(CsDeadline *first)
{
	CsDeadline *next = first->next;

	first->next = first->prev = NULL;
	return next;
}

/* One heap of a row of siblings: pairs first, then all pairs. */
static CsDeadline *
gather(CsDeadline *row)
{
	CsDeadline *pairs = NULL;
	CsDeadline *heap = NULL;

	while (row != NULL)
	{
		CsDeadline *a = row;
		CsDeadline *b = split(a);

		row = b != NULL ? split(b) : NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs != NULL)
	{
		CsDeadline *pair = pairs;

		pairs = split(pair);
		heap = meld(heap, pair);
	}
	return heap;
}

void
cs_deadline_add(CsDeadlines *heap, CsDeadline *deadline, CsInstant due)
{
	deadline->due = due;
	deadline->child = deadline->next = deadline->prev = NULL;
	heap->first = meld(heap->first, deadline);
}

void
cs_deadline_remove(CsDeadlines *heap, CsDeadline *deadline)
{
	CsDeadline *later = gather(deadline->child);

	if (heap->first == deadline)
	{
		heap->first = later;
		return;
	}
	if (deadline->prev->child == deadline)
		deadline->prev->child = deadline->next;
	else
		deadline->prev->next = deadline->next;
	if (deadline->next != NULL)
		deadline->next->prev = deadline->prev;
	heap->first = meld(heap->first, later);
}
