/*-------------------------------------------------------------------------
 * fault.c
 *	  The list of scripted faults: adding, matching, dropping.
 *
 * The list and every request that met a fault hold a reference to it.
 *------------------------------------------------------------------------- */
#include "core/fault.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "core/count.h"
#include "core/fault_kind.h"
#include "core/login.h"
#include "core/provider.h"
#include "core/redirect.h"
#include "core/request.h"

typedef enum ParameterType
{
	PARAMETER_INT,
	PARAMETER_INT64,
	PARAMETER_DOUBLE,
	PARAMETER_BOOL,
	PARAMETER_TEXT
} ParameterType;

typedef struct Parameter
{
	const char	 *name;
	ParameterType type;
	size_t		  offset;
} Parameter;

#define PLACE(field) offsetof(SbFault, field)

static const Parameter parameters[] = {
	{"after", PARAMETER_INT64, PLACE(after)},
	{"body", PARAMETER_TEXT, PLACE(body)},
	{"bytes", PARAMETER_INT64, PLACE(bytes)},
	{"content_type", PARAMETER_TEXT, PLACE(content_type)},
	{"depth", PARAMETER_INT, PLACE(depth)},
	{"envelope_status", PARAMETER_INT, PLACE(envelope_status)},
	{"fixed", PARAMETER_BOOL, PLACE(fixed)},
	{"location", PARAMETER_TEXT, PLACE(location)},
	{"ms", PARAMETER_INT, PLACE(ms)},
	{"path", PARAMETER_TEXT, PLACE(path)},
	{"percent", PARAMETER_DOUBLE, PLACE(percent)},
	{"retry_after", PARAMETER_TEXT, PLACE(retry_after)},
	{"shorter", PARAMETER_BOOL, PLACE(shorter)},
	{"status", PARAMETER_INT, PLACE(status)},
	{"subject", PARAMETER_TEXT, PLACE(subject)},
	{"text", PARAMETER_TEXT, PLACE(text)},
	{"times", PARAMETER_INT64, PLACE(times)},
	{"variant", PARAMETER_TEXT, PLACE(variant)},
};

static SbFault *first_fault;
static int		next_id = 1;

static void
set_parameter(SbFault *fault, const Parameter *parameter, json_object *value)
{
	void *place = (char *) fault + parameter->offset;

	switch (parameter->type)
	{
		case PARAMETER_INT:
			*(int *) place = json_object_get_int(value);
			break;
		case PARAMETER_INT64:
			*(int64_t *) place = json_object_get_int64(value);
			break;
		case PARAMETER_DOUBLE:
			*(double *) place = json_object_get_double(value);
			break;
		case PARAMETER_BOOL:
			*(bool *) place = json_object_get_boolean(value);
			break;
		case PARAMETER_TEXT:
			free(*(char **) place);
			*(char **) place =
				value == NULL ? NULL : strdup(json_object_get_string(value));
			break;
	}
}

static bool
set_kind(SbFault *fault, const char *name, SbText *error)
{
	fault->kind = sb_fault_kind(name);
	if (fault->kind != NULL)
		return true;
	sb_text_str(error, "unknown kind; known are:");
	sb_fault_kind_names(error);
	return false;
}

static bool
set_provider(SbFault *fault, const char *name, SbText *error)
{
	fault->provider = sb_provider_find(name);
	if (fault->provider == NULL)
		sb_text_str(error, "unknown provider");
	return fault->provider != NULL || name == NULL;
}

static bool
set_member(SbFault *fault, const char *name, json_object *value, SbText *error)
{
	size_t i;

	if (strcmp(name, "kind") == 0)
		return set_kind(fault, json_object_get_string(value), error);
	if (strcmp(name, "provider") == 0)
		return set_provider(fault, json_object_get_string(value), error);
	for (i = 0; i < lengthof(parameters); i++)
	{
		if (strcmp(parameters[i].name, name) == 0)
		{
			set_parameter(fault, &parameters[i], value);
			return true;
		}
	}
	sb_text_str(error, "unknown member ");
	sb_text_str(error, name);
	sb_text_str(error, "; known are: kind provider");
	for (i = 0; i < lengthof(parameters); i++)
	{
		sb_text_char(error, ' ');
		sb_text_str(error, parameters[i].name);
	}
	return false;
}

