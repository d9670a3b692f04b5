/*-------------------------------------------------------------------------
 * multi_window.c
 *	  multi_window BASE_URL KIND N WINDOW: asks N questions, WINDOW of them at
 *	  any time, and prints the seconds that took.
 *
 * A rolling window: whenever a call ends its handle takes the next question.
 * curl_multi_poll and not epoll: against a server that answers at once it is
 * the faster of the two, and when answers take their time both wait for them.
 *------------------------------------------------------------------------- */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"

/* Nothing of ours is due while calls are on the way. */
#define POLL_MS 1000

static void
check(CURLMcode code)
{
	if (code == CURLM_OK)
		return;
	fprintf(stderr, "libcurl: %s\n", curl_multi_strerror(code));
	exit(1);
}

/* Takes in the calls that have ended; those that find a question go on. */
static void
roll(CURLM *multi, long n, long *next)
{
	CURLMsg *message;
	int		 left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		CURL	 *easy = message->easy_handle;
		CURLcode  result = message->data.result;
		BareCall *call;

		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &call);
		check(curl_multi_remove_handle(multi, easy));
		bare_call_finish(call, result);
		if (*next > n)
			continue;
		bare_call_aim(call, (*next)++);
		check(curl_multi_add_handle(multi, easy));
	}
}

static void
ask_all(CURLM *multi, const BareServer *server, long n, long window)
{
	BareCall *calls = malloc(window * sizeof(BareCall));
	long	  next = 1;
	int		  running;

	if (calls == NULL)
		abort();
	for (long i = 0; i < window && next <= n; i++)
	{
		bare_call_init(&calls[i], server);
		bare_call_aim(&calls[i], next++);
		check(curl_multi_add_handle(multi, calls[i].easy));
	}
	for (;;)
	{
		check(curl_multi_perform(multi, &running));
		roll(multi, n, &next);
		if (running == 0 && next > n)
			break;
		check(curl_multi_poll(multi, NULL, 0, POLL_MS, NULL));
	}
}

int
main(int argc, char **argv)
{
	BareServer server;
	CURLM	  *multi;
	double	   start;
	long	   n;
	long	   window;

	if (argc != 5)
	{
		fputs("usage: multi_window BASE_URL decision|lac|statement N WINDOW\n",
			  stderr);
		return 2;
	}
	n = bare_number(argv[3]);
	window = bare_number(argv[4]);
	bare_server_open(&server, argv[1], argv[2]);
	multi = curl_multi_init();
	check(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, window));

	start = bare_now();
	ask_all(multi, &server, n, window);
	printf("%.6f\n", bare_now() - start);
	return 0;
}
