/*-------------------------------------------------------------------------
 * http.c
 *	  HTTP calls, many at a time, in one process.
 *
 * curl multi tells which sockets it watches; they lie in one epoll
 * descriptor, which the courier's wait event set watches in turn.  All
 * memory is malloc'd: libcurl calls back in the middle of its work, and
 * nothing may jump out of it.
 *
 * What is special here, and why:
 *
 * - A call leaves at most once.  libcurl sends a request again by itself when
 *	 a kept-alive connection turns out to be closed, POST as well, and each
 *	 is billed.  The pre-request callback runs once per sending and refuses
 *	 the second; the call then counts as lost.
 * - Deadlines are ours, looked at after the sockets were drained.  libcurl's
 *	 own time-out also fires on replies that already lie in the socket.
 * - One call resolves a host, the others wait for it: libcurl's resolver
 *	 starts one thread per lookup.  Threads come up with all signals blocked.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "http/http.h"

#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "lib/ilist.h"
#include "lib/pairingheap.h"

#include "base/core.h"
#include "http/handle.h"
#include "http/host.h"
#include "http/watch.h"

/* Resolved addresses are used for a minute, as libcurl does by default. */
#define HOST_TTL_MS (60 * 1000)

/* Idle connections kept over all hosts. */
#define MAX_KEPT_CONNECTIONS 512L

#define EVENTS_PER_TURN	 128
#define FIRST_BODY_BYTES 8192

struct CsHttpCall
{
	pairingheap_node   by_deadline;
	dlist_node		   node; /* in a host's waiting list */
	CsHttpOwner		  *owner;
	CsHandle		   handle;
	struct curl_slist *forget; /* "-host:port": drops a stale address */
	CsHost			  *host;   /* not NULL while it resolves or waits */
	bool			   added;  /* to the multi handle */
	bool			   sent;
	bool			   sent_twice; /* libcurl wanted to send again */
	bool			   too_large;
	bool			   out_of_memory;
	int64			   connect_deadline;
	int64			   deadline;
	int64			   due; /* the one of both that holds now */
	int				   request_timeout_ms;
	int				   connect_timeout_ms;
	size_t			   max_body;
	char			  *body;
	size_t			   len;
	size_t			   size;
};

static CURLM *multi;
static int64  timer_due = -1; /* when libcurl wants to be called */
static bool	  hosts_changed;  /* a leader is through, or over */
static int
compare_deadlines(const pairingheap_node *a, const pairingheap_node *b,
				  void *arg)
{
	int64 left = pairingheap_const_container(CsHttpCall, by_deadline, a)->due;
	int64 right = pairingheap_const_container(CsHttpCall, by_deadline, b)->due;

	return left < right ? 1 : left > right ? -1 : 0;
}

static pairingheap deadlines = {compare_deadlines, NULL, NULL};

static int64
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- libcurl's callbacks: they record, and never raise or log --- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	bool ok = true;

	switch (what)
	{
		case CURL_POLL_REMOVE:
			cs_watch_idle(fd);
			break;
		case CURL_POLL_IN:
			ok = cs_watch(fd, EPOLLIN);
			break;
		case CURL_POLL_OUT:
			ok = cs_watch(fd, EPOLLOUT);
			break;
		case CURL_POLL_INOUT:
			ok = cs_watch(fd, EPOLLIN | EPOLLOUT);
			break;
	}
	return ok ? 0 : -1;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	cs_watch_closed(fd);
	return close(fd);
}

static int
on_timer(CURLM *handle, long timeout_ms, void *arg)
{
	timer_due = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	return 0;
}

