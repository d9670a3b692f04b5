/*-------------------------------------------------------------------------
 * control.c
 *	  /control: how tests script the simulator and read its counters.
 *
 * Requests and replies are JSON objects; what is wrong with a request is said
 * in {"error": "..."} with status 400.  Nothing here is counted.  The table at
 * the end names every command; README.md in this directory describes them.
 *------------------------------------------------------------------------- */
#include "core/control.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/control_entity.h"
#include "core/count.h"
#include "core/entity.h"
#include "core/fault.h"
#include "core/json.h"
#include "core/log.h"
#include "core/provider.h"
#include "core/request.h"
#include "core/settings.h"
#include "core/subject.h"
#include "core/token.h"
#include "core/wait.h"

typedef struct Command
{
	const char *name; /* method and path */
	void (*run)(SbRequest *request, json_object *in);
} Command;

void
sb_control_json(SbRequest *request, json_object *object)
{
	request->status = 200;
	request->out.len = 0;
	sb_text_str(&request->out, json_object_to_json_string_ext(
								   object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

void
sb_control_error(SbRequest *request, int status, const char *message)
{
	request->status = status;
	request->out.len = 0;
	sb_text_str(&request->out, "{\"error\":");
	sb_text_json(&request->out, message, strlen(message));
	sb_text_char(&request->out, '}');
}

static void
add_count(json_object *object, const char *name, uint64_t count)
{
	json_object_object_add(object, name,
						   json_object_new_int64((int64_t) count));
}

json_object *
sb_control_counter(const SbCounter *counter)
{
	json_object *object = json_object_new_object();
	json_object *statuses = json_object_new_object();
	int			 i;

	add_count(object, "received", counter->received);
	add_count(object, "finished", counter->finished);
	add_count(object, "bytes_in", counter->bytes_in);
	add_count(object, "bytes_out", counter->bytes_out);
	add_count(object, "in_flight", counter->in_flight);
	add_count(object, "in_flight_max", counter->in_flight_max);
	add_count(object, "held", counter->held);
	for (i = 0; i < SB_MAX_STATUSES && counter->statuses[i].count > 0; i++)
	{
		char name[16];

		snprintf(name, sizeof(name), "%d", counter->statuses[i].status);
		add_count(statuses, name, counter->statuses[i].count);
	}
	json_object_object_add(object, "statuses", statuses);
	return object;
}

static json_object *
provider_json(const SbProvider *provider, uint64_t *logins)
{
	json_object *object = json_object_new_object();
	int			 n;
	SbCounter	*counters = sb_count_all(&n);
	int			 i;

	for (i = 0; i < n; i++)
	{
		if (counters[i].provider != provider)
			continue;
		json_object_object_add(object, counters[i].path,
							   sb_control_counter(&counters[i]));
		if (counters[i].login)
			*logins += counters[i].received;
	}
	return object;
}

static json_object *
all_json(void)
{
	json_object		 *object = sb_control_counter(&sb_count_total);
	json_object		 *connections = json_object_new_object();
	json_object		 *providers = json_object_new_object();
	uint64_t		  logins = 0;
	const SbProvider *provider;
	int				  i;

	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
		json_object_object_add(providers, provider->name,
							   provider_json(provider, &logins));
	add_count(object, "logins", logins);
	add_count(connections, "total", sb_count_connections.total);
	add_count(connections, "open", sb_count_connections.open);
	add_count(connections, "max_open", sb_count_connections.open_max);
	add_count(connections, "accepted", sb_count_connections.accepted);
	json_object_object_add(object, "connections", connections);
	json_object_object_add(object, "providers", providers);
	return object;
}

/* The counter that the query names; NULL with an error when there is none. */
static SbCounter *
named_counter(SbRequest *request)
{
	SbCounter *counter = sb_count_find(sb_request_query(request, "provider"),
									   sb_request_query(request, "path"));

	if (counter == NULL || counter == &sb_count_total)
	{
		sb_control_error(request, 400,
						 "provider and path must name an endpoint");
		return NULL;
	}
	return counter;
}

static void
run_counts(SbRequest *request, json_object *in)
{
	SbCounter *counter;

	(void) in;
	if (sb_request_query(request, "provider") == NULL)
		sb_control_json(request, all_json());
	else if ((counter = named_counter(request)) != NULL)
		sb_control_json(request, sb_control_counter(counter));
}

/* kind=request_id asks about request ids instead of subjects. */
static SbSubjectKind
subject_kind(SbRequest *request)
{
	const char *kind = sb_request_query(request, "kind");

	return kind != NULL && strcmp(kind, "request_id") == 0
			   ? SB_SUBJECT_REQUEST_ID
			   : SB_SUBJECT_ASKED;
}

static void
run_subject(SbRequest *request, json_object *in)
{
	SbCounter	*counter = named_counter(request);
	const char	*subject = sb_request_query(request, "subject");
	json_object *object;

	(void) in;
	if (counter == NULL)
		return;
	if (subject == NULL)
	{
		sb_control_error(request, 400, "subject is required");
		return;
	}
	object = json_object_new_object();
	add_count(object, "count",
			  sb_subject_get(counter, subject_kind(request), subject,
							 strlen(subject)));
	sb_control_json(request, object);
}

static void
run_subjects(SbRequest *request, json_object *in)
{
	SbCounter	*counter = named_counter(request);
	SbSubjects	 summary;
	json_object *object;

	(void) in;
	if (counter == NULL)
		return;
	summary = sb_subject_summary(counter, subject_kind(request));
	object = json_object_new_object();
	add_count(object, "distinct", summary.distinct);
	add_count(object, "repeated", summary.repeated);
	add_count(object, "max", summary.max);
	sb_control_json(request, object);
}

static void
run_log(SbRequest *request, json_object *in)
{
	const char	*n = sb_request_query(request, "n");
	json_object *object = json_object_new_object();

	(void) in;
	json_object_object_add(object, "requests",
						   sb_log_json(n != NULL ? atoi(n) : 100));
	sb_control_json(request, object);
}

static void
run_settings(SbRequest *request, json_object *in)
{
	(void) in;
	sb_control_json(request, sb_settings_json());
}

static void
run_faults(SbRequest *request, json_object *in)
{
	json_object *object = json_object_new_object();

	(void) in;
	json_object_object_add(object, "faults", sb_fault_json());
	sb_control_json(request, object);
}

static void
run_health(SbRequest *request, json_object *in)
{
	json_object *object = json_object_new_object();

	(void) in;
	json_object_object_add(object, "ok", json_object_new_boolean(true));
	sb_control_json(request, object);
}

static void
run_wait(SbRequest *request, json_object *in)
{
	(void) in;
	sb_wait_begin(request);
}

json_object *
sb_control_member(json_object *in, const char *name)
{
	json_object *value = NULL;

	if (in != NULL)
		(void) json_object_object_get_ex(in, name, &value);
	return value;
}

void
sb_control_count(SbRequest *request, const char *what, int64_t n)
{
	json_object *object = json_object_new_object();

	add_count(object, what, (uint64_t) n);
	sb_control_json(request, object);
}

static void
run_set(SbRequest *request, json_object *in)
{
	SbText error = {0};

	if (in == NULL || sb_settings_set(in, &error))
		sb_control_json(request, sb_settings_json());
	else
		sb_control_error(request, 400, sb_text_end(&error));
	sb_text_free(&error);
}

static void
run_fault(SbRequest *request, json_object *in)
{
	SbText	 error = {0};
	SbFault *fault = NULL;

	if (in == NULL)
		sb_text_str(&error,
					"a fault is an object with kind, provider, path ...");
	else
		fault = sb_fault_add(in, &error);
	if (fault != NULL)
		sb_control_count(request, "id", fault->id);
	else
		sb_control_error(request, 400, sb_text_end(&error));
	sb_text_free(&error);
}

/* Takes faults off; requests that met one keep it. */
static void
run_clear(SbRequest *request, json_object *in)
{
	sb_control_count(
		request, "dropped",
		sb_fault_drop(json_object_get_int(sb_control_member(in, "id")),
					  false));
}

static bool
text_differs(json_object *wanted, const char *text)
{
	return wanted != NULL && strcmp(json_object_get_string(wanted), text) != 0;
}

/*
 * Lets held requests go, oldest first.  Without "n" all of them, and the hold
 * itself ends, unless "keep" is true.
 */
static void
run_release(SbRequest *request, json_object *in)
{
	json_object *limit = sb_control_member(in, "n");
	int64_t	   left = limit != NULL ? json_object_get_int64(limit) : INT64_MAX;
	SbRequest *held = sb_request_suspended;
	int		   n = 0;

	if (limit == NULL &&
		!json_object_get_boolean(sb_control_member(in, "keep")))
		sb_fault_drop(0, true);
	while (held != NULL && left > 0)
	{
		SbRequest *next = held->next;

		if (held->held &&
			!text_differs(sb_control_member(in, "provider"),
						  held->provider->name) &&
			!text_differs(sb_control_member(in, "path"),
						  held->counter->path) &&
			!text_differs(sb_control_member(in, "subject"), held->subject))
		{
			sb_request_resume(held);
			left--;
			n++;
		}
		held = next;
	}
	sb_control_count(request, "released", n);
}

static void
run_reset(SbRequest *request, json_object *in)
{
	sb_fault_drop(0, false);
	sb_settings_reset();
	sb_request_settle(false);
	sb_token_reset(json_object_get_boolean(sb_control_member(in, "tokens")));
	sb_count_reset();
	(void) sb_entity_forget(NULL, NULL);
	sb_clock_reset();
	run_health(request, NULL);
}

/* "fixed" revokes keys too, until reset. */
static void
run_revoke(SbRequest *request, json_object *in)
{
	json_object *name = sb_control_member(in, "provider");
	bool fixed = json_object_get_boolean(sb_control_member(in, "fixed"));
	int	 n = 0;
	const SbProvider *provider;
	int				  i;

	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
	{
		if (!text_differs(name, provider->name))
			n += sb_token_revoke(provider, fixed);
	}
	sb_control_count(request, "revoked", n);
}

static const Command commands[] = {
	{"GET /control/counts", run_counts},
	{"GET /control/entities", sb_control_entity_list},
	{"GET /control/entity", sb_control_entity_show},
	{"GET /control/faults", run_faults},
	{"GET /control/health", run_health},
	{"GET /control/log", run_log},
	{"GET /control/settings", run_settings},
	{"GET /control/subject", run_subject},
	{"GET /control/subjects", run_subjects},
	{"GET /control/wait", run_wait},
	{"POST /control/advance", sb_control_entity_advance},
	{"POST /control/clear", run_clear},
	{"POST /control/fault", run_fault},
	{"POST /control/forget", sb_control_entity_forget},
	{"POST /control/release", run_release},
	{"POST /control/reset", run_reset},
	{"POST /control/revoke", run_revoke},
	{"POST /control/set", run_set},
};

/* Reads the body, an object or nothing; false when it is something else. */
static bool
read_body(SbRequest *request, json_object **in)
{
	*in = NULL;
	if (request->in.len == 0)
		return true;
	*in = sb_json_parse(request->in.data, request->in.len);
	return json_object_is_type(*in, json_type_object);
}

void
sb_control(SbRequest *request)
{
	json_object *in;
	size_t		 i;

	request->status = 200;
	request->content_type = "application/json";
	if (!read_body(request, &in))
	{
		json_object_put(in);
		sb_control_error(request, 400, "the body must be a JSON object");
		return;
	}
	for (i = 0; i < lengthof(commands); i++)
	{
		if (strcmp(request->url.data, commands[i].name) == 0)
			break;
	}
	if (i < lengthof(commands))
		commands[i].run(request, in);
	else
		sb_control_error(request, 404,
						 "no provider and no control command has this URL");
	json_object_put(in);
}
