/*-------------------------------------------------------------------------
 * open_calls.h
 *	  Calls that have left, and whose end the loader has not come across.
 *------------------------------------------------------------------------- */
#ifndef CS_OPEN_CALLS_H
#define CS_OPEN_CALLS_H

#include "postgres.h"

#include "shared/journal_file.h"
#include "store/call_log.h"

/* There are none, and what there will be lives in a memory context: gone with that,
 * they begin anew. */
extern void cs_open_calls_begin(MemoryContext cxt);

/* What lies at `sent` says that a call has left; the row is copied. */
extern void
cs_open_calls_keep(CsJournalPosition sent, const CsCallRow *row, bool linked);

/* Its end was met; does nothing where it was not kept. */
extern void cs_open_calls_close(CsJournalPosition sent);

/*
 * Writes down that those of other runs than this have ended, to be loaded the next
 * time; false: not all of them could be.  What was read before must be all that
 * there was when this run had begun.  Outside a transaction.
 */
extern bool cs_open_calls_end_lost(uint64 run);

/* Where the first one lies, or `first`, if that is before it. */
extern CsJournalPosition cs_open_calls_first(CsJournalPosition first);

#endif /* CS_OPEN_CALLS_H */
