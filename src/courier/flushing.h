/*-------------------------------------------------------------------------
 * flushing.h
 *	  Who waits until a record of the journal is safe on disk.
 *
 * Belongs to the courier process.
 *------------------------------------------------------------------------- */
#ifndef CS_FLUSHING_H
#define CS_FLUSHING_H

#include "postgres.h"

#include "lib/ilist.h"

#include "shared/journal_flush.h"

/* Embed it; all zero but `ready` is one that does not wait. */
typedef struct CsFlushWait
{
	dlist_node		  node;
	bool			  waits;
	CsJournalPosition position;

	/* It is safe, or doubted, and nobody waits any more. */
	void (*ready)(struct CsFlushWait *wait, CsJournalSafety safety);
} CsFlushWait;

/* Waits for the record that begins there, which was appended a moment ago. */
extern void cs_flushing_enter(CsFlushWait *wait, CsJournalPosition position);

/* Waits no longer, if it does. */
extern void cs_flushing_leave(CsFlushWait *wait);

/* Asks for a flush, once for all who have entered since. */
extern void cs_flushing_ask(void);

/* Readies those whose wait is over; true: others still wait. */
extern bool cs_flushing_run(void);

#endif /* CS_FLUSHING_H */
