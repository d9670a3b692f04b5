/*-------------------------------------------------------------------------
 * watch.c
 *	  The descriptors that libcurl waits for, in one epoll descriptor.
 *
 * libcurl takes a connection's descriptor back after each transfer and hands
 * it out again with the next.  Here it stays registered meanwhile, which saves
 * two system calls per transfer; when an idle connection speaks (the peer
 * closes it), it is unregistered then.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "http/watch.h"

#include <sys/socket.h>

/* Beside the events: libcurl has no use for it now; it is no connection, but
 * a resolver thread's, which libcurl closes without telling. */
#define IDLE	 ((uint32) 1 << 24)
#define RESOLVER ((uint32) 1 << 25)
#define EVENTS	 (EPOLLIN | EPOLLOUT)

static int	   epoll_fd = -1;
static uint32 *watched; /* by descriptor; 0: not registered */
static int	   nwatched;

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
	int		n = Max(fd + 1, nwatched * 2);
	uint32 *larger;

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

/* libcurl's resolver threads speak through socket pairs. */
static uint32
kind_of(int fd)
{
	int		  domain = AF_INET;
	socklen_t len = sizeof(domain);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	return domain == AF_UNIX ? RESOLVER : 0;
}

bool
cs_watch(int fd, uint32 events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (!make_room(fd))
		return false;
	watched[fd] &= ~IDLE;
	if ((watched[fd] & EVENTS) == events)
		return true;
	if (epoll_ctl(epoll_fd, watched[fd] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
				  &event) != 0)
		return false;
	watched[fd] =
		events | (watched[fd] ? watched[fd] & RESOLVER : kind_of(fd));
	return true;
}

void
cs_watch_idle(int fd)
{
	if (fd >= nwatched || watched[fd] == 0)
		return;
	if (watched[fd] & RESOLVER)
		unwatch(fd);
	else
		watched[fd] |= IDLE;
}

/* Closing takes a descriptor out of epoll by itself. */
void
cs_watch_closed(int fd)
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
