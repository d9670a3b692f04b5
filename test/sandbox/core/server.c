/*-------------------------------------------------------------------------
 * server.c
 *	  A request's way: read, counted, perhaps kept waiting, replied to.
 *
 * libmicrohttpd calls sb_server_handle once when the head is read, then for
 * each piece of the body, then once with nothing: the request is complete.
 * From there it may be suspended; when resumed, it is called once more.
 *
 * SbClients come from a free list and go back there when libmicrohttpd reports
 * the connection closed.
 *------------------------------------------------------------------------- */
#include "core/server.h"

#include "core/alloc.h"
#include "core/certificate.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/count.h"
#include "core/fault.h"
#include "core/fault_kind.h"
#include "core/hash.h"
#include "core/provider.h"
#include "core/reply.h"
#include "core/request.h"
#include "core/route.h"
#include "core/settings.h"
#include "core/wait.h"

static SbClient *free_clients;
static uint32_t	 next_client; /* numbers the counted connections */

static void
resume_when_due(void *arg)
{
	sb_request_resume(arg);
}

/* How long this call takes when no fault says otherwise. */
static int64_t
usual_wait_us(const SbRequest *request)
{
	int ms = sb_settings.latency_ms;

	if (request->endpoint != NULL && request->endpoint->login)
		ms = sb_settings.login_latency_ms;
	else if (sb_settings.tail_percent > 0 &&
			 (double) (sb_hash_pick(1, request->serial) % 1000000) <
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
			sb_count_held(request, true);
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
	if (!sb_certificate_suffices(request))
		request->provider->refuse(request, 403, NULL);
	else if (request->endpoint != NULL)
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

/* Counts the connection of a first request to a provider. */
static void
count_client(SbClient *client)
{
	if (client->counted)
		return;
	client->counted = true;
	client->serial = ++next_client;
	sb_count_connections.total++;
	if (++sb_count_connections.open > sb_count_connections.open_max)
		sb_count_connections.open_max = sb_count_connections.open;
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
	count_client(request->client);
	sb_certificate_read(request);
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
	SbRequest *request = sb_request_new();

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
	sb_request_free(request);
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
		sb_count_connections.accepted++;
		*context = client;
		return;
	}
	if (client->counted)
		sb_count_connections.open--;
	client->next = free_clients;
	free_clients = client;
	*context = NULL;
	sb_wait_check();
}
