/*-------------------------------------------------------------------------
 * loop.c
 *	  Listening sockets and the event loop.
 *
 * With TLS there are two servers, one that speaks it and one that does not,
 * which the tests' control requests use; they share everything else.
 *
 * The loop sleeps in one epoll descriptor that holds libmicrohttpd's own, the
 * timers', the signals', and the sockets of clients whose request waits long
 * (libmicrohttpd does not look at suspended connections, so it is ours to
 * notice that such a client has gone).
 *------------------------------------------------------------------------- */
#include "core/loop.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/certificate.h"
#include "core/clock.h"
#include "core/request.h"
#include "core/server.h"
#include "core/timer.h"

#define LISTEN_BACKLOG 4096

/* Descriptors that are not connections: epoll, timers, signals, logs. */
#define SPARE_DESCRIPTORS 32

/* Room for a request head per connection; bodies arrive in such pieces. */
#define CONNECTION_MEMORY (32 * 1024)

static int loop_fd = -1;

/* The servers; the second only under TLS. */
static struct MHD_Daemon *daemons[2];
static int				  ndaemons;
static char				 *tls_cert;
static char				 *tls_key;
static char				 *tls_client_ca;

/* What an epoll event is about, beside pointers to watched requests. */
static char mark_daemon;
static char mark_timer;
static char mark_signal;

void
sb_loop_die(const char *what)
{
	fprintf(stderr, "credscore-sandbox: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Listens; returns the socket and the port it got. */
static int
open_listener(const char *address, const char *wanted, int *port)
{
	struct addrinfo			hints = {.ai_family = AF_UNSPEC,
									 .ai_socktype = SOCK_STREAM,
									 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo		   *found;
	struct sockaddr_storage bound;
	socklen_t				bound_len = sizeof(bound);
	char					service[16];
	int						on = 1;
	int						fd;
	int failed = getaddrinfo(address, wanted, &hints, &found);

	if (failed != 0)
	{
		fprintf(stderr, "credscore-sandbox: %s port %s: %s\n", address, wanted,
				gai_strerror(failed));
		exit(1);
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				0);
	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
		listen(fd, LISTEN_BACKLOG) != 0 ||
		getsockname(fd, (struct sockaddr *) &bound, &bound_len) != 0)
		sb_loop_die("could not listen");
	freeaddrinfo(found);
	if (getnameinfo((struct sockaddr *) &bound, bound_len, NULL, 0, service,
					sizeof(service), NI_NUMERICSERV) != 0)
		sb_loop_die("could not learn the port");
	*port = atoi(service);
	return fd;
}

/* Raises the limit of descriptors as far as allowed; returns it. */
static unsigned int
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		sb_loop_die("could not read the limit of open files");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		sb_loop_die("could not raise the limit of open files");
	return limit.rlim_cur > 65536 ? 65536 : (unsigned int) limit.rlim_cur;
}

static char *
read_file(const char *name)
{
	FILE  *file = fopen(name, "r");
	SbText text = {0};
	size_t n;

	if (file == NULL)
		sb_loop_die(name);
	do
	{
		sb_text_reserve(&text, 4096);
		n = fread(text.data + text.len, 1, 4096, file);
		text.len += n;
	} while (n > 0);
	fclose(file);
	sb_text_end(&text);
	return text.data;
}

static void
set_up_tls(const SbListen *listen, struct MHD_OptionItem *tls)
{
	tls_cert = read_file(listen->cert);
	tls_key = read_file(listen->key);
	*tls++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls_cert};
	*tls++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, tls_key};
	if (listen->client_ca != NULL)
	{
		tls_client_ca = read_file(listen->client_ca);
		*tls++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
										 tls_client_ca};
		sb_certificate_demand();
	}
	*tls = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

