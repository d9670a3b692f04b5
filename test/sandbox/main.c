/*-------------------------------------------------------------------------
 * main.c
 *	  credscore-sandbox: the command line.
 *
 * The rooms: core/ is what every provider shares and knows none of them,
 * provider/<name>/ is one provider each, provider/registry.h lists them.
 *------------------------------------------------------------------------- */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "core/clock.h"
#include "core/count.h"
#include "core/loop.h"
#include "core/magic.h"
#include "core/redirect.h"
#include "core/route.h"
#include "core/settings.h"
#include "core/token.h"
#include "provider/registry.h"

typedef struct Options
{
	SbListen listen;
	bool	 die_with_parent;
} Options;

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
		"  --client-ca CERT    under TLS, refuse with 403 who shows no certificate of\n"
		"                      this authority\n"
		"  --latency MS        each call but log-ins takes that long\n"
		"  --token-lifetime S  tokens live that many seconds\n"
		"  --no-magic          subjects ending in magic digits are like others\n"
		"  --die-with-parent   end when the parent process does\n\n"
		"Prints \"ready port=N\" when it listens.  /control scripts faults and counts\n"
		"calls; base URLs of the providers are ");
	sb_registry_urls(&text);
	sb_text_str(&text, ".\n\n");
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
		{"client-ca", required_argument, NULL, 'c'},
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
			options->listen.port = optarg;
		else if (c == 'l')
			options->listen.address = optarg;
		else if (c == 't' && optind < argc)
		{
			options->listen.cert = optarg;
			options->listen.key = argv[optind++];
		}
		else if (c == 'c')
			options->listen.client_ca = optarg;
		else if (c == 'm')
			sb_settings.latency_ms = number(optarg);
		else if (c == 's')
			sb_settings.token_lifetime = number(optarg);
		else if (c == 'n')
			sb_settings.magic = false;
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

int
main(int argc, char **argv)
{
	Options options = {.listen = {.address = "127.0.0.1", .port = "0"}};
	SbPorts ports;

	sb_registry_add();
	sb_provider_add(&sb_redirect);
	read_options(argc, argv, &options);
	sb_settings_init();
	if (options.die_with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		sb_loop_die("could not follow the parent");
	sb_clock_read();
	sb_token_init();
	sb_route_init();
	sb_count_reset();
	ports = sb_loop_open(&options.listen);
	if (ports.control != 0)
		printf("ready port=%d control=%d\n", ports.port, ports.control);
	else
		printf("ready port=%d\n", ports.port);
	fflush(stdout);
	sb_loop_run();
	return 0;
}
