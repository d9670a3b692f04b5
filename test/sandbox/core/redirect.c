/*-------------------------------------------------------------------------
 * redirect.c
 *	  Where redirects lead.
 *------------------------------------------------------------------------- */
#include "core/redirect.h"

#include "core/request.h"

static void
refuse(SbRequest *request, int status, const char *message)
{
	request->status = status;
	sb_text_str(&request->out, "{\"error\":");
	message = message != NULL ? message : "not found";
	sb_text_json(&request->out, message, strlen(message));
	sb_text_char(&request->out, '}');
}

/* What a client that follows redirects would take for an answer. */
static void
answer(SbRequest *request)
{
	sb_text_str(&request->out, "{\"redirected\":true}");
}

static SbEndpoint endpoints[] = {
	{.path = "redirected",
	 .method = "*",
	 .url = "/redirected",
	 .answer = answer},
};

const SbProvider sb_redirect = {
	.name = "sandbox",
	.endpoints = endpoints,
	.nendpoints = lengthof(endpoints),
	.refuse = refuse,
};
