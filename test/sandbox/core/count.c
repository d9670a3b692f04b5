/*-------------------------------------------------------------------------
 * count.c
 *	  What was received, per path of each provider and in all.
 *------------------------------------------------------------------------- */
#include "core/count.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/provider.h"
#include "core/request.h"
#include "core/subject.h"

#define MAX_COUNTERS 64

SbCounter	  sb_count_total;
SbConnections sb_count_connections;

static SbCounter counters[MAX_COUNTERS];
static int		 ncounters;

SbCounter *
sb_count_counter(const SbProvider *provider, const char *path)
{
	int i;

	for (i = 0; i < ncounters; i++)
	{
		if (counters[i].provider == provider &&
			strcmp(counters[i].path, path) == 0)
			return &counters[i];
	}
	if (ncounters == MAX_COUNTERS)
		abort();
	counters[ncounters].provider = provider;
	counters[ncounters].path = path;
	return &counters[ncounters++];
}

SbCounter *
sb_count_find(const char *provider, const char *path)
{
	int i;

	if (provider == NULL)
		return path == NULL ? &sb_count_total : NULL;
	for (i = 0; i < ncounters; i++)
	{
		if (strcmp(counters[i].provider->name, provider) == 0 &&
			path != NULL && strcmp(counters[i].path, path) == 0)
			return &counters[i];
	}
	return NULL;
}

SbCounter *
sb_count_all(int *n)
{
	*n = ncounters;
	return counters;
}

static void
count_one(SbCounter *counter, size_t bytes)
{
	counter->received++;
	counter->bytes_in += bytes;
	if (++counter->in_flight > counter->in_flight_max)
		counter->in_flight_max = counter->in_flight;
}

static void
uncount_one(SbCounter *counter, int status, size_t bytes)
{
	int i;

	counter->in_flight--;
	counter->finished++;
	counter->bytes_out += bytes;
	for (i = 0; i < SB_MAX_STATUSES; i++)
	{
		if (counter->statuses[i].count != 0 &&
			counter->statuses[i].status != status)
			continue;
		counter->statuses[i].status = status;
		counter->statuses[i].count++;
		break;
	}
}

void
sb_count_received(SbRequest *request)
{
	request->begun = true;
	request->arrived_us = sb_clock_us;
	count_one(request->counter, request->in.len);
	count_one(&sb_count_total, request->in.len);
	if (request->subject_len > 0)
		request->seen = sb_subject_add(request->counter, SB_SUBJECT_ASKED,
									   request->subject, request->subject_len);
	if (request->request_id[0] != '\0')
		request->repeated_id =
			sb_subject_add(request->counter, SB_SUBJECT_REQUEST_ID,
						   request->request_id,
						   strlen(request->request_id)) > 1;
	sb_log_received(request);
}

void
sb_count_finished(SbRequest *request)
{
	int status = request->stage == SB_STAGE_REPLIED ? request->status : 0;

	uncount_one(request->counter, status, request->out.len);
	uncount_one(&sb_count_total, status, request->out.len);
	sb_log_finished(request, status);
}

void
sb_count_held(SbRequest *request, bool held)
{
	request->held = held;
	request->counter->held += held ? 1 : -1;
	sb_count_total.held += held ? 1 : -1;
}

static void
reset_one(SbCounter *counter)
{
	counter->received = counter->finished = 0;
	counter->bytes_in = counter->bytes_out = 0;
	counter->in_flight_max = counter->in_flight;
	memset(counter->statuses, 0, sizeof(counter->statuses));
}

void
sb_count_reset(void)
{
	int i;

	for (i = 0; i < ncounters; i++)
		reset_one(&counters[i]);
	reset_one(&sb_count_total);
	sb_count_connections.total = sb_count_connections.open;
	sb_count_connections.open_max = sb_count_connections.open;
	sb_count_connections.accepted = 0;
	sb_subject_reset();
	sb_log_reset();
}
