/*-------------------------------------------------------------------------
 * forgetting.h
 *	  Forgetting a person: what of it waits for the end of the transaction.
 *------------------------------------------------------------------------- */
#ifndef CS_FORGETTING_H
#define CS_FORGETTING_H

#include "postgres.h"

#include "shared/key.h"

extern void cs_forgetting_init(void);

/* How many answers about a subject lie in memory and, not loaded yet, in the
 * journal. */
typedef struct CsForgettable
{
	int64 memory;
	int64 journal;
} CsForgettable;

extern void cs_forgetting_count(const char *subject, CsForgettable *found);

/*
 * When this transaction commits, memory and journal forget the subject; its
 * answers on their way go to who asked, and nowhere else.  Raises what the
 * database's key of digests does; PREPARE is refused then.
 */
extern void cs_forgetting_at_commit(const char *subject);

#endif /* CS_FORGETTING_H */