/* The connection stands and the request is about to leave. */
static int
before_request(void *arg, char *remote, char *local, int remote_port,
			   int local_port)
{
	CsHttpCall *call = arg;

	if (call->sent)
	{
		call->sent_twice = call->handle.worn = true;
		return CURL_PREREQFUNC_ABORT;
	}
	if (!call->owner->sending(call->owner))
		return CURL_PREREQFUNC_ABORT;
	call->sent = true;
	if (call->host != NULL)
		hosts_changed = true;
	return CURL_PREREQFUNC_OK;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	CsHttpCall *call = arg;

	n *= size;
	if (n > call->max_body - call->len)
	{
		call->too_large = true;
		return 0;
	}
	if (call->len + n > call->size)
	{
		size_t larger = Max(call->size * 2, FIRST_BODY_BYTES);
		char  *body;

		while (larger < call->len + n)
			larger *= 2;
		body = realloc(call->body, larger);
		if (body == NULL)
		{
			call->out_of_memory = true;
			return 0;
		}
		call->body = body;
		call->size = larger;
	}
	memcpy(call->body + call->len, bytes, n);
	call->len += n;
	return n;
}

/* --- hosts --- */

/*
 * Runs libcurl with all signals blocked where a resolver thread may come up
 * in it (hosts with names are known): the thread inherits the mask, and must not take the signals that
 * PostgreSQL sends to this process.
 */
static void
block_signals(sigset_t *old)
{
	sigset_t all;

	if (dlist_is_empty(&cs_hosts))
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

static void
unblock_signals(const sigset_t *old)
{
	if (!dlist_is_empty(&cs_hosts))
		pthread_sigmask(SIG_SETMASK, old, NULL);
}

static bool
begin(CsHttpCall *call)
{
	sigset_t  old;
	CURLMcode rc;

	block_signals(&old);
	rc = curl_multi_add_handle(multi, call->handle.easy);
	unblock_signals(&old);
	call->added = rc == CURLM_OK;
	return call->added;
}

static bool
lead(CsHttpCall *call, CsHost *host)
{
	/* Makes libcurl forget the address it has, so that it looks anew. */
	call->forget = curl_slist_append(NULL, host->name);
	if (call->forget == NULL ||
		curl_easy_setopt(call->handle.easy, CURLOPT_RESOLVE, call->forget) !=
			CURLE_OK)
		return false;
	host->leader = call;
	return begin(call);
}

/* --- the end of a call --- */

static void
free_call(CsHttpCall *call)
{
	if (call->added)
		curl_multi_remove_handle(multi, call->handle.easy);
	cs_handle_close(&call->handle);
	curl_slist_free_all(call->forget);
	free(call->body);
	free(call);
}

static void
leave_host(CsHttpCall *call)
{
	CsHost *host = call->host;

	if (host == NULL)
		return;
	call->host = NULL;
	if (host->leader == call)
	{
		host->leader = NULL;
		hosts_changed = true;
	}
	else
		dlist_delete(&call->node);
}

static void
finish(CsHttpCall *call, CsHttpResult *result)
{
	pairingheap_remove(&deadlines, &call->by_deadline);
	leave_host(call);
	if (call->added)
		cs_handle_measure(&call->handle, &result->cost);
	result->body = call->body ? call->body : "";
	result->len = call->len;
	call->owner->done(call->owner, result);
	free_call(call);
}

static CsCallEnd
end_of(CsHttpCall *call, CURLcode rc)
{
	if (rc == CURLE_OK)
		return CS_CALL_REPLY;
	if (call->too_large)
		return CS_CALL_TOO_LARGE;
	if (!call->sent)
		return CS_CALL_NOT_SENT;
	if (rc == CURLE_BAD_CONTENT_ENCODING || rc == CURLE_WEIRD_SERVER_REPLY ||
		rc == CURLE_UNSUPPORTED_PROTOCOL)
		return CS_CALL_GARBLED;
	return CS_CALL_LOST;
}

static void
finish_with_code(CsHttpCall *call, CURLcode rc)
{
	CsHttpResult result;
	long		 status = 0;
	curl_off_t	 retry_after = 0;

	memset(&result, 0, sizeof(result));
	result.end = end_of(call, rc);
	curl_easy_getinfo(call->handle.easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->handle.easy, CURLINFO_RETRY_AFTER, &retry_after);
	result.status = (int) status;
	result.retry_after_ms =
		(int) Min(Max(retry_after, 0), PG_INT32_MAX / 1000) * 1000;
	if (call->out_of_memory)
		strlcpy(result.detail, "The courier has no memory for the reply.",
				sizeof(result.detail));
	else if (call->sent_twice)
		strlcpy(
			result.detail,
			"The provider closed the kept-alive connection without a reply; the request is not sent again.",
			sizeof(result.detail));
	else if (call->too_large)
		snprintf(result.detail, sizeof(result.detail),
				 "The reply is larger than %zu bytes, after decompression.",
				 call->max_body);
	else if (rc != CURLE_OK)
		cs_handle_describe(&call->handle, rc, result.detail,
						   sizeof(result.detail));

	/* A name that is not known is not known to those who wait, too. */
	if (rc == CURLE_COULDNT_RESOLVE_HOST && call->host != NULL &&
		call->host->leader == call)
	{
		CsHost *host = call->host;

		while (!dlist_is_empty(&host->waiting))
		{
			CsHttpResult same = result;

			finish(dlist_head_element(CsHttpCall, node, &host->waiting),
				   &same);
		}
	}
	else if (call->host != NULL && call->host->leader == call)
		call->host->resolved_until = now_ms() + HOST_TTL_MS;
	finish(call, &result);
}

/* What was being waited for when the time to connect ran out. */
static const char *
connect_phase(CsHttpCall *call)
{
	curl_off_t looked_up = 0;
	long	   local_port = 0;

	/* Its time to connect is known only once TLS stands, too. */
	if (call->added)
	{
		curl_easy_getinfo(call->handle.easy, CURLINFO_NAMELOOKUP_TIME_T,
						  &looked_up);
		curl_easy_getinfo(call->handle.easy, CURLINFO_LOCAL_PORT, &local_port);
	}
	return local_port > 0  ? "TLS handshake"
		   : looked_up > 0 ? "connection"
						   : "address of the host";
}

static void
finish_late(CsHttpCall *call)
{
	CsHttpResult result;

	memset(&result, 0, sizeof(result));
	if (call->sent)
	{
		long status = 0;

		curl_easy_getinfo(call->handle.easy, CURLINFO_RESPONSE_CODE, &status);
		result.end = CS_CALL_LOST;
		result.status = (int) status;
		snprintf(result.detail, sizeof(result.detail),
				 "No complete reply within %d ms.", call->request_timeout_ms);
	}
	else
	{
		result.end = CS_CALL_NOT_SENT;
		snprintf(result.detail, sizeof(result.detail), "No %s within %d ms.",
				 connect_phase(call),
				 Min(call->connect_timeout_ms, call->request_timeout_ms));
	}
	finish(call, &result);
}

/* --- the turn --- */

/* Returns whether a call was over. */
static bool
reap(void)
{
	CURLMsg *message;
	bool	 any = false;
	int		 left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		char	*call = NULL;
		CURLcode rc = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		finish_with_code((CsHttpCall *) call, rc);
		any = true;
	}
	return any;
}

