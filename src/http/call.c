/*-------------------------------------------------------------------------
 * call.c
 *	  One call: what libcurl does for it, and what its end means.
 *
 * All memory is malloc'd: libcurl calls back in the middle of its work, and
 * nothing may jump out of it.
 *
 * A call leaves at most once.  libcurl sends a request again by itself when a
 * kept connection turns out to be closed, POST as well, and each is billed.
 * The pre-request callback runs once per sending and refuses the second; the
 * call then counts as lost.  To lose few so, a kept connection is looked at
 * right there: if the peer has closed it nothing leaves, and the call begins once
 * more with a connection of its own.
 *------------------------------------------------------------------------- */
#include "http/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/connection.h"
#include "http/http_clock.h"
#include "http/watch.h"

#define FIRST_BODY_BYTES 8192

/* --- libcurl's callbacks: they record, and never raise or log --- */

/* The address is known by now. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	CsCall *call = arg;
	int		fd = cs_connection_open(address->family, address->socktype,
									address->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	cs_watch_forget(fd);
	cs_host_found(&call->lookup, cs_http_clock_now());
	call->socket = fd;
	return fd;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	cs_watch_forget(fd);
	return cs_connection_close(fd);
}

/* The connection stands and the request is about to leave. */
static int
before_request(void *arg, char *remote, char *local, int remote_port,
			   int local_port)
{
	CsCall		*call = arg;
	const CsEnds ends = {remote, remote_port, local_port};

	if (call->sent)
	{
		call->sent_twice = call->handle.worn = true;
		return CURL_PREREQFUNC_ABORT;
	}
	call->too_late = call->socket < 0 && cs_connection_closed(&ends);
	if (call->too_late)
		return CURL_PREREQFUNC_ABORT;
	call->withheld = !call->owner->sending(call->owner);
	if (call->withheld)
		return CURL_PREREQFUNC_ABORT;
	call->sent = true;
	cs_host_leave(&call->lookup);
	return CURL_PREREQFUNC_OK;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	CsCall *call = arg;

	n *= size;
	if (n > call->max_body - call->len)
	{
		call->too_large = true;
		return 0;
	}
	if (call->len + n > call->size)
	{
		size_t larger = CS_MAX(call->size * 2, FIRST_BODY_BYTES);
		char  *body;

		while (larger < call->len + n)
			larger *= 2;
		body = realloc(call->body, larger);
		if (body == NULL)
		{
			call->out_of_memory = true;
			return 0;
		}
		call->body = body;
		call->size = larger;
	}
	memcpy(call->body + call->len, bytes, n);
	call->len += n;
	return n;
}

/* --- beginning and end --- */

bool
cs_call_init(void)
{
	const CsHandleCallbacks callbacks = {on_body, before_request, on_open,
										 on_close};

	return cs_handle_init(&callbacks);
}

CsCall *
cs_call_new(const CsHttpSpec *spec, CsHttpOwner *owner)
{
	CsCall *call = calloc(1, sizeof(CsCall));

	if (call == NULL)
		return NULL;
	call->owner = owner;
	call->socket = -1;
	call->max_body = spec->max_body;
	call->connect_timeout_ms = spec->connect_timeout_ms;
	call->request_timeout_ms = spec->request_timeout_ms;
	if (cs_handle_open(&call->handle, spec, call))
		return call;
	cs_call_free(call);
	return NULL;
}

void
cs_call_free(CsCall *call)
{
	cs_handle_close(&call->handle);
	free(call->body);
	free(call);
}

CsCall *
cs_call_of(CURL *easy)
{
	char *call = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
	return (CsCall *) call;
}

static CsCallEnd
end_of(const CsCall *call, CURLcode rc)
{
	if (rc == CURLE_OK)
		return CS_CALL_REPLY;
	if (call->too_large)
		return CS_CALL_TOO_LARGE;
	if (call->len == 0 && cs_handle_untrusted(&call->handle, rc))
		return CS_CALL_UNTRUSTED;
	if (!call->sent && rc == CURLE_SSL_CERTPROBLEM)
		return CS_CALL_UNFIT;
	if (!call->sent)
		return CS_CALL_NOT_SENT;
	if (rc == CURLE_BAD_CONTENT_ENCODING || rc == CURLE_WEIRD_SERVER_REPLY ||
		rc == CURLE_UNSUPPORTED_PROTOCOL)
		return CS_CALL_GARBLED;
	return CS_CALL_LOST;
}

static void
describe(const CsCall *call, CURLcode rc, char *detail, size_t size)
{
	if (call->out_of_memory)
		snprintf(detail, size, "The courier has no memory for the reply.");
	else if (call->sent_twice)
		snprintf(
			detail, size,
			"The provider closed the kept-alive connection without a reply; the request is not sent again.");
	else if (call->too_large)
		snprintf(detail, size,
				 "The reply is larger than %zu bytes, after decompression.",
				 call->max_body);
	else if (rc != CURLE_OK)
		cs_handle_describe(&call->handle, rc, detail, size);
}

void
cs_call_ended(const CsCall *call, CURLcode rc, CsHttpResult *result)
{
	memset(result, 0, sizeof(*result));
	result->end = end_of(call, rc);
	cs_handle_read(&call->handle, result);
	describe(call, rc, result->detail, sizeof(result->detail));
}

/* What was being waited for when the time to connect ran out. */
static const char *
connect_phase(const CsCall *call)
{
	if (call->lookup.role != CS_HOST_GOES)
		return "address of the host";
	return cs_connection_stands(call->socket) ? "TLS handshake" : "connection";
}

void
cs_call_late(const CsCall *call, CsHttpResult *result)
{
	memset(result, 0, sizeof(*result));
	result->end = call->sent ? CS_CALL_LOST : CS_CALL_NOT_SENT;
	if (call->added)
		cs_handle_read(&call->handle, result);
	if (call->sent)
		snprintf(result->detail, sizeof(result->detail),
				 "No complete reply within %d ms.", call->request_timeout_ms);
	else
		snprintf(result->detail, sizeof(result->detail), "No %s within %d ms.",
				 connect_phase(call),
				 CS_MIN(call->connect_timeout_ms, call->request_timeout_ms));
}

bool
cs_call_doubtful(const CsCall *call, CsCallEnd how)
{
	return call->sent ? how == CS_CALL_LOST
					  : call->socket >= 0 && !call->withheld;
}
