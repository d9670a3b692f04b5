/*-------------------------------------------------------------------------
 * reply.c
 *	  Hands a reply to libmicrohttpd, properly or as a fault wants it.
 *
 * The reply's bytes stay the request's; libmicrohttpd reads them until it
 * reports the request completed.
 *------------------------------------------------------------------------- */
#include "core/reply.h"

#include <stdio.h>
#include <sys/socket.h>

#include "core/gzip.h"
#include "core/request.h"
#include "core/settings.h"

/* What "too long" promises beyond what comes. */
#define EXCESS_LENGTH 100

/* Small enough that half a body is never sent with the rest. */
#define READER_BLOCK 16384

static void
resume_drip(void *arg)
{
	SbRequest *request = arg;

	request->drip_ready = true;
	sb_request_resume(request);
}

/* Hands out a few bytes, then sleeps before the next few. */
static ssize_t
read_drip(void *cls, uint64_t at, char *buffer, size_t max)
{
	SbRequest *request = cls;
	size_t	   len = request->out.len - (size_t) at;

	if (request->drop)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (at > 0 && !request->drip_ready)
	{
		request->timer.fire = resume_drip;
		request->timer.arg = request;
		sb_request_suspend(request, (int64_t) request->drip_ms * 1000);
		return 0;
	}
	request->drip_ready = false;
	if (len > request->drip_bytes)
		len = request->drip_bytes;
	if (len > max)
		len = max;
	memcpy(buffer, request->out.data + at, len);
	return (ssize_t) len;
}

/* Hands out less than was promised, then fails. */
static ssize_t
read_partly(void *cls, uint64_t at, char *buffer, size_t max)
{
	SbRequest *request = cls;
	size_t	   end = request->out.len;

	if (request->send_mode == SB_SEND_CUT)
		end /= 2;
	if (at >= end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	end -= (size_t) at;
	if (end > max)
		end = max;
	memcpy(buffer, request->out.data + at, end);
	return (ssize_t) end;
}

static struct MHD_Response *
make_response(SbRequest *request)
{
	struct MHD_Response *response;
	size_t				 len = request->out.len;
	char				 length[24];

	switch (request->send_mode)
	{
		case SB_SEND_DRIP:
			return MHD_create_response_from_callback(
				request->out.len, READER_BLOCK, read_drip, request, NULL);
		case SB_SEND_CUT:
			return MHD_create_response_from_callback(
				request->out.len, READER_BLOCK, read_partly, request, NULL);
		case SB_SEND_LONG:
			return MHD_create_response_from_callback(
				request->out.len + EXCESS_LENGTH, READER_BLOCK, read_partly,
				request, NULL);
		default:
			break;
	}
	if (request->send_mode == SB_SEND_SHORT)
		len /= 2;
	response = MHD_create_response_from_buffer(len, request->out.data,
											   MHD_RESPMEM_PERSISTENT);
	if (response != NULL && request->send_mode == SB_SEND_TWO_LENGTHS)
	{
		snprintf(length, sizeof(length), "%zu", len / 2);
		MHD_set_response_options(
			response, MHD_RF_INSANITY_HEADER_CONTENT_LENGTH, MHD_RO_END);
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LENGTH,
								length);
	}
	return response;
}

/* Ends the connection with a TCP reset: what connecting to nowhere does. */
static void
reset_connection(SbRequest *request)
{
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	if (connect(request->client->fd, &nowhere, sizeof(nowhere)) != 0)
		perror("credscore-sandbox: could not reset a connection");
}

void
sb_reply_excess(SbRequest *request)
{
	size_t sent = request->out.len / 2;

	if (send(request->client->fd, request->out.data + sent,
			 request->out.len - sent, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		perror("credscore-sandbox: could not send too much");
}

static void
compress_if_wanted(SbRequest *request)
{
	const char *accepted;

	if (!sb_settings.gzip || request->nheaders > 0)
		return;
	accepted = sb_request_get_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	if (accepted == NULL || strstr(accepted, "gzip") == NULL)
		return;
	sb_gzip(&request->out);
	sb_request_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
}

enum MHD_Result
sb_reply_send(SbRequest *request)
{
	struct MHD_Response *response;
	enum MHD_Result		 result;
	int					 i;

	request->stage = SB_STAGE_REPLIED;
	if (request->send_mode == SB_SEND_RESET)
		reset_connection(request);
	if (request->send_mode >= SB_SEND_NOTHING)
	{
		request->status = 0;
		return MHD_NO;
	}
	if (request->provider != NULL)
		compress_if_wanted(request);
	response = make_response(request);
	if (response == NULL)
		return MHD_NO;
	if (request->content_type[0] != '\0')
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
								request->content_type);
	for (i = 0; i < request->nheaders; i++)
		MHD_add_response_header(response, request->header_names[i],
								request->header_values[i]);
	if (!sb_settings.keep_alive && request->provider != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(request->connection,
								(unsigned int) request->status, response);
	MHD_destroy_response(response);
	return result;
}