/* A call whose request has left is due later than one that connects. */
static void
expire(void)
{
	int64 now = now_ms();

	while (!pairingheap_is_empty(&deadlines))
	{
		CsHttpCall *call = pairingheap_container(
			CsHttpCall, by_deadline, pairingheap_first(&deadlines));

		if (call->due > now)
			break;
		if (call->sent && call->deadline > now)
		{
			pairingheap_remove(&deadlines, &call->by_deadline);
			call->due = call->deadline;
			pairingheap_add(&deadlines, &call->by_deadline);
			continue;
		}
		finish_late(call);
	}
}

/* Starts those who waited for an address that is known by now. */
static void
release_waiting(CsHost *host)
{
	while (!dlist_is_empty(&host->waiting))
	{
		CsHttpCall *call =
			dlist_head_element(CsHttpCall, node, &host->waiting);
		bool resolved = host->resolved_until > now_ms();

		if (!resolved && host->leader != NULL)
			return;
		dlist_delete(&call->node);
		call->host = resolved ? NULL : host;
		if (!(resolved ? begin(call) : lead(call, host)))
		{
			CsHttpResult result = {.end = CS_CALL_NOT_SENT};

			strlcpy(result.detail, "The courier has no memory for the call.",
					sizeof(result.detail));
			if (call->host != NULL && host->leader != call)
				call->host = NULL;
			finish(call, &result);
		}
	}
}

