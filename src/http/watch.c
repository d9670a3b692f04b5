/*-------------------------------------------------------------------------
 * watch.c
 *	  The descriptors that libcurl waits for, in one epoll descriptor.
 *
 * libcurl takes a connection's descriptor back after each transfer and hands
 * it out again with the next.  Here it stays registered meanwhile, which saves
 * two system calls per transfer; when an idle connection speaks (the peer
 * closes it), it is unregistered then.
 *
 * What is no connection is a resolver thread's: a socket, a pipe or an eventfd,
 * by version.  libcurl closes those without telling, and the system gives their
 * numbers to others.  So what is noted of them is not relied on.
 *------------------------------------------------------------------------- */
#include "http/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/core.h"
#include "http/connection.h"

/* Beside the events: libcurl has no use for the descriptor now. */
#define IDLE   ((uint32_t) 1 << 24)
#define EVENTS (EPOLLIN | EPOLLOUT)

static int		 epoll_fd = -1;
static uint32_t *watched; /* by descriptor; 0: not registered */
static int		 nwatched;

bool
cs_watch_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd >= 0;
}

int
cs_watch_descriptor(void)
{
	return epoll_fd;
}

static bool
make_room(int fd)
{
	int		  n = CS_MAX(fd + 1, nwatched * 2);
	uint32_t *larger;

	if (fd < nwatched)
		return true;
	larger = realloc(watched, n * sizeof(*watched));
	if (larger == NULL)
		return false;
	memset(larger + nwatched, 0, (n - nwatched) * sizeof(*watched));
	watched = larger;
	nwatched = n;
	return true;
}

static void
unwatch(int fd)
{
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	watched[fd] = 0;
}

/* Registers a descriptor, or changes what it is registered for. */
static bool
set_events(int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (watched[fd] != 0 &&
		epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
		return true;

	/* It is new, or was closed and is another now, of which epoll knows
	 * nothing. */
	return (watched[fd] == 0 || errno == ENOENT) &&
		   epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool
cs_watch(int fd, uint32_t events)
{
	if (!make_room(fd))
		return false;
	if (!cs_connection_known(fd) || (watched[fd] & EVENTS) != events)
	{
		if (!set_events(fd, events))
			return false;
	}
	watched[fd] = events;
	return true;
}

void
cs_watch_idle(int fd)
{
	if (fd >= nwatched || watched[fd] == 0)
		return;
	if (cs_connection_known(fd))
		watched[fd] |= IDLE;
	else
		unwatch(fd);
}

/* Closing takes a descriptor out of epoll by itself. */
void
cs_watch_forget(int fd)
{
	if (fd < nwatched)
		watched[fd] = 0;
}

int
cs_watch_events(struct epoll_event *events, int max)
{
	int n = epoll_wait(epoll_fd, events, max, 0);
	int wanted = 0;

	for (int i = 0; i < n; i++)
	{
		if (watched[events[i].data.fd] & IDLE)
			unwatch(events[i].data.fd);
		else
			events[wanted++] = events[i];
	}
	return wanted;
}
