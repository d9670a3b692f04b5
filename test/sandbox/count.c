/*-------------------------------------------------------------------------
 * count.c
 *	  What was received: per path, per subject, and the latest requests.
 *
 * A request counts when its head and body have been read completely, whatever
 * happens to it then: that is what a provider would bill.  It is in flight
 * from there until its reply is sent or its connection gone.
 *
 * Subjects lie in one open-addressing table keyed by counter, kind ('s'
 * subject, 'r' request id) and text; the table owns nothing but itself.
 *------------------------------------------------------------------------- */
#include "sandbox.h"

#include <json-c/json.h>
#include <stdlib.h>

#define MAX_COUNTERS	 64
#define SUBJECTS_INITIAL 4096 /* a power of two, as all sizes */

/* The latest requests are remembered, for tests that ask what exactly came. */
#define LOG_ENTRIES 4096

typedef struct Subject
{
	const SbCounter *counter; /* NULL: free */
	uint64_t		 hash;
	uint32_t		 count;
	char			 kind;
	char			 text[SB_MAX_SUBJECT + 1];
} Subject;

typedef struct LogEntry
{
	const SbCounter *counter;
	uint32_t		 serial;
	uint32_t		 connection;
	int				 status;
	uint64_t		 at_us;
	const char		*account;
	char			 subject[SB_MAX_SUBJECT + 1];
	char			 request_id[SB_MAX_SUBJECT + 1];
} LogEntry;

SbCounter	  sb_total;
SbConnections sb_connections;

static SbCounter counters[MAX_COUNTERS];
static int		 ncounters;
static Subject	*subjects;
static size_t	 subjects_size;
static size_t	 nsubjects;
static LogEntry	 log_ring[LOG_ENTRIES];
static uint32_t	 log_serial; /* of the latest entry */
static uint64_t	 reset_us;

/* Finds or makes the counter of a path. */
SbCounter *
sb_counter_get(const SbProvider *provider, const char *path)
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

/* By the names a test knows; without a provider the sum of all. */
SbCounter *
sb_counter_find(const char *provider, const char *path)
{
	int i;

	if (provider == NULL)
		return path == NULL ? &sb_total : NULL;
	for (i = 0; i < ncounters; i++)
	{
		if (strcmp(counters[i].provider->name, provider) == 0 &&
			path != NULL && strcmp(counters[i].path, path) == 0)
			return &counters[i];
	}
	return NULL;
}

SbCounter *
sb_counter_all(int *n)
{
	*n = ncounters;
	return counters;
}

static Subject *
subject_slot(Subject *table, size_t size, const SbCounter *counter, char kind,
			 uint64_t hash, const char *text, size_t len)
{
	size_t at = hash & (size - 1);

	for (;;)
	{
		Subject *subject = &table[at];

		if (subject->counter == NULL)
			return subject;
		if (subject->hash == hash && subject->counter == counter &&
			subject->kind == kind && memcmp(subject->text, text, len) == 0 &&
			subject->text[len] == '\0')
			return subject;
		at = (at + 1) & (size - 1);
	}
}

static void
subjects_grow(void)
{
	size_t	 size = subjects_size ? subjects_size * 2 : SUBJECTS_INITIAL;
	Subject *table = sb_alloc(size * sizeof(Subject));
	size_t	 i;

	for (i = 0; i < subjects_size; i++)
	{
		Subject *old = &subjects[i];

		if (old->counter != NULL)
			*subject_slot(table, size, old->counter, old->kind, old->hash,
						  old->text, strlen(old->text)) = *old;
	}
	free(subjects);
	subjects = table;
	subjects_size = size;
}

static uint64_t
subject_hash(const SbCounter *counter, char kind, const char *text, size_t len)
{
	return sb_hash(text, len,
				   (uint64_t) (counter - counters) << 8 |
					   (unsigned char) kind);
}

/* Counts a subject; returns how often it has been seen, this time included. */
uint32_t
sb_subject_add(SbCounter *counter, char kind, const char *text, size_t len)
{
	uint64_t hash = subject_hash(counter, kind, text, len);
	Subject *subject;

	if (nsubjects * 2 >= subjects_size)
		subjects_grow();
	subject =
		subject_slot(subjects, subjects_size, counter, kind, hash, text, len);
	if (subject->counter == NULL)
	{
		subject->counter = counter;
		subject->hash = hash;
		subject->kind = kind;
		memcpy(subject->text, text, len);
		subject->text[len] = '\0';
		nsubjects++;
	}
	return ++subject->count;
}

