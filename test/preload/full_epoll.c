/*
 * full_epoll.c
 *	  A system without room for further watches, for tests, to be preloaded.
 *
 * Overrides epoll_ctl.  While the file exists that the environment variable
 * CREDSCORE_EPOLL_FULL names, no internet socket can be added.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int (*Control)(int epoll, int op, int fd, struct epoll_event *event);

static bool
is_internet(int fd)
{
	int		  domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
		   (domain == AF_INET || domain == AF_INET6);
}

int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	Control		next = (Control) dlsym(RTLD_NEXT, "epoll_ctl");
	const char *full = getenv("CREDSCORE_EPOLL_FULL");

	if (op != EPOLL_CTL_ADD || full == NULL || access(full, F_OK) != 0 ||
		!is_internet(fd))
		return next(epoll, op, fd, event);
	errno = ENOSPC;
	return -1;
}
