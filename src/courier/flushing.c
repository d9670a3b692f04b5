/*-------------------------------------------------------------------------
 * flushing.c
 *	  Who waits until a record of the journal is safe on disk.
 *
 * One after the other, as their records lie there; who waits for an older record
 * than those before it is at worst served with them.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/flushing.h"

static dlist_head		 waiting = DLIST_STATIC_INIT(waiting);
static CsJournalPosition entered; /* the furthest that was waited for, */
static CsJournalPosition asked;	  /* and that a flush was asked for */

void
cs_flushing_enter(CsFlushWait *wait, CsJournalPosition position)
{
	wait->position = position;
	wait->waits = true;
	entered = Max(entered, position);
	dlist_push_tail(&waiting, &wait->node);
}

void
cs_flushing_leave(CsFlushWait *wait)
{
	if (wait->waits)
		dlist_delete(&wait->node);
	wait->waits = false;
}

void
cs_flushing_ask(void)
{
	if (entered == asked || dlist_is_empty(&waiting))
		return;
	asked = entered;
	cs_journal_flush_want(asked);
}

bool
cs_flushing_run(void)
{
	while (!dlist_is_empty(&waiting))
	{
		CsFlushWait	   *wait = dlist_head_element(CsFlushWait, node, &waiting);
		CsJournalSafety safety = cs_journal_flush_look(wait->position);

		if (safety == CS_JOURNAL_WAITS)
			return true;
		cs_flushing_leave(wait);
		wait->ready(wait, safety);
	}
	return false;
}
