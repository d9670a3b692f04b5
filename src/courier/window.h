/*-------------------------------------------------------------------------
 * window.h
 *	  How many questions of one session are on their way at once.
 *
 * Sessions hand over more than that, so that the next question leaves as soon
 * as one is answered, whatever the session is doing; what is beyond waits
 * here, at no server's gate, and no time-out runs for it.
 *------------------------------------------------------------------------- */
#ifndef CS_WINDOW_H
#define CS_WINDOW_H

#include "postgres.h"

#include "lib/ilist.h"

/* A question's place in a window; zero it before use. */
typedef struct CsPlace
{
	dlist_node node;	/* while it waits */
	int		   process; /* the asker's process number */
	bool	   waits;
	bool	   inside;
} CsPlace;

extern void cs_window_init(void);

/*
 * Enters the window of a process, which has room for `most`; false: waits, what
 * is urgent before what is not.
 */
extern bool
cs_window_enter(CsPlace *place, int process, int most, bool urgent);

/* Has the window of a process, which may not have asked before, room for one more
 * if it has room for `most`? */
extern bool cs_window_has_room(int process, int most);

/* Leaves, from inside or from among those waiting; at any time. */
extern void cs_window_leave(CsPlace *place);

/* Lets the next of those waiting in, where there is room; NULL: none. */
extern CsPlace *cs_window_next(void);

#endif /* CS_WINDOW_H */