uint32_t
sb_subject_get(SbCounter *counter, char kind, const char *text, size_t len)
{
	if (subjects_size == 0 || len > SB_MAX_SUBJECT)
		return 0;
	return subject_slot(subjects, subjects_size, counter, kind,
						subject_hash(counter, kind, text, len), text, len)
		->count;
}

SbSubjects
sb_subject_summary(SbCounter *counter, char kind)
{
	SbSubjects summary = {0};
	size_t	   i;

	for (i = 0; i < subjects_size; i++)
	{
		if (subjects[i].counter != counter || subjects[i].kind != kind)
			continue;
		summary.distinct++;
		summary.repeated += subjects[i].count - 1;
		if (subjects[i].count > summary.max)
			summary.max = subjects[i].count;
	}
	return summary;
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

static void
log_received(SbRequest *request)
{
	LogEntry *entry = &log_ring[++log_serial % LOG_ENTRIES];

	request->serial = log_serial;
	entry->counter = request->counter;
	entry->serial = log_serial;
	entry->connection = request->client->serial;
	entry->status = -1;
	entry->at_us = sb_now_us - reset_us;
	entry->account = NULL;
	memcpy(entry->subject, request->subject, sizeof(entry->subject));
	memcpy(entry->request_id, request->request_id, sizeof(entry->request_id));
}

void
sb_count_received(SbRequest *request)
{
	request->begun = true;
	request->arrived_us = sb_now_us;
	count_one(request->counter, request->in.len);
	count_one(&sb_total, request->in.len);
	if (request->subject_len > 0)
		request->seen = sb_subject_add(request->counter, 's', request->subject,
									   request->subject_len);
	if (request->request_id[0] != '\0')
		request->repeated_id =
			sb_subject_add(request->counter, 'r', request->request_id,
						   strlen(request->request_id)) > 1;
	log_received(request);
}

void
sb_count_finished(SbRequest *request)
{
	LogEntry *entry = &log_ring[request->serial % LOG_ENTRIES];
	int status = request->stage == SB_STAGE_REPLIED ? request->status : 0;

	uncount_one(request->counter, status, request->out.len);
	uncount_one(&sb_total, status, request->out.len);
	if (entry->serial == request->serial)
	{
		entry->status = status;
		entry->account = request->account;
	}
}

static void
reset_one(SbCounter *counter)
{
	counter->received = counter->finished = 0;
	counter->bytes_in = counter->bytes_out = 0;
	counter->in_flight_max = counter->in_flight;
	memset(counter->statuses, 0, sizeof(counter->statuses));
}

/* Requests in flight stay so; all else starts at zero. */
void
sb_count_reset(void)
{
	int i;

	for (i = 0; i < ncounters; i++)
		reset_one(&counters[i]);
	reset_one(&sb_total);
	sb_connections.total = sb_connections.open;
	sb_connections.open_max = sb_connections.open;
	sb_connections.accepted = 0;
	free(subjects);
	subjects = NULL;
	subjects_size = nsubjects = 0;
	memset(log_ring, 0, sizeof(log_ring));
	reset_us = sb_now_us;
}

static json_object *
log_entry_json(const LogEntry *entry)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "serial",
						   json_object_new_int64(entry->serial));
	json_object_object_add(
		object, "provider",
		json_object_new_string(entry->counter->provider->name));
	json_object_object_add(object, "path",
						   json_object_new_string(entry->counter->path));
	json_object_object_add(object, "subject",
						   json_object_new_string(entry->subject));
	json_object_object_add(object, "request_id",
						   json_object_new_string(entry->request_id));
	json_object_object_add(object, "connection",
						   json_object_new_int64(entry->connection));
	json_object_object_add(object, "at_us",
						   json_object_new_int64((int64_t) entry->at_us));
	json_object_object_add(
		object, "status",
		entry->status < 0 ? NULL : json_object_new_int(entry->status));
	json_object_object_add(object, "account",
						   entry->account == NULL
							   ? NULL
							   : json_object_new_string(entry->account));
	return object;
}

/* The latest n requests, oldest first. */
json_object *
sb_log_json(int n)
{
	json_object *array = json_object_new_array();
	uint32_t	 i;

	if (n < 0 || n > LOG_ENTRIES)
		n = LOG_ENTRIES;
	for (i = 0; i < (uint32_t) n; i++)
	{
		uint32_t		serial = log_serial - (uint32_t) n + 1 + i;
		const LogEntry *entry = &log_ring[serial % LOG_ENTRIES];

		if (entry->counter != NULL && entry->serial == serial)
			json_object_array_add(array, log_entry_json(entry));
	}
	return array;
}
