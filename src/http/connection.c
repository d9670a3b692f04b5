/*-------------------------------------------------------------------------
 * connection.c
 *	  The connections that stand, and whether a further request fits them.
 *
 * Memory is malloc'd, by descriptor, and stays.  May be called inside libcurl.
 *------------------------------------------------------------------------- */
#include "http/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core.h"

typedef struct Connection
{
	bool open;
	int	 local_port;  /* 0: not asked for yet */
	int	 remote_port; /* likewise, or it has none */
	char remote_ip[INET6_ADDRSTRLEN];
} Connection;

static Connection *connections; /* by descriptor */
static int		   nconnections;

static bool
make_room(int fd)
{
	int			n = CS_MAX(fd + 1, nconnections * 2);
	Connection *larger;

	if (fd < nconnections)
		return true;
	larger = realloc(connections, n * sizeof(*connections));
	if (larger == NULL)
		return false;
	memset(larger + nconnections, 0, (n - nconnections) * sizeof(*larger));
	connections = larger;
	nconnections = n;
	return true;
}

int
cs_connection_open(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0 && !make_room(fd))
	{
		close(fd);
		return -1;
	}
	if (fd >= 0)
		connections[fd] = (Connection){.open = true};
	return fd;
}

int
cs_connection_close(int fd)
{
	if (cs_connection_known(fd))
		connections[fd].open = false;
	return close(fd);
}

bool
cs_connection_known(int fd)
{
	return fd >= 0 && fd < nconnections && connections[fd].open;
}

/* Port and address of one end; 0: it has none. */
static int
port_of(int fd, int (*name)(int, struct sockaddr *, socklen_t *), char *ip,
		socklen_t iplen)
{
	struct sockaddr_storage	   end;
	socklen_t				   len = sizeof(end);
	const struct sockaddr_in  *v4 = (const struct sockaddr_in *) &end;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &end;

	memset(&end, 0, sizeof(end));
	if (name(fd, (struct sockaddr *) &end, &len) != 0)
		return 0;
	if (end.ss_family == AF_INET &&
		inet_ntop(AF_INET, &v4->sin_addr, ip, iplen) != NULL)
		return ntohs(v4->sin_port);
	if (end.ss_family == AF_INET6 &&
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, iplen) != NULL)
		return ntohs(v6->sin6_port);
	return 0;
}

bool
cs_connection_stands(int fd)
{
	char ip[INET6_ADDRSTRLEN];

	return cs_connection_known(fd) &&
		   port_of(fd, getpeername, ip, sizeof(ip)) != 0;
}

/*
 * A local port may be in use to several peers.  A connection's ends do not
 * change, and are asked for once; one that was reset before has no peer any
 * more.
 */
static bool
has_ends(int fd, const CsEnds *ends)
{
	Connection *c = &connections[fd];
	char		ip[INET6_ADDRSTRLEN];

	if (!c->open)
		return false;
	if (c->local_port == 0)
		c->local_port = port_of(fd, getsockname, ip, sizeof(ip));
	if (c->local_port != ends->local_port)
		return false;
	if (c->remote_port == 0)
		c->remote_port =
			port_of(fd, getpeername, c->remote_ip, sizeof(c->remote_ip));
	return c->remote_port == 0 || (c->remote_port == ends->remote_port &&
								   strcmp(c->remote_ip, ends->remote_ip) == 0);
}

/* The peer's end of stream, also behind bytes that were not read yet. */
static bool
peer_closed(int fd)
{
	struct pollfd look = {.fd = fd, .events = POLLIN | POLLRDHUP};

	return poll(&look, 1, 0) == 1 &&
		   (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool
cs_connection_closed(const CsEnds *ends)
{
	for (int fd = 0; fd < nconnections; fd++)
	{
		if (has_ends(fd, ends))
			return peer_closed(fd);
	}
	return false;
}
