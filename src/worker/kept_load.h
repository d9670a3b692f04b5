/*-------------------------------------------------------------------------
 * kept_load.h
 *	  From a kept reply in the journal to a row of the table.
 *------------------------------------------------------------------------- */
#ifndef CS_KEPT_LOAD_H
#define CS_KEPT_LOAD_H

#include "postgres.h"

#include "shared/kept_reply.h"
#include "store/answer.h"

/*
 * Reads one in the transaction that is open; false: it is no answer, was wiped, or
 * cannot be read, which is logged.  `lasts`: it belongs into the table.  Raises only
 * what ends the whole batch.
 */
extern bool cs_kept_load(const CsJournalHead *head, CsJournalPosition position,
						 CsAnswerNew *row, bool *lasts);

#endif /* CS_KEPT_LOAD_H */
