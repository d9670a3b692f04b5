/*-------------------------------------------------------------------------
 * window.c
 *	  How many questions of one session are on their way at once.
 *
 * Belongs to the courier process: an array by process number.  A process
 * number is used again by later sessions; whoever abandons questions that are
 * on the wire leaves their places, so that a successor finds its window empty.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "courier/window.h"

#include "utils/memutils.h"

#include "pg/compat.h"

typedef struct Window
{
	dlist_node node; /* in `roomy` */
	bool	   listed;
	int		   inside;
	int		   most; /* as the latest question had it */
	dlist_head waiting;
} Window;

static Window	 *windows;
static dlist_head roomy = DLIST_STATIC_INIT(roomy); /* may let someone in */

void
cs_window_init(void)
{
	windows = MemoryContextAllocZero(
		TopMemoryContext, cs_compat_process_count() * sizeof(Window));
	for (int i = 0; i < cs_compat_process_count(); i++)
		dlist_init(&windows[i].waiting);
}

static bool
has_room(const Window *window)
{
	return window->inside < window->most;
}

/* Keeps the list of windows that have both room and someone to let in. */
static void
list_if_roomy(Window *window)
{
	bool lets_in = has_room(window) && !dlist_is_empty(&window->waiting);

	if (lets_in && !window->listed)
		dlist_push_tail(&roomy, &window->node);
	else if (!lets_in && window->listed)
		dlist_delete(&window->node);
	window->listed = lets_in;
}

bool
cs_window_enter(CsPlace *place, int process, int most, bool urgent)
{
	Window *window = &windows[process];

	window->most = most;
	place->process = process;
	place->inside =
		has_room(window) && (urgent || dlist_is_empty(&window->waiting));
	place->waits = !place->inside;
	if (place->inside)
		window->inside++;
	else if (urgent)
		dlist_push_head(&window->waiting, &place->node);
	else
		dlist_push_tail(&window->waiting, &place->node);
	list_if_roomy(window);
	return place->inside;
}

bool
cs_window_has_room(int process, int most)
{
	return windows[process].inside < most;
}

void
cs_window_leave(CsPlace *place)
{
	Window *window = &windows[place->process];

	if (place->waits)
		dlist_delete(&place->node);
	else if (place->inside)
		window->inside--;
	else
		return;
	place->waits = place->inside = false;
	list_if_roomy(window);
}

CsPlace *
cs_window_next(void)
{
	Window	*window;
	CsPlace *place;

	if (dlist_is_empty(&roomy))
		return NULL;
	window = dlist_head_element(Window, node, &roomy);
	place = dlist_head_element(CsPlace, node, &window->waiting);
	dlist_delete(&place->node);
	place->waits = false;
	place->inside = true;
	window->inside++;
	list_if_roomy(window);
	return place;
}
