/*-------------------------------------------------------------------------
 * log.c
 *	  The latest requests, for tests that ask what exactly came.
 *------------------------------------------------------------------------- */
#include "core/log.h"

#include <json-c/json.h>

#include "core/clock.h"
#include "core/count.h"
#include "core/provider.h"
#include "core/request.h"

#define LOG_ENTRIES 32768

typedef struct LogEntry
{
	const SbCounter *counter;
	uint32_t		 serial;
	uint32_t		 connection;
	int				 status;
	uint64_t		 at_us;
	const char		*account;
	char			 certificate[64];
	char			 subject[SB_MAX_SUBJECT + 1];
	char			 request_id[SB_MAX_SUBJECT + 1];
} LogEntry;

static LogEntry ring[LOG_ENTRIES];
static uint32_t last_serial; /* of the latest entry */
static uint64_t reset_us;

void
sb_log_received(SbRequest *request)
{
	LogEntry *entry = &ring[++last_serial % LOG_ENTRIES];

	request->serial = last_serial;
	entry->counter = request->counter;
	entry->serial = last_serial;
	entry->connection = request->client->serial;
	entry->status = -1;
	entry->at_us = sb_clock_us - reset_us;
	entry->account = NULL;
	memcpy(entry->certificate, request->client->certificate,
		   sizeof(entry->certificate));
	memcpy(entry->subject, request->subject, sizeof(entry->subject));
	memcpy(entry->request_id, request->request_id, sizeof(entry->request_id));
}

void
sb_log_finished(const SbRequest *request, int status)
{
	LogEntry *entry = &ring[request->serial % LOG_ENTRIES];

	if (entry->serial != request->serial)
		return;
	entry->status = status;
	entry->account = request->account;
}

void
sb_log_reset(void)
{
	memset(ring, 0, sizeof(ring));
	reset_us = sb_clock_us;
}

static json_object *
entry_json(const LogEntry *entry)
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
	json_object_object_add(object, "certificate",
						   entry->certificate[0] == '\0'
							   ? NULL
							   : json_object_new_string(entry->certificate));
	json_object_object_add(object, "account",
						   entry->account == NULL
							   ? NULL
							   : json_object_new_string(entry->account));
	return object;
}

json_object *
sb_log_json(int n)
{
	json_object *array = json_object_new_array();
	uint32_t	 i;

	if (n < 0 || n > LOG_ENTRIES)
		n = LOG_ENTRIES;
	for (i = 0; i < (uint32_t) n; i++)
	{
		uint32_t		serial = last_serial - (uint32_t) n + 1 + i;
		const LogEntry *entry = &ring[serial % LOG_ENTRIES];

		if (entry->counter != NULL && entry->serial == serial)
			json_object_array_add(array, entry_json(entry));
	}
	return array;
}