/* A misspelt path or variant would silently never match. */
static bool
check_fault(const SbFault *fault, SbText *error)
{
	if (fault->kind == NULL)
		sb_text_str(error, "kind is required");
	else if (fault->provider != NULL && fault->path != NULL &&
			 sb_count_find(fault->provider->name, fault->path) == NULL)
		sb_text_str(error, "the provider has no such path");
	else
		return fault->variant == NULL || sb_login_known(fault->variant, error);
	return false;
}

SbFault *
sb_fault_add(json_object *script, SbText *error)
{
	SbFault				   *fault = sb_alloc(sizeof(SbFault));
	SbFault				  **end = &first_fault;
	bool					good = true;
	struct json_object_iter member;

	fault->references = 1;
	fault->times = -1;
	fault->percent = 100;
	json_object_object_foreachC(script, member)
		good = good && set_member(fault, member.key, member.val, error);
	if (!good || !check_fault(fault, error))
	{
		sb_fault_release(fault);
		return NULL;
	}
	error->len = 0;
	fault->id = next_id++;
	while (*end != NULL)
		end = &(*end)->next;
	*end = fault;
	return fault;
}

void
sb_fault_release(SbFault *fault)
{
	size_t i;

	if (fault == NULL || --fault->references > 0)
		return;
	for (i = 0; i < lengthof(parameters); i++)
	{
		if (parameters[i].type == PARAMETER_TEXT)
			free(*(char **) (void *) ((char *) fault + parameters[i].offset));
	}
	free(fault);
}

int
sb_fault_drop(int id, bool holds_only)
{
	SbFault **place = &first_fault;
	int		  n = 0;

	while (*place != NULL)
	{
		SbFault *fault = *place;

		if ((id != 0 && fault->id != id) ||
			(holds_only && strcmp(fault->kind->name, "hold") != 0))
		{
			place = &fault->next;
			continue;
		}
		*place = fault->next;
		sb_fault_release(fault);
		n++;
	}
	return n;
}

static bool
matches(const SbFault *fault, const SbRequest *request)
{
	if (fault->provider != NULL ? fault->provider != request->provider
								: request->provider == &sb_redirect)
		return false;
	if (fault->path != NULL &&
		strcmp(fault->path, request->counter->path) != 0)
		return false;
	return fault->subject == NULL ||
		   strncmp(fault->subject, request->subject, SB_MAX_SUBJECT) == 0;
}

/* Uses a matching fault: false when it lets this request through. */
static bool
use(SbFault *fault)
{
	if (fault->times == 0)
		return false;
	if (fault->after > 0)
	{
		fault->after--;
		return false;
	}
	fault->share += fault->percent;
	if (fault->share < 100)
		return false;
	fault->share -= 100;
	fault->hits++;
	if (fault->times > 0)
		fault->times--;
	fault->references++;
	return true;
}

void
sb_fault_match(SbRequest *request)
{
	SbFault *fault;

	for (fault = first_fault; fault != NULL; fault = fault->next)
	{
		SbFault **met = fault->kind->phase == SB_PHASE_WAIT
							? &request->wait_fault
							: &request->reply_fault;

		if (*met == NULL && matches(fault, request) && use(fault))
			*met = fault;
	}
}

json_object *
sb_fault_json(void)
{
	json_object *array = json_object_new_array();
	SbFault		*fault;

	for (fault = first_fault; fault != NULL; fault = fault->next)
	{
		json_object *object = json_object_new_object();

		json_object_object_add(object, "id", json_object_new_int(fault->id));
		json_object_object_add(object, "kind",
							   json_object_new_string(fault->kind->name));
		json_object_object_add(
			object, "provider",
			fault->provider == NULL
				? NULL
				: json_object_new_string(fault->provider->name));
		json_object_object_add(
			object, "path",
			fault->path == NULL ? NULL : json_object_new_string(fault->path));
		json_object_object_add(object, "subject",
							   fault->subject == NULL
								   ? NULL
								   : json_object_new_string(fault->subject));
		json_object_object_add(
			object, "times_left",
			fault->times < 0 ? NULL : json_object_new_int64(fault->times));
		json_object_object_add(object, "hits",
							   json_object_new_int64(fault->hits));
		json_object_array_add(array, object);
	}
	return array;
}
