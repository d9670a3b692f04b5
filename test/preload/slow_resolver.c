/*
 * slow_resolver.c
 *	  A resolver for tests, to be preloaded: names that hang, names that move,
 *	  names that are here, and no network.
 *
 * Overrides getaddrinfo.  A name ending in ".hang.test" is not answered until
 * the file exists that the environment variable CREDSCORE_RESOLVER_GATE
 * names; then it is, like one ending in ".sandbox.test", 127.0.0.1.  So is one
 * ending in ".moves.test", but at the port that the file holds which
 * CREDSCORE_RESOLVER_PORT names, whatever port was asked for.  Every other name
 * passes on to the system.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_AGAIN_NS (10 * 1000 * 1000)

typedef int (*Resolver)(const char *node, const char *service,
						const struct addrinfo *hints, struct addrinfo **res);

static int
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void
wait_for_gate(void)
{
	const char	   *gate = getenv("CREDSCORE_RESOLVER_GATE");
	struct timespec pause = {0, LOOK_AGAIN_NS};

	while (gate != NULL && access(gate, F_OK) != 0)
		nanosleep(&pause, NULL);
}

/* Where names that move lead now. */
static bool
read_port(char *port, size_t size)
{
	const char *path = getenv("CREDSCORE_RESOLVER_PORT");
	int			fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t		len;

	if (fd < 0)
		return false;
	len = read(fd, port, size - 1);
	close(fd);
	port[len > 0 ? len : 0] = '\0';
	return len > 0;
}

int
getaddrinfo(const char *node, const char *service,
			const struct addrinfo *hints, struct addrinfo **res)
{
	Resolver next = (Resolver) dlsym(RTLD_NEXT, "getaddrinfo");
	char	 port[8];

	if (node != NULL && ends_with(node, ".moves.test"))
		return read_port(port, sizeof(port))
				   ? next("127.0.0.1", port, hints, res)
				   : EAI_NONAME;
	if (node != NULL && ends_with(node, ".hang.test"))
		wait_for_gate();
	else if (node == NULL || !ends_with(node, ".sandbox.test"))
		return next(node, service, hints, res);
	return next("127.0.0.1", service, hints, res);
}
