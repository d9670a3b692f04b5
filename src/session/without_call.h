/*-------------------------------------------------------------------------
 * without_call.h
 *	  What a question comes to when no call is made for it.
 *------------------------------------------------------------------------- */
#ifndef CS_WITHOUT_CALL_H
#define CS_WITHOUT_CALL_H

#include "postgres.h"

#include "session/ask_stats.h"
#include "session/memo.h"
#include "session/question.h"

/*
 * True: the entry has its answer or its failure, and no call is to be made: it
 * was found, it is only counted, or it is refused.  `stats` may be NULL.
 */
extern bool cs_without_call(CsScope *scope, CsMemoEntry *entry,
							const CsAsk *ask, CsAskStats *stats);

#endif /* CS_WITHOUT_CALL_H */