static void
look_at_hosts(void)
{
	dlist_iter iter;

	hosts_changed = false;
	dlist_foreach(iter, &cs_hosts)
	{
		CsHost	   *host = dlist_container(CsHost, node, iter.cur);
		CsHttpCall *leader = host->leader;

		if (leader != NULL && leader->sent)
		{
			host->resolved_until = now_ms() + HOST_TTL_MS;
			leave_host(leader);
		}
		release_waiting(host);
	}
	hosts_changed = false;
}

/* Gives libcurl something to do: a socket, or its timer. */
static void
act(int fd, int mask)
{
	sigset_t old;
	int		 running;

	block_signals(&old);
	curl_multi_socket_action(multi, fd, mask, &running);
	unblock_signals(&old);
}

static void
socket_event(const struct epoll_event *event)
{
	int mask = 0;

	mask |= (event->events & EPOLLIN) ? CURL_CSELECT_IN : 0;
	mask |= (event->events & EPOLLOUT) ? CURL_CSELECT_OUT : 0;
	mask |= (event->events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0;
	act(event->data.fd, mask);
}

/* What libcurl wants to be called for: it starts calls so, too. */
static void
run_timer(void)
{
	if (timer_due < 0 || now_ms() < timer_due)
		return;
	timer_due = -1;
	act(CURL_SOCKET_TIMEOUT, 0);
}

void
cs_http_turn(void (*start_next)(void))
{
	struct epoll_event events[EVENTS_PER_TURN];
	int				   n = cs_watch_events(events, EVENTS_PER_TURN);

	run_timer();
	for (int i = 0; i < n; i++)
	{
		socket_event(&events[i]);
		if (!reap())
			continue;
		start_next();
		run_timer();
	}
	(void) reap();
	expire();
	if (hosts_changed)
		look_at_hosts();
}

long
cs_http_timeout(void)
{
	int64 due = timer_due;

	if (!pairingheap_is_empty(&deadlines))
	{
		int64 first = pairingheap_container(CsHttpCall, by_deadline,
											pairingheap_first(&deadlines))
						  ->due;

		due = due < 0 ? first : Min(due, first);
	}
	if (hosts_changed)
		return 0;
	return due < 0 ? -1 : (long) Max(due - now_ms(), 0);
}

int
cs_http_descriptor(void)
{
	return cs_watch_descriptor();
}

/* --- the start --- */

static bool
start_or_wait(CsHttpCall *call, CsHost *host)
{
	if (host == NULL || host->resolved_until > now_ms())
		return begin(call);
	call->host = host;
	if (host->leader != NULL)
	{
		dlist_push_tail(&host->waiting, &call->node);
		return true;
	}
	if (lead(call, host))
		return true;
	leave_host(call);
	return false;
}

bool
cs_http_start(const CsHttpSpec *spec, CsHttpOwner *owner)
{
	CsHttpCall *call = calloc(1, sizeof(CsHttpCall));
	int64		now = now_ms();

	if (call == NULL)
		return false;
	call->owner = owner;
	call->max_body = spec->max_body;
	call->connect_timeout_ms = spec->connect_timeout_ms;
	call->request_timeout_ms = spec->request_timeout_ms;
	call->deadline = now + spec->request_timeout_ms;
	call->due = call->connect_deadline =
		now + Min(spec->connect_timeout_ms, spec->request_timeout_ms);
	if (!cs_handle_open(&call->handle, spec, call) ||
		!start_or_wait(call, cs_host_of(spec)))
	{
		free_call(call);
		return false;
	}
	pairingheap_add(&deadlines, &call->by_deadline);
	return true;
}

bool
cs_http_init(void)
{
	CURLMcode				rc = CURLM_OK;
	const CsHandleCallbacks callbacks = {on_body, before_request, on_close};

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	multi = curl_multi_init();
	if (multi == NULL || !cs_watch_init() || !cs_handle_init(&callbacks))
		return false;
	rc |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	rc |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	rc |= curl_multi_setopt(multi, CURLMOPT_PIPELINING,
							(long) CURLPIPE_MULTIPLEX);
	rc |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
	return rc == CURLM_OK;
}
