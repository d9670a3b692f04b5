/*-------------------------------------------------------------------------
 * count.h
 *	  What was received, per path of each provider and in all.
 *
 * A request counts when its head and body have been read completely, whatever
 * happens to it then: that is what a provider would bill.  It is in flight
 * from there until its reply is sent or its connection gone.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_COUNT_H
#define SANDBOX_COUNT_H

#include "core/types.h"

#define SB_MAX_STATUSES 16

struct SbCounter
{
	const SbProvider *provider;
	const char		 *path;
	bool			  login;
	uint64_t		  received; /* head and body fully read */
	uint64_t		  finished; /* replied to, or dropped */
	uint64_t		  bytes_in;
	uint64_t		  bytes_out;
	uint32_t		  in_flight;
	uint32_t		  in_flight_max;
	uint32_t		  held;
	struct
	{
		int		 status; /* 0: ended without a reply */
		uint64_t count;
	} statuses[SB_MAX_STATUSES];
};

typedef struct SbConnections
{
	uint64_t total;
	uint32_t open;
	uint32_t open_max;
	uint64_t accepted; /* every TCP connection, also of /control */
} SbConnections;

extern SbCounter	 sb_count_total;
extern SbConnections sb_count_connections;

/* Finds or makes the counter of a path, which must stay. */
extern SbCounter *
sb_count_counter(const SbProvider *provider, const char *path);

/* By the names a test knows; without a provider the sum of all. */
extern SbCounter *sb_count_find(const char *provider, const char *path);

extern SbCounter *sb_count_all(int *n);

extern void sb_count_received(SbRequest *request);
extern void sb_count_finished(SbRequest *request);

/* The request is held from now on, or no longer. */
extern void sb_count_held(SbRequest *request, bool held);

/* Requests in flight stay so; all else starts at zero. */
extern void sb_count_reset(void);

#endif /* SANDBOX_COUNT_H */
