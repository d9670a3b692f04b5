/*-------------------------------------------------------------------------
 * server.c
 *	  A request's way: read, counted, perhaps kept waiting, replied to.
 *
 * libmicrohttpd calls sb_server_handle once when the head is read, then for
 * each piece of the body, then once with nothing: the request is complete.
 * From there it may be suspended; when resumed, it is called once more.
 *
 * SbRequest and SbClient come from free lists and go back there when
 * libmicrohttpd reports the request completed and the connection closed.
 *------------------------------------------------------------------------- */
#include "sandbox.h"

#include <stdlib.h>

/* Buffers beyond this are given back rather than kept for the next request. */
#define KEEP_BUFFER (512 * 1024)

/* From here on it is worth looking whether the client still waits. */
#define WATCH_FROM_US 1000000

SbRequest *sb_suspended;

static SbRequest *last_suspended;
static SbRequest *free_requests;
static SbClient	 *free_clients;
static uint32_t	  next_client; /* numbers the counted connections */

static SbRequest *
request_new(void)
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

static void
request_free(SbRequest *request)
{
	SbText in;
	SbText out;
	SbText url;
	int	   i;

	for (i = 0; i < request->nheaders; i++)
		free(request->header_values[i]);
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

/* Takes the request out of libmicrohttpd's hands; negative: until resumed. */
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
		sb_suspended = request;
	last_suspended = request;
	if (wait_us >= 0)
		sb_timer_start(&request->timer, sb_now_us + (uint64_t) wait_us);
	if (wait_us < 0 || wait_us >= WATCH_FROM_US)
		sb_watch(request);
}

bool sb_resumed;

void
sb_request_resume(SbRequest *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	sb_timer_stop(&request->timer);
	sb_unwatch(request);
	if (request->held)
	{
		request->held = false;
		request->counter->held--;
		sb_total.held--;
	}
	if (request->prev != NULL)
		request->prev->next = request->next;
	else
		sb_suspended = request->next;
	if (request->next != NULL)
		request->next->prev = request->prev;
	else
		last_suspended = request->prev;
	request->prev = request->next = NULL;
	MHD_resume_connection(request->connection);
	sb_resumed = true;
}

/* Ends a suspended request's connection without a reply. */
void
sb_request_drop(SbRequest *request)
{
	request->drop = true;
	sb_request_resume(request);
}

static void
resume_when_due(void *arg)
{
	sb_request_resume(arg);
}

/*
 * Ends waits that only a script would end: held requests are answered, those
 * never to be answered are dropped.  "all" drops whatever is suspended.
 */
