/*-------------------------------------------------------------------------
 * kept_load.h
 *	  From a kept reply in the journal to a row of the table.
 *------------------------------------------------------------------------- */
#ifndef CS_KEPT_LOAD_H
#define CS_KEPT_LOAD_H

#include "postgres.h"

#include "shared/kept_reply.h"
#include "store/answer.h"
#include "store/call_log.h"

/*
 * Reads one in the transaction that is open; false: it is no answer, was wiped, or
 * cannot be read, which is logged.  `answer` says which came of its call; `row` is
 * filled in any case, and belongs into the table where `lasts`.  Raises only what
 * ends the whole batch.
 */
extern bool cs_kept_load(const CsJournalHead *head, CsJournalPosition position,
						 CsAnswerRow *answer, CsAnswerNew *row, bool *lasts);

#endif /* CS_KEPT_LOAD_H */
