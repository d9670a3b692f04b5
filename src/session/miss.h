/*-------------------------------------------------------------------------
 * miss.h
 *	  A miss: a question that memory does not answer and that must not be
 *	  asked.  Where may it be NULL?
 *
 * A miss never becomes data.  It may be NULL only where nothing can keep it,
 * which is a white list: what is not known to lose its rows counts as keeping
 * them.
 *------------------------------------------------------------------------- */
#ifndef CS_MISS_H
#define CS_MISS_H

#include "postgres.h"

#include "executor/execdesc.h"

#include "pg/compat.h"

/*
 * Are the rows of an outermost query shown, and no more?  That is a SELECT,
 * without a CTE that modifies, whose rows go to the client, through a cursor
 * of this transaction, or to EXPLAIN.  `command` is what runs the query; NULL:
 * nothing but the query itself.
 */
extern bool cs_miss_is_only_shown(const QueryDesc *query, const Node *command);

/* Does a query keep something, in a table or a file? */
extern bool cs_miss_is_kept_by(const QueryDesc *query);

/* May a command, beside the queries in it? */
extern bool cs_miss_is_kept_by_command(const Node *command);

/* Raises CS404, since a NULL that was given for a miss would be kept. */
pg_noreturn extern void cs_miss_refuse(const char *detail);

#endif /* CS_MISS_H */
