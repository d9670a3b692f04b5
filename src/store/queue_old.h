/*-------------------------------------------------------------------------
 * queue_old.h
 *	  Requests that are over for so long that they leave the queue's table.
 *------------------------------------------------------------------------- */
#ifndef CS_QUEUE_OLD_H
#define CS_QUEUE_OLD_H

#include "postgres.h"

#include "utils/timestamp.h"

/* What a look at some rows found. */
typedef struct CsQueueOld
{
	int			n;	  /* rows that were looked at */
	int64		last; /* the id of the last */
	TimestampTz next; /* the earliest end of those that stay; DT_NOEND: none */
	bool		all_young; /* none was requested before that time */
} CsQueueOld;

/*
 * Looks at the rows that follow an id, `limit` at most, and deletes those that
 * ended before a time and that nobody has locked.  One statement of the
 * transaction that is open.
 */
extern void cs_queue_old_delete(int64 after, int limit, TimestampTz before,
								CsQueueOld *found);

#endif /* CS_QUEUE_OLD_H */
