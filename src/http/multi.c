/*-------------------------------------------------------------------------
 * multi.c
 *	  libcurl's multi handle: it moves the transfers of all easy handles.
 *
 * It tells which descriptors it waits for (watch.c) and when it wants to be
 * called.  There is one, and it stays; memory is libcurl's.
 *
 * What it says is wrong with it is final: it may have lost track of its
 * transfers, and newer versions refuse everything from then on.
 *------------------------------------------------------------------------- */
#include "http/multi.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "http/host.h"
#include "http/http_clock.h"
#include "http/watch.h"

/* Idle connections kept over all hosts. */
#define MAX_KEPT_CONNECTIONS 512L

static CURLM	*multi;
static CsInstant timer_due = CS_NEVER; /* when libcurl wants to be called */
static char		 failure[160];		   /* empty: there was none */

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
	if (!ok)
		snprintf(failure, sizeof(failure), "A socket cannot be watched: %s.",
				 strerror(errno));
	return ok ? 0 : -1;
}

static int
on_timer(CURLM *handle, long timeout_ms, void *arg)
{
	timer_due = timeout_ms < 0
					? CS_NEVER
					: cs_http_clock_now() + timeout_ms * CS_US_PER_MS;
	return 0;
}

/* --- what it does --- */

/*
 * Runs libcurl with all signals blocked where a resolver thread may come up in
 * it: the thread inherits the mask, and must not take the signals that
 * PostgreSQL sends to this process.
 */
static void
block_signals(sigset_t *old)
{
	sigset_t all;

	if (!cs_host_any())
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

static void
unblock_signals(const sigset_t *old)
{
	if (cs_host_any())
		pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void
give_up(CURLMcode rc)
{
	if (failure[0] == '\0')
		snprintf(failure, sizeof(failure), "libcurl failed for good: %s.",
				 curl_multi_strerror(rc));
}

static void
act(int fd, int mask)
{
	sigset_t  old;
	int		  running;
	CURLMcode rc;

	block_signals(&old);
	rc = curl_multi_socket_action(multi, fd, mask, &running);
	unblock_signals(&old);
	if (rc != CURLM_OK)
		give_up(rc);
}

void
cs_multi_act(int fd, uint32_t events)
{
	int mask = 0;

	mask |= (events & EPOLLIN) ? CURL_CSELECT_IN : 0;
	mask |= (events & EPOLLOUT) ? CURL_CSELECT_OUT : 0;
	mask |= (events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0;
	act(fd, mask);
}

void
cs_multi_run_timer(void)
{
	if (cs_http_clock_now() < timer_due)
		return;
	timer_due = CS_NEVER;
	act(CURL_SOCKET_TIMEOUT, 0);
}

CsInstant
cs_multi_due(void)
{
	return timer_due;
}

bool
cs_multi_add(CURL *easy)
{
	sigset_t  old;
	CURLMcode rc;

	if (failure[0] != '\0')
		return true;
	block_signals(&old);
	rc = curl_multi_add_handle(multi, easy);
	unblock_signals(&old);
	if (rc != CURLM_OK && rc != CURLM_OUT_OF_MEMORY)
		give_up(rc);
	return rc != CURLM_OUT_OF_MEMORY;
}

void
cs_multi_remove(CURL *easy)
{
	CURLMcode rc = curl_multi_remove_handle(multi, easy);

	if (rc != CURLM_OK)
		give_up(rc);
}

CURL *
cs_multi_next(CURLcode *rc)
{
	CURLMsg *message;
	int		 left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		if (message->msg != CURLMSG_DONE)
			continue;
		*rc = message->data.result;
		return message->easy_handle;
	}
	return NULL;
}

const char *
cs_multi_failure(void)
{
	return failure[0] != '\0' ? failure : NULL;
}

bool
cs_multi_init(void)
{
	CURLMcode rc = CURLM_OK;

	multi = curl_multi_init();
	if (multi == NULL || !cs_watch_init())
		return false;
	rc |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	rc |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	rc |= curl_multi_setopt(multi, CURLMOPT_PIPELINING,
							(long) CURLPIPE_MULTIPLEX);
	rc |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
	return rc == CURLM_OK;
}
