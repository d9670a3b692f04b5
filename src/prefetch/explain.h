/*-------------------------------------------------------------------------
 * explain.h
 *	  What EXPLAIN ANALYZE says of the calls that a node has started.
 *------------------------------------------------------------------------- */
#ifndef CS_EXPLAIN_H
#define CS_EXPLAIN_H

#include "postgres.h"

#include "pg/compat.h"
#include "session/ask_stats.h"

/* max_ahead: the most rows that were read ahead. */
extern void
cs_explain_node(const CsAskStats *stats, int64 max_ahead, ExplainState *es);

#endif /* CS_EXPLAIN_H */