void
sb_requests_settle(bool all)
{
	SbRequest *request = sb_suspended;

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

/* At most SB_MAX_HEADERS headers beside the content type. */
void
sb_request_header(SbRequest *request, const char *name, const char *value)
{
	if (request->nheaders == SB_MAX_HEADERS)
		return;
	request->header_names[request->nheaders] = name;
	request->header_values[request->nheaders++] = strdup(value);
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

/* Whom the request asks about; longer ones are cut. */
void
sb_request_subject(SbRequest *request, const char *text, size_t len)
{
	if (len > SB_MAX_SUBJECT)
		len = SB_MAX_SUBJECT;
	memcpy(request->subject, text, len);
	request->subject[len] = '\0';
	request->subject_len = len;
}

/* How long this call takes when no fault says otherwise. */
static int64_t
usual_wait_us(const SbRequest *request)
{
	int ms = sb_settings.latency_ms;

	if (request->endpoint != NULL && request->endpoint->login)
		ms = sb_settings.login_latency_ms;
	else if (sb_settings.tail_percent > 0 &&
			 (double) (sb_pick(1, request->serial) % 1000000) <
				 sb_settings.tail_percent * 10000)
		ms = sb_settings.tail_ms;
	return (int64_t) ms * 1000;
}

/*
 * Starts the wait that comes before the reply, if there is one.  A fault of
 * kind "delay" comes on top of the usual latency; "hold" and "never" wait for
 * a word from outside.
 */
static bool
begin_wait(SbRequest *request)
{
	int64_t	 wait_us = usual_wait_us(request);
	SbFault *fault = request->wait_fault;

	if (fault != NULL)
	{
		if (strcmp(fault->kind->name, "delay") == 0)
			wait_us += (int64_t) fault->ms * 1000;
		else
			wait_us = -1;
		if (strcmp(fault->kind->name, "hold") == 0)
		{
			request->held = true;
			request->counter->held++;
			sb_total.held++;
		}
	}
	if (wait_us == 0)
		return false;
	request->stage = SB_STAGE_WAITING;
	request->timer.fire = resume_when_due;
	request->timer.arg = request;
	sb_request_suspend(request, wait_us);
	return true;
}

static void
answer(SbRequest *request)
{
	if (request->endpoint != NULL)
		request->endpoint->answer(request);
	else
		request->provider->refuse(request, request->wrong_method ? 405 : 404,
								  NULL);
}

/* Lets the provider and the scripted fault make the reply, and sends it. */
static enum MHD_Result
reply(SbRequest *request)
{
	const SbFault *fault = request->reply_fault;
	SbPhase		   phase = fault != NULL ? fault->kind->phase : SB_PHASE_WAIT;

	request->status = 200;
	request->content_type = "application/json";
	if (phase != SB_PHASE_BEFORE || fault->kind->apply(request, fault))
		answer(request);
	if (phase == SB_PHASE_AFTER || phase == SB_PHASE_SEND)
		(void) fault->kind->apply(request, fault);
	if (fault != NULL && fault->content_type != NULL)
		request->content_type = fault->content_type;
	return sb_reply_send(request);
}

/* The request is complete: count it, and reply now or later. */
static enum MHD_Result
arrived(SbRequest *request)
{
	if (request->provider == NULL)
	{
		sb_control(request);
		return request->stage == SB_STAGE_WAITING ? MHD_YES
												  : sb_reply_send(request);
	}
	if (!request->client->counted)
	{
		request->client->counted = true;
		request->client->serial = ++next_client;
		sb_connections.total++;
		if (++sb_connections.open > sb_connections.open_max)
			sb_connections.open_max = sb_connections.open;
	}
	if (request->endpoint != NULL && request->endpoint->identify != NULL)
		request->endpoint->identify(request);
	sb_count_received(request);
	sb_fault_match(request);
	if (begin_wait(request))
	{
		sb_wait_check();
		return MHD_YES;
	}
	sb_wait_check();
	return reply(request);
}

static SbRequest *
begin(struct MHD_Connection *connection, const char *url, const char *method)
{
	SbRequest *request = request_new();

	request->connection = connection;
	request->client =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;
	sb_route(request, method, url);
	return request;
}

enum MHD_Result
sb_server_handle(void *cls, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_len, void **context)
{
	SbRequest *request = *context;

	(void) cls;
	(void) version;
	if (request == NULL)
	{
		*context = begin(connection, url, method);
		return MHD_YES;
	}
	if (*upload_len > 0)
	{
		if (request->in.len + *upload_len > SB_MAX_REQUEST_BODY)
			return MHD_NO;
		sb_text_mem(&request->in, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (request->drop)
		return MHD_NO;
	if (request->stage == SB_STAGE_READING)
		return arrived(request);
	if (request->provider == NULL)
	{
		sb_wait_end(request);
		return sb_reply_send(request);
	}
	return reply(request);
}

void
sb_server_completed(void *cls, struct MHD_Connection *connection,
					void **context, enum MHD_RequestTerminationCode code)
{
	SbRequest *request = *context;

	(void) cls;
	(void) connection;
	*context = NULL;
	if (request == NULL)
		return;
	if (request->waiter != NULL)
		sb_wait_end(request);
	if (request->send_mode == SB_SEND_SHORT &&
		code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		sb_reply_excess(request);
	if (request->begun)
	{
		sb_count_finished(request);
		sb_wait_check();
	}
	request_free(request);
}

void
sb_server_connected(void *cls, struct MHD_Connection *connection,
					void **context, enum MHD_ConnectionNotificationCode code)
{
	SbClient *client = *context;

	(void) cls;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
	{
		client = free_clients;
		if (client == NULL)
			client = sb_alloc(sizeof(SbClient));
		else
			free_clients = client->next;
		memset(client, 0, sizeof(*client));
		client->fd = MHD_get_connection_info(connection,
											 MHD_CONNECTION_INFO_CONNECTION_FD)
						 ->connect_fd;
		sb_connections.accepted++;
		*context = client;
		return;
	}
	if (client->counted)
		sb_connections.open--;
	client->next = free_clients;
	free_clients = client;
	*context = NULL;
	sb_wait_check();
}
