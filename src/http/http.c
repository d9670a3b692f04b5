/*-------------------------------------------------------------------------
 * http.c
 *	  HTTP calls, many at a time, in one process.
 *
 * A call (call.c) gets a role about the address of its host (host.c), and
 * goes or waits; libcurl's multi handle (multi.c) moves what goes.
 *
 *	  cs_http_start -> waits for the address -> has its transfer -> is over
 *
 * What is special here, and why:
 *
 * - Deadlines are ours, looked at after the sockets were drained.  libcurl's
 *	 own time-out also fires on replies that already lie in the socket.  Nor
 *	 does the time count in which this process stood still: a reply may be on
 *	 its way, and a connection that came about meanwhile has just been used.
 * - One call resolves a host, the others wait for it: libcurl's resolver
 *	 starts one thread per look-up.
 * - Connections are kept over all calls, though no longer than a host is sure
 *	 to stay where it is (host.h).
 * - libcurl may fail for good, with all that is in it.  Nothing is handed over
 *	 then, so that whoever comes after this process can tell what was sent from
 *	 what was not.
 *------------------------------------------------------------------------- */
#include "http/http.h"

#include <stdio.h>
#include <string.h>

#include "base/awake.h"
#include "base/list.h"
#include "http/call.h"
#include "http/http_clock.h"
#include "http/multi.h"
#include "http/watch.h"

#define EVENTS_PER_TURN 128

static CsDeadlines deadlines; /* in awake_now's time */

static CsInstant
awake_now(void)
{
	return cs_awake_at(cs_http_clock_now());
}

/* --- the beginning of a call --- */

/* False: no memory. */
static bool
begin(CsCall *call)
{
	call->added = cs_multi_add(call->handle.easy);
	return call->added;
}

static void
withdraw(CsCall *call)
{
	if (call->added)
		cs_multi_remove(call->handle.easy);
	call->added = false;
}

/* A call begins in its role; who waits begins later. */
static bool
begin_in_role(CsCall *call, CsInstant now)
{
	CsLookup *lookup = &call->lookup;
	CsHandle *handle = &call->handle;

	if (lookup->role == CS_HOST_WAITS)
		return true;
	if (lookup->role == CS_HOST_LEADS &&
		!cs_handle_look_up(handle, cs_host_entry(lookup)))
		return false;
	if (cs_host_turn(lookup, now) && !cs_handle_keep_apart(handle))
		return false;
	return begin(call);
}

/* The connection it got is closed: nothing has left. */
static bool
begin_anew(CsCall *call)
{
	withdraw(call);
	call->too_late = false;
	cs_handle_connect_anew(&call->handle);
	return begin(call);
}

static void
forget(CsCall *call)
{
	withdraw(call);
	cs_host_leave(&call->lookup);
	cs_call_free(call);
}

static void
set_deadlines(CsCall *call, const CsHttpSpec *spec, CsInstant now)
{
	call->deadline = now + spec->request_timeout_ms * CS_US_PER_MS;
	cs_deadline_add(
		&deadlines, &call->due,
		CS_MIN(now + spec->connect_timeout_ms * CS_US_PER_MS, call->deadline));
}

bool
cs_http_start(const CsHttpSpec *spec, CsHttpOwner *owner)
{
	CsCall	 *call = cs_call_new(spec, owner);
	CsInstant now = cs_http_clock_now();

	if (call == NULL)
		return false;
	if (!cs_host_enter(&call->lookup, spec, now) || !begin_in_role(call, now))
	{
		forget(call);
		return false;
	}
	set_deadlines(call, spec, awake_now());
	owner->call = call;
	return true;
}

bool
cs_http_take_back(CsHttpOwner *owner)
{
	CsCall *call = owner->call;

	if (call == NULL || call->sent || cs_multi_failure() != NULL)
		return false;
	owner->call = NULL;
	cs_deadline_remove(&deadlines, &call->due);
	forget(call);
	return true;
}

/* --- the end of a call --- */

static void
finish(CsCall *call, CsHttpResult *result)
{
	if (cs_call_doubtful(call, result->end))
		cs_host_doubt(&call->lookup);
	cs_deadline_remove(&deadlines, &call->due);
	result->body = call->body ? call->body : "";
	result->len = call->len;
	call->owner->call = NULL;
	call->owner->done(call->owner, result);
	forget(call);
}

