/*-------------------------------------------------------------------------
 * queue_adopt.h
 *	  Open requests of another place: what credscore_adopt() makes of them.
 *
 * Such rows came with a restore or a copy, or are of a former life of the server.
 * Nobody asks them here.
 *------------------------------------------------------------------------- */
#ifndef CS_QUEUE_ADOPT_H
#define CS_QUEUE_ADOPT_H

#include "postgres.h"

#include "store/queue.h"

/* How open requests of one kind and state end. */
typedef struct CsQueueEnd
{
	const char *kind;
	CsRowStatus from;
	CsRowStatus to;
	Jsonb	   *report; /* as of any of them: server and attempts are put in */
} CsQueueEnd;

/* Ends them; returns how many there were.  Waits for whoever changes them. */
extern int64 cs_queue_adopt_end(const CsQueueEnd *ends, int n);

/*
 * Makes them requests of this place; returns how many there were.  None of them
 * was claimed by this server, whatever it says: what is being asked is
 * reconciled.
 */
extern int64 cs_queue_adopt_take(void);

/*
 * A subscription that writes tables which say what is to be asked, palloc'd;
 * NULL: none does.
 */
extern char *cs_queue_adopt_subscription(void);

#endif /* CS_QUEUE_ADOPT_H */
