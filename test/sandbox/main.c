/*-------------------------------------------------------------------------
 * main.c
 *	  credscore-sandbox: command line, listening socket, event loop.
 *
 * With --tls there are two servers, one that speaks TLS and one that does not,
 * which the tests' control requests use; they share everything else.
 *
 * The loop sleeps in one epoll descriptor that holds libmicrohttpd's own, the
 * timers', the signals', and the sockets of clients whose request waits long
 * (libmicrohttpd does not look at suspended connections, so it is ours to
 * notice that such a client has gone).
 *------------------------------------------------------------------------- */
#include "sandbox.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN_BACKLOG 4096

/* Descriptors that are not connections: epoll, timers, signals, logs. */
#define SPARE_DESCRIPTORS 32

/* Room for a request head per connection; bodies arrive in such pieces. */
#define CONNECTION_MEMORY (32 * 1024)

typedef struct Options
{
	const char *listen;
	const char *port;
	const char *cert;
	const char *key;
	bool		die_with_parent;
} Options;

static int loop_fd = -1;

/* The servers; the second only under TLS. */
static struct MHD_Daemon *daemons[2];
static int				  ndaemons;
static char				 *tls_cert;
static char				 *tls_key;

/* What an epoll event is about, beside pointers to watched requests. */
static char mark_daemon;
static char mark_timer;
static char mark_signal;

static void
die(const char *what)
{
	fprintf(stderr, "credscore-sandbox: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
help(void)
{
	SbText text = {0};

	sb_text_str(
		&text,
		"credscore-sandbox plays credit providers for tests and benchmarks.\n\n"
		"Usage: credscore-sandbox [OPTION]...\n\n"
		"  --port N            port to listen on; 0 (default) picks a free one\n"
		"  --listen ADDR       address to listen on (default 127.0.0.1)\n"
		"  --tls CERT KEY      speak TLS, with these PEM files; another port, printed\n"
		"                      as control=N, serves the same without TLS\n"
		"  --latency MS        each call but log-ins takes that long\n"
		"  --token-lifetime S  tokens live that many seconds\n"
		"  --no-magic          subjects ending in magic digits are like others\n"
		"  --die-with-parent   end when the parent process does\n\n"
		"Prints \"ready port=N\" when it listens.  Base URLs are /pngme, /lenderlink\n"
		"and /patascore below it; /control scripts faults and counts calls.\n\n");
	sb_magic_help(&text);
	fwrite(text.data, 1, text.len, stdout);
	sb_text_free(&text);
	exit(0);
}

static int
number(const char *text)
{
	char *end;
	long  value = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < 0 || value > 86400 * 1000)
	{
		fprintf(stderr,
				"credscore-sandbox: \"%s\" is not a number as expected here\n",
				text);
		exit(2);
	}
	return (int) value;
}

static void
read_options(int argc, char **argv, Options *options)
{
	static const struct option known[] = {
		{"port", required_argument, NULL, 'p'},
		{"listen", required_argument, NULL, 'l'},
		{"tls", required_argument, NULL, 't'},
		{"latency", required_argument, NULL, 'm'},
		{"token-lifetime", required_argument, NULL, 's'},
		{"no-magic", no_argument, NULL, 'n'},
		{"die-with-parent", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", known, NULL)) != -1)
	{
		if (c == 'p')
			options->port = optarg;
		else if (c == 'l')
			options->listen = optarg;
		else if (c == 't' && optind < argc)
		{
			options->cert = optarg;
			options->key = argv[optind++];
		}
		else if (c == 'm')
			sb_start_settings.latency_ms = number(optarg);
		else if (c == 's')
			sb_start_settings.token_lifetime = number(optarg);
		else if (c == 'n')
			sb_start_settings.magic = false;
		else if (c == 'd')
			options->die_with_parent = true;
		else if (c == 'h')
			help();
		else
			exit(2);
	}
	if (optind < argc)
	{
		fprintf(stderr, "credscore-sandbox: unexpected argument \"%s\"\n",
				argv[optind]);
		exit(2);
	}
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
		die("could not listen");
	freeaddrinfo(found);
	if (getnameinfo((struct sockaddr *) &bound, bound_len, NULL, 0, service,
					sizeof(service), NI_NUMERICSERV) != 0)
		die("could not learn the port");
	*port = atoi(service);
	return fd;
}

/* Raises the limit of descriptors as far as allowed; returns it. */
static unsigned int
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("could not read the limit of open files");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("could not raise the limit of open files");
	return limit.rlim_cur > 65536 ? 65536 : (unsigned int) limit.rlim_cur;
}

static char *
read_file(const char *name)
{
	FILE  *file = fopen(name, "r");
	SbText text = {0};
	size_t n;

	if (file == NULL)
		die(name);
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

/* Starts a server; with a certificate it speaks TLS. */
static void
start_daemon(int listener, const char *cert, const char *key,
			 unsigned int connections)
{
	struct MHD_OptionItem tls[3] = {{MHD_OPTION_END, 0, NULL}};
	unsigned int		  flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_Daemon	 *daemon;

	if (cert != NULL)
	{
		flags |= MHD_USE_TLS;
		tls_cert = read_file(cert);
		tls_key = read_file(key);
		tls[0] =
			(struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls_cert};
		tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, tls_key};
		tls[2] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
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
		die("could not watch a descriptor");
}

/* Looks whether the client of a suspended request hangs up. */
void
sb_watch(SbRequest *request)
{
	request->watched = true;
	add_to_loop(request->client->fd, EPOLLRDHUP, request);
}

void
sb_unwatch(SbRequest *request)
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
	add_to_loop(sb_timers_open(), EPOLLIN, &mark_timer);
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

	sb_timers_arm();
	for (i = 0; i < ndaemons; i++)
	{
		if (MHD_get_timeout(daemons[i], &limit) == MHD_YES)
			timeout = limit == 0 || timeout == 0 ? 0 : 1000;
	}
	/* What a handler resumed, libmicrohttpd takes up in its next turn only. */
	if (sb_resumed)
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

	sb_requests_settle(true);
	for (i = 0; i < ndaemons; i++)
	{
		MHD_run(daemons[i]);
		MHD_stop_daemon(daemons[i]);
	}
	free(tls_cert);
	free(tls_key);
}

int
main(int argc, char **argv)
{
	Options		 options = {.listen = "127.0.0.1", .port = "0"};
	unsigned int connections;
	int			 port;
	int			 control;
	int			 i;

	read_options(argc, argv, &options);
	if (options.die_with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		die("could not follow the parent");
	sb_settings = sb_start_settings;
	sb_clock_read();
	sb_token_init();
	sb_route_init();
	sb_count_reset();
	connections = raise_descriptor_limit() - SPARE_DESCRIPTORS;
	start_daemon(open_listener(options.listen, options.port, &port),
				 options.cert, options.key, connections);
	if (options.cert != NULL)
		start_daemon(open_listener(options.listen, "0", &control), NULL, NULL,
					 connections);
	open_loop();
	if (ndaemons > 1)
		printf("ready port=%d control=%d\n", port, control);
	else
		printf("ready port=%d\n", port);
	fflush(stdout);
	while (sleep_and_wake())
	{
		sb_timers_run();
		sb_resumed = false;
		for (i = 0; i < ndaemons; i++)
			MHD_run(daemons[i]);
	}
	stop();
	return 0;
}