/* It could not begin, though it was accepted. */
static void
finish_without_memory(CsCall *call)
{
	CsHttpResult result = {.end = CS_CALL_NOT_SENT};

	snprintf(result.detail, sizeof(result.detail),
			 "The courier has no memory for the call.");
	finish(call, &result);
}

/* A name that is not known is not known to those who wait, too. */
static void
finish_waiting(CsCall *leader, const CsHttpResult *result)
{
	CsLookup *lookup;

	while ((lookup = cs_host_dismiss(&leader->lookup)) != NULL)
	{
		CsHttpResult same = *result;

		memset(&same.cost, 0, sizeof(same.cost));
		finish(cs_list_of(CsCall, lookup, lookup), &same);
	}
}

static void
finish_with_code(CsCall *call, CURLcode rc)
{
	CsHttpResult result;

	cs_call_ended(call, rc, &result);
	if (call->lookup.role == CS_HOST_LEADS &&
		(rc == CURLE_COULDNT_RESOLVE_HOST ||
		 rc == CURLE_COULDNT_RESOLVE_PROXY))
		finish_waiting(call, &result);
	finish(call, &result);
}

static void
finish_late(CsCall *call)
{
	CsHttpResult result;

	cs_call_late(call, &result);
	finish(call, &result);
}

/* --- the turn --- */

/* Returns whether a call was over. */
static bool
reap(void)
{
	CURL	*easy;
	CURLcode rc;
	bool	 any = false;

	while ((easy = cs_multi_next(&rc)) != NULL)
	{
		CsCall *call = cs_call_of(easy);

		if (!call->too_late)
			finish_with_code(call, rc);
		else if (begin_anew(call))
			continue;
		else
			finish_without_memory(call);
		any = true;
	}
	return any;
}

/* A call whose request has left is due later than one that connects. */
static void
expire(void)
{
	CsInstant now = awake_now();

	while (deadlines.first != NULL && deadlines.first->due <= now)
	{
		CsCall *call = cs_list_of(CsCall, due, deadlines.first);

		if (!call->sent || call->deadline <= now)
		{
			finish_late(call);
			continue;
		}
		cs_deadline_remove(&deadlines, &call->due);
		cs_deadline_add(&deadlines, &call->due, call->deadline);
	}
}

/* Who waited for an address may go by now. */
static void
start_waiting(void)
{
	CsInstant now = cs_http_clock_now();
	CsLookup *lookup;

	while ((lookup = cs_host_next(now)) != NULL)
	{
		CsCall *call = cs_list_of(CsCall, lookup, lookup);

		if (!begin_in_role(call, now))
			finish_without_memory(call);
	}
}

void
cs_http_turn(void (*start_next)(void))
{
	struct epoll_event events[EVENTS_PER_TURN];
	int				   n;

	if (cs_multi_failure() != NULL)
		return;
	n = cs_watch_events(events, EVENTS_PER_TURN);
	cs_multi_run_timer();
	for (int i = 0; i < n && cs_multi_failure() == NULL; i++)
	{
		cs_multi_act(events[i].data.fd, events[i].events);
		if (!reap())
			continue;
		start_next();
		cs_multi_run_timer();
	}
	(void) reap();
	if (cs_multi_failure() != NULL)
		return;
	expire();
	if (cs_host_stirs())
		start_waiting();
}

long
cs_http_timeout(void)
{
	CsInstant due = cs_multi_due();
	CsInstant now = cs_http_clock_now();

	if (cs_host_stirs())
		return 0;
	if (deadlines.first != NULL)
		due = CS_MIN(due, now + deadlines.first->due - cs_awake_at(now));
	if (due == CS_NEVER)
		return -1;
	return due <= now ? 0
					  : (long) ((due - now + CS_US_PER_MS - 1) / CS_US_PER_MS);
}

int
cs_http_descriptor(void)
{
	return cs_watch_descriptor();
}

const char *
cs_http_failure(void)
{
	return cs_multi_failure();
}

/* --- the library --- */

bool
cs_http_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK &&
		   cs_multi_init() && cs_call_init();
}

const char *
cs_http_built_version(void)
{
	return LIBCURL_VERSION;
}

const char *
cs_http_loaded_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}
