/*-------------------------------------------------------------------------
 * easy_loop.c
 *	  easy_loop BASE_URL KIND N: asks N questions one after the other over one
 *	  kept-alive connection and prints the seconds that took.
 *
 * The least that any client needs that asks row by row.
 *------------------------------------------------------------------------- */
#include <stdio.h>

#include "bare.h"

int
main(int argc, char **argv)
{
	BareServer server;
	BareCall   call;
	double	   start;
	long	   n;

	if (argc != 4)
	{
		fputs("usage: easy_loop BASE_URL decision|lac|statement N\n", stderr);
		return 2;
	}
	n = bare_number(argv[3]);
	bare_server_open(&server, argv[1], argv[2]);
	bare_call_init(&call, &server);

	start = bare_now();
	for (long i = 1; i <= n; i++)
	{
		bare_call_aim(&call, i);
		bare_call_finish(&call, curl_easy_perform(call.easy));
	}
	printf("%.6f\n", bare_now() - start);
	return 0;
}
