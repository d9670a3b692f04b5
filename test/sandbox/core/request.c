/*-------------------------------------------------------------------------
 * request.c
 *	  A request: its body, its waits, its headers.
 *------------------------------------------------------------------------- */
#include "core/request.h"

#include <stdlib.h>
#include <strings.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/count.h"
#include "core/fault.h"
#include "core/form.h"
#include "core/json.h"
#include "core/loop.h"

/* Buffers beyond this are given back rather than kept for the next request. */
#define KEEP_BUFFER (512 * 1024)

/* From here on it is worth looking whether the client still waits. */
#define WATCH_FROM_US 1000000

#define FORM_TYPE "application/x-www-form-urlencoded"

SbRequest *sb_request_suspended;
bool	   sb_request_resumed;

static SbRequest *last_suspended;
static SbRequest *free_requests;

SbRequest *
sb_request_new(void)
{
	SbRequest *request = free_requests;

	if (request == NULL)
		return sb_alloc(sizeof(SbRequest));
	free_requests = request->next;
	request->next = NULL;
	return request;
}

static void
keep_buffer(SbText *buffer)
{
	if (buffer->cap > KEEP_BUFFER)
		sb_text_free(buffer);
	buffer->len = 0;
}

void
sb_request_free(SbRequest *request)
{
	SbText in;
	SbText out;
	SbText url;
	int	   i;

	for (i = 0; i < request->nheaders; i++)
		free(request->header_values[i]);
	json_object_put(request->body);
	sb_fault_release(request->wait_fault);
	sb_fault_release(request->reply_fault);
	keep_buffer(&request->in);
	keep_buffer(&request->out);
	keep_buffer(&request->url);
	in = request->in;
	out = request->out;
	url = request->url;
	memset(request, 0, sizeof(*request));
	request->in = in;
	request->out = out;
	request->url = url;
	request->next = free_requests;
	free_requests = request;
}

void
sb_request_suspend(SbRequest *request, int64_t wait_us)
{
	MHD_suspend_connection(request->connection);
	request->suspended = true;
	request->prev = last_suspended;
	request->next = NULL;
	if (last_suspended != NULL)
		last_suspended->next = request;
	else
		sb_request_suspended = request;
	last_suspended = request;
	if (wait_us >= 0)
		sb_timer_start(&request->timer, sb_clock_us + (uint64_t) wait_us);
	if (wait_us < 0 || wait_us >= WATCH_FROM_US)
		sb_loop_watch(request);
}

void
sb_request_resume(SbRequest *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	sb_timer_stop(&request->timer);
	sb_loop_unwatch(request);
	if (request->held)
		sb_count_held(request, false);
	if (request->prev != NULL)
		request->prev->next = request->next;
	else
		sb_request_suspended = request->next;
	if (request->next != NULL)
		request->next->prev = request->prev;
	else
		last_suspended = request->prev;
	request->prev = request->next = NULL;
	MHD_resume_connection(request->connection);
	sb_request_resumed = true;
}

void
sb_request_drop(SbRequest *request)
{
	request->drop = true;
	sb_request_resume(request);
}

void
sb_request_settle(bool all)
{
	SbRequest *request = sb_request_suspended;

	while (request != NULL)
	{
		SbRequest *next = request->next;

		if (all)
			sb_request_drop(request);
		else if (request->held)
			sb_request_resume(request);
		else if (request->counter != NULL && request->timer.slot == 0)
			sb_request_drop(request);
		request = next;
	}
}

void
sb_request_header(SbRequest *request, const char *name, const char *value)
{
	if (request->nheaders == SB_MAX_HEADERS)
		return;
	request->header_names[request->nheaders] = name;
	request->header_values[request->nheaders++] = strdup(value);
}

/* Takes a tree over as the body, if it is an object. */
static bool
take_body(SbRequest *request, json_object *tree)
{
	json_object_put(request->body);
	request->body = NULL;
	if (json_object_is_type(tree, json_type_object))
		request->body = tree;
	else
		json_object_put(tree);
	return request->body != NULL;
}

bool
sb_request_read_json(SbRequest *request)
{
	return take_body(request,
					 sb_json_parse(request->in.data, request->in.len));
}

static bool
is_form(SbRequest *request)
{
	const char *type =
		sb_request_get_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);

	return type != NULL &&
		   strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) == 0;
}

bool
sb_request_read_form(SbRequest *request)
{
	return is_form(request) &&
		   take_body(request,
					 sb_form_parse(request->in.data, request->in.len));
}

bool
sb_request_read_json_or_form(SbRequest *request)
{
	return is_form(request) ? sb_request_read_form(request)
							: sb_request_read_json(request);
}

const char *
sb_request_query(SbRequest *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection,
									   MHD_GET_ARGUMENT_KIND, name);
}

const char *
sb_request_get_header(SbRequest *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
									   name);
}

void
sb_request_subject(SbRequest *request, const char *text, size_t len)
{
	if (len > SB_MAX_SUBJECT)
		len = SB_MAX_SUBJECT;
	memcpy(request->subject, text, len);
	request->subject[len] = '\0';
	request->subject_len = len;
}

const char *
sb_request_authorization(SbRequest *request, const char *scheme)
{
	const char *header =
		sb_request_get_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
	size_t len = strlen(scheme);

	if (header == NULL || strncmp(header, scheme, len) != 0 ||
		header[len] != ' ')
		return NULL;
	return header + len + 1;
}

void
sb_request_subject_at(SbRequest *request, const char *path)
{
	size_t		len;
	const char *text = sb_json_string(request->body, path, &len);

	if (text != NULL)
		sb_request_subject(request, text, len);
}
