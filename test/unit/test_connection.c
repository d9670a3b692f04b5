/*-------------------------------------------------------------------------
 * test_connection.c
 *	  Which kept connections a further request may leave over.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/connection.h"

static int listener;

static int
port_of(int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in end;
	socklen_t		   len = sizeof(end);

	return name(fd, (struct sockaddr *) &end, &len) == 0 ? ntohs(end.sin_port)
														 : 0;
}

/* A connection, and its far end. */
static int
connect_to_us(int *far)
{
	struct sockaddr_in end;
	socklen_t		   len = sizeof(end);
	int				   fd = cs_connection_open(AF_INET, SOCK_STREAM, 0);

	ok(!cs_connection_stands(fd), "a socket is open, and nothing stands");
	getsockname(listener, (struct sockaddr *) &end, &len);
	ok(connect(fd, (struct sockaddr *) &end, sizeof(end)) == 0, "it connects");
	*far = accept(listener, NULL, NULL);
	ok(cs_connection_stands(fd), "then it stands");
	return fd;
}

static CsEnds
ends_of(int fd)
{
	CsEnds ends = {"127.0.0.1", port_of(fd, getpeername),
				   port_of(fd, getsockname)};

	return ends;
}

/* What the far end did has arrived. */
static void
wait_for_news(int fd)
{
	struct pollfd news = {.fd = fd, .events = POLLIN};

	poll(&news, 1, -1);
}

static void
test_which(void)
{
	int	   far;
	int	   fd = connect_to_us(&far);
	CsEnds ends = ends_of(fd);
	CsEnds other = ends;

	ok(!cs_connection_closed(&ends), "a connection is good");
	close(far);
	wait_for_news(fd);
	ok(cs_connection_closed(&ends), "one that the peer closed is not");
	other.remote_port++;
	ok(!cs_connection_closed(&other), "another is let through");
	other = ends;
	other.remote_ip = "127.0.0.2";
	ok(!cs_connection_closed(&other), "also when only its address differs");
	is_int(cs_connection_close(fd), 0, "it is closed");
	ok(!cs_connection_known(fd), "and not known any more");
	ok(!cs_connection_closed(&ends), "nor looked at");
}

static void
test_closed(void)
{
	int	   far;
	int	   fd = connect_to_us(&far);
	CsEnds ends = ends_of(fd);

	ok(write(far, "x", 1) == 1, "the peer says something");
	wait_for_news(fd);
	ok(!cs_connection_closed(&ends), "which alone is no harm");
	shutdown(far, SHUT_WR);
	while (!cs_connection_closed(&ends))
		wait_for_news(fd);
	ok(true, "the peer's end is seen behind bytes that were not read");
	cs_connection_close(fd);
	close(far);
}

static void
test_reset(void)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	int					far;
	int					fd = connect_to_us(&far);
	CsEnds				ends = ends_of(fd);

	ok(!cs_connection_closed(&ends), "the connection is good");
	setsockopt(far, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(far);
	wait_for_news(fd);
	ok(cs_connection_closed(&ends), "one that was reset is not");
	ok(!cs_connection_stands(fd), "nor does it stand");
	cs_connection_close(fd);
}

int
main(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
							   .sin_addr = {htonl(INADDR_LOOPBACK)}};

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *) &here, sizeof(here)) != 0 ||
		listen(listener, 8) != 0)
		abort();
	test_which();
	test_closed();
	test_reset();
	return done_testing();
}