/* Starts a server that speaks TLS, or one that does not. */
static void
start_daemon(int listener, const SbListen *listen, bool with_tls,
			 unsigned int connections)
{
	struct MHD_OptionItem tls[4] = {{MHD_OPTION_END, 0, NULL}};
	unsigned int		  flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_Daemon	 *daemon;

	if (with_tls)
	{
		flags |= MHD_USE_TLS;
		set_up_tls(listen, tls);
	}
	daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, sb_server_handle, NULL, MHD_OPTION_LISTEN_SOCKET,
		listener, MHD_OPTION_CONNECTION_LIMIT, connections,
		MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t) CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
		sb_server_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		sb_server_connected, NULL, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (daemon == NULL)
	{
		fputs("credscore-sandbox: could not start the HTTP server\n", stderr);
		exit(1);
	}
	daemons[ndaemons++] = daemon;
}

static void
add_to_loop(int fd, uint32_t events, void *mark)
{
	struct epoll_event event = {.events = events, .data.ptr = mark};

	if (epoll_ctl(loop_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		sb_loop_die("could not watch a descriptor");
}

void
sb_loop_watch(SbRequest *request)
{
	request->watched = true;
	add_to_loop(request->client->fd, EPOLLRDHUP, request);
}

void
sb_loop_unwatch(SbRequest *request)
{
	if (!request->watched)
		return;
	request->watched = false;
	epoll_ctl(loop_fd, EPOLL_CTL_DEL, request->client->fd, NULL);
}

static int
open_signals(void)
{
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
open_loop(void)
{
	int i;

	loop_fd = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < ndaemons; i++)
		add_to_loop(MHD_get_daemon_info(daemons[i], MHD_DAEMON_INFO_EPOLL_FD)
						->epoll_fd,
					EPOLLIN, &mark_daemon);
	add_to_loop(sb_timer_open(), EPOLLIN, &mark_timer);
	add_to_loop(open_signals(), EPOLLIN, &mark_signal);
}

/* Sleeps until something happens; false when a signal says it is over. */
static bool
sleep_and_wake(void)
{
	struct epoll_event	   events[64];
	unsigned MHD_LONG_LONG limit;
	int					   timeout = -1;
	int					   n;
	int					   i;

	sb_timer_arm();
	for (i = 0; i < ndaemons; i++)
	{
		if (MHD_get_timeout(daemons[i], &limit) == MHD_YES)
			timeout = limit == 0 || timeout == 0 ? 0 : 1000;
	}
	/* What a handler resumed, libmicrohttpd takes up in its next turn only. */
	if (sb_request_resumed)
		timeout = 0;
	n = epoll_wait(loop_fd, events, lengthof(events), timeout);
	sb_clock_read();
	for (i = 0; i < n; i++)
	{
		void *mark = events[i].data.ptr;

		if (mark == &mark_signal)
			return false;
		if (mark != &mark_daemon && mark != &mark_timer)
			sb_request_drop(mark);
	}
	return true;
}

/* Ends every wait, lets libmicrohttpd close all connections, and stops it. */
static void
stop(void)
{
	int i;

	sb_request_settle(true);
	for (i = 0; i < ndaemons; i++)
	{
		MHD_run(daemons[i]);
		MHD_stop_daemon(daemons[i]);
	}
	free(tls_cert);
	free(tls_key);
	free(tls_client_ca);
}

SbPorts
sb_loop_open(const SbListen *listen)
{
	SbPorts		 ports = {0};
	unsigned int connections = raise_descriptor_limit() - SPARE_DESCRIPTORS;

	start_daemon(open_listener(listen->address, listen->port, &ports.port),
				 listen, listen->cert != NULL, connections);
	if (listen->cert != NULL)
		start_daemon(open_listener(listen->address, "0", &ports.control),
					 listen, false, connections);
	open_loop();
	return ports;
}

void
sb_loop_run(void)
{
	int i;

	while (sleep_and_wake())
	{
		sb_timer_run();
		sb_request_resumed = false;
		for (i = 0; i < ndaemons; i++)
			MHD_run(daemons[i]);
	}
	stop();
}
