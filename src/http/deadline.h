/*-------------------------------------------------------------------------
 * deadline.h
 *	  Deadlines, the earliest first.
 *
 * A pairing heap whose nodes are embedded in what has the deadline: adding one
 * takes no memory, and cannot fail.
 *------------------------------------------------------------------------- */
#ifndef CS_DEADLINE_H
#define CS_DEADLINE_H

#include "base/instant.h"

typedef struct CsDeadline
{
	CsInstant		   due;
	struct CsDeadline *child; /* the first of those that are later */
	struct CsDeadline *next;  /* among its parent's children */
	struct CsDeadline *prev;  /* the one before it; the first one's: parent */
} CsDeadline;

/* All zero is an empty one. */
typedef struct CsDeadlines
{
	CsDeadline *first; /* the earliest; NULL: there is none */
} CsDeadlines;

/* The deadline is in none. */
extern void
cs_deadline_add(CsDeadlines *heap, CsDeadline *deadline, CsInstant due);

/* The deadline is in this one. */
extern void cs_deadline_remove(CsDeadlines *heap, CsDeadline *deadline);

#endif /* CS_DEADLINE_H */
