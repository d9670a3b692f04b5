/*-------------------------------------------------------------------------
 * wait.c
 *	  GET /control/wait: a reply that comes when a condition holds.
 *
 * So that tests need no sleep: the request is suspended, and looked at each
 * time a counter changed, until its condition holds or its time is up.  A
 * Waiter belongs to its request and goes when the reply is made or the
 * request ends.
 *------------------------------------------------------------------------- */
#include "core/wait.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "core/control.h"
#include "core/count.h"
#include "core/request.h"
#include "core/subject.h"

#define DEFAULT_TIMEOUT_MS 10000

typedef struct Waiter
{
	SbRequest	  *request;
	SbCounter	  *counter;
	char		  *subject;	 /* count this one instead of all */
	int64_t		   received; /* -1: whatever */
	int64_t		   finished;
	int64_t		   in_flight;
	int64_t		   held;
	int64_t		   in_flight_at_most;
	int64_t		   open_at_most;
	bool		   ok; /* the condition held */
	struct Waiter *next;
} Waiter;

static Waiter *waiters;

static bool
holds(const Waiter *waiter)
{
	const SbCounter *counter = waiter->counter;
	int64_t			 received = (int64_t) counter->received;

	if (waiter->subject != NULL)
		received = sb_subject_get(waiter->counter, SB_SUBJECT_ASKED,
								  waiter->subject, strlen(waiter->subject));
	return received >= waiter->received &&
		   (int64_t) counter->finished >= waiter->finished &&
		   (int64_t) counter->in_flight >= waiter->in_flight &&
		   (int64_t) counter->held >= waiter->held &&
		   (waiter->in_flight_at_most < 0 ||
			(int64_t) counter->in_flight <= waiter->in_flight_at_most) &&
		   (waiter->open_at_most < 0 ||
			(int64_t) sb_count_connections.open <= waiter->open_at_most);
}

static int64_t
query_number(SbRequest *request, const char *name, int64_t otherwise)
{
	const char *text = sb_request_query(request, name);

	return text != NULL ? atoll(text) : otherwise;
}

static void
time_is_up(void *arg)
{
	sb_request_resume(arg);
}

void
sb_wait_begin(SbRequest *request)
{
	SbCounter  *counter = sb_count_find(sb_request_query(request, "provider"),
										sb_request_query(request, "path"));
	const char *subject = sb_request_query(request, "subject");
	Waiter	   *waiter;

	if (counter == NULL || (subject != NULL && counter == &sb_count_total))
	{
		sb_control_error(request, 400,
						 "provider and path must name an endpoint");
		return;
	}
	waiter = sb_alloc(sizeof(Waiter));
	waiter->request = request;
	waiter->counter = counter;
	waiter->subject = subject != NULL ? strdup(subject) : NULL;
	waiter->received = query_number(request, "received", -1);
	waiter->finished = query_number(request, "finished", -1);
	waiter->in_flight = query_number(request, "in_flight", -1);
	waiter->held = query_number(request, "held", -1);
	waiter->in_flight_at_most = query_number(request, "in_flight_at_most", -1);
	waiter->open_at_most = query_number(request, "open_at_most", -1);
	waiter->next = waiters;
	waiters = waiter;
	request->waiter = waiter;
	waiter->ok = holds(waiter);
	if (waiter->ok)
	{
		sb_wait_end(request);
		return;
	}
	request->stage = SB_STAGE_WAITING;
	request->timer.fire = time_is_up;
	request->timer.arg = request;
	sb_request_suspend(
		request,
		query_number(request, "timeout_ms", DEFAULT_TIMEOUT_MS) * 1000);
}

void
sb_wait_end(SbRequest *request)
{
	Waiter		*waiter = request->waiter;
	Waiter	   **place = &waiters;
	json_object *object = json_object_new_object();

	json_object_object_add(object, "ok", json_object_new_boolean(waiter->ok));
	json_object_object_add(object, "counts",
						   sb_control_counter(waiter->counter));
	sb_control_json(request, object);
	while (*place != waiter)
		place = &(*place)->next;
	*place = waiter->next;
	request->waiter = NULL;
	free(waiter->subject);
	free(waiter);
}

void
sb_wait_check(void)
{
	Waiter *waiter;

	for (waiter = waiters; waiter != NULL; waiter = waiter->next)
	{
		if (waiter->request->suspended && holds(waiter))
		{
			waiter->ok = true;
			sb_request_resume(waiter->request);
		}
	}
}
