/*-------------------------------------------------------------------------
 * journal_flush.h
 *	  Waiting until what was appended to the journal is safe on disk.
 *
 * Whoever waits says how far, and wakes the recorder; that flushes once for all
 * who wait, says how far it is, and wakes the courier.  What a flush that failed
 * left behind is never said to be safe: the kernel may have given it up, and a later
 * flush that goes well says nothing about it.
 *
 * No function here raises but where it says so.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_FLUSH_H
#define CS_JOURNAL_FLUSH_H

#include "postgres.h"

#include "shared/journal_file.h"

typedef enum CsJournalSafety
{
	CS_JOURNAL_SAFE,   /* on disk */
	CS_JOURNAL_WAITS,  /* for the next flush */
	CS_JOURNAL_DOUBTED /* its flush failed */
} CsJournalSafety;

extern void cs_journal_flush_init(void);

/* --- who else waits --- */

/*
 * Wakes the recorder, and waits so long for a record that begins there; what is
 * known of it then.  Interruptible: may raise.
 */
extern CsJournalSafety
cs_journal_flush_await(CsJournalPosition position, int most_ms);

/* --- the courier --- */

/* A record that begins there is waited for: this process is woken when it is safe,
 * or doubted. */
extern void cs_journal_flush_want(CsJournalPosition position);

/* What is known of a record that begins there. */
extern CsJournalSafety cs_journal_flush_look(CsJournalPosition position);

/* A flush has failed, and the journal has not begun anew since. */
extern bool cs_journal_flush_fails(void);

/* An outcome was handed over whose end is not known to be safe. */
extern void cs_journal_flush_missed(void);

/* --- the recorder --- */

/* All before this position is safe, and so is what was not appended yet. */
extern void cs_journal_flush_done(CsJournalPosition position);

/* What is not safe before this position never will be. */
extern void cs_journal_flush_failed(CsJournalPosition position);

/* From this position on the journal goes on where flushing is not in doubt. */
extern void cs_journal_flush_anew(CsJournalPosition position);

/* --- views --- */

typedef struct CsJournalFlushView
{
	CsJournalPosition flushed;
	bool			  fails;
	uint64 missed; /* outcomes handed over unsafe, since the start */
} CsJournalFlushView;

extern void cs_journal_flush_view(CsJournalFlushView *view);

#endif /* CS_JOURNAL_FLUSH_H */
