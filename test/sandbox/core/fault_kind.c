/*-------------------------------------------------------------------------
 * fault_kind.c
 *	  What each kind of fault does to a reply.
 *
 * BEFORE kinds return whether the provider still makes its answer; the others'
 * result is ignored.  What is put into an answer goes right after its first
 * brace, so that it works for every provider's shape.
 *------------------------------------------------------------------------- */
#include "core/fault_kind.h"

#include "core/fault.h"
#include "core/gzip.h"
#include "core/login.h"
#include "core/provider.h"
#include "core/request.h"
#include "core/token.h"

#define DEFAULT_DEPTH 100000
#define DEFAULT_HUGE  (16 * 1024 * 1024)
#define DEFAULT_BOMB  INT64_C(1073741824)

static void
put_in(SbRequest *request, const char *text, size_t len)
{
	char *brace = memchr(request->out.data, '{', request->out.len);

	if (brace != NULL)
		sb_text_insert(&request->out, (size_t) (brace - request->out.data) + 1,
					   text, len);
}

static bool
apply_status(SbRequest *request, const SbFault *fault)
{
	int status = fault->status ? fault->status : 500;

	if (fault->retry_after != NULL)
		sb_request_header(request, MHD_HTTP_HEADER_RETRY_AFTER,
						  fault->retry_after);
	if (fault->location != NULL)
		sb_request_header(request, MHD_HTTP_HEADER_LOCATION, fault->location);
	request->envelope_status = fault->envelope_status;
	if (fault->body == NULL)
		request->provider->refuse(request, status, fault->text);
	else
		sb_text_str(&request->out, fault->body);
	request->status = status;
	return false;
}

static bool
apply_redirect(SbRequest *request, const SbFault *fault)
{
	sb_request_header(request, MHD_HTTP_HEADER_LOCATION,
					  fault->location ? fault->location
									  : "/sandbox/redirected");
	request->status = fault->status ? fault->status : 302;
	sb_text_str(&request->out, "{}");
	return false;
}

/* The request itself carries a token, so it is the first to be refused. */
static bool
apply_revoke(SbRequest *request, const SbFault *fault)
{
	sb_token_revoke(request->provider, fault->fixed);
	return true;
}

static bool
apply_close_after_read(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->send_mode = SB_SEND_NOTHING;
	return false;
}

static bool
apply_reset(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->send_mode = SB_SEND_RESET;
	return false;
}

static bool
apply_wrong_subject(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->wrong_subject = true;
	return true;
}

static bool
apply_login(SbRequest *request, const SbFault *fault)
{
	request->login_variant =
		sb_login_variant(request->provider, fault->variant);
	return true;
}

static bool
apply_truncated_token(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->login_variant = SB_LOGIN_TRUNCATED;
	return true;
}

static bool
apply_not_json(SbRequest *request, const SbFault *fault)
{
	request->out.len = 0;
	request->content_type = "text/html";
	sb_text_str(
		&request->out,
		fault->body != NULL
			? fault->body
			: "<!DOCTYPE html><html><body><h1>We'll be back soon</h1></body></html>");
	return true;
}

static bool
apply_empty(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->out.len = 0;
	return true;
}

static bool
apply_deep(SbRequest *request, const SbFault *fault)
{
	int	   depth = fault->depth > 0 ? fault->depth : DEFAULT_DEPTH;
	SbText text = {0};

	sb_text_str(&text, "\"sandbox_deep\":");
	sb_text_reserve(&text, (size_t) depth * 2 + 1);
	memset(text.data + text.len, '[', (size_t) depth);
	memset(text.data + text.len + depth, ']', (size_t) depth);
	text.len += (size_t) depth * 2;
	sb_text_char(&text, ',');
	put_in(request, text.data, text.len);
	sb_text_free(&text);
	return true;
}

static bool
apply_huge(SbRequest *request, const SbFault *fault)
{
	size_t bytes = fault->bytes > 0 ? (size_t) fault->bytes : DEFAULT_HUGE;
	SbText text = {0};

	sb_text_str(&text, "\"sandbox_huge\":\"");
	sb_text_reserve(&text, bytes);
	memset(text.data + text.len, 'x', bytes);
	text.len += bytes;
	sb_text_str(&text, "\",");
	put_in(request, text.data, text.len);
	sb_text_free(&text);
	return true;
}

static bool
apply_gzip_bomb(SbRequest *request, const SbFault *fault)
{
	sb_gzip_bomb(&request->out,
				 fault->bytes > 0 ? fault->bytes : DEFAULT_BOMB);
	sb_request_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return true;
}

static bool
apply_insert(SbRequest *request, const SbFault *fault)
{
	if (fault->text != NULL)
		put_in(request, fault->text, strlen(fault->text));
	return true;
}

static bool
apply_duplicate_keys(SbRequest *request, const SbFault *fault)
{
	const char *member =
		fault->text ? fault->text : request->provider->duplicate_member;

	put_in(request, member, strlen(member));
	return true;
}

static bool
apply_nul(SbRequest *request, const SbFault *fault)
{
	static const char text[] = "\"sandbox_nul\":\"a\\u0000b\",";

	(void) fault;
	put_in(request, text, sizeof(text) - 1);
	return true;
}

static bool
apply_invalid_utf8(SbRequest *request, const SbFault *fault)
{
	static const char text[] = "\"sandbox_utf8\":\"a\xff\xc3(\",";

	(void) fault;
	put_in(request, text, sizeof(text) - 1);
	return true;
}

static bool
apply_bom(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	sb_text_insert(&request->out, 0, "\xEF\xBB\xBF", 3);
	return true;
}

static bool
apply_big_numbers(SbRequest *request, const SbFault *fault)
{
	static const char text[] =
		"\"sandbox_numbers\":{\"integer20\":18446744073709551616,"
		"\"integer30\":123456789012345678901234567890,\"above_2_53\":9007199254740993,"
		"\"large\":1e308,\"tiny\":1.5e-300,\"trailing\":100.10,\"zeros\":6233.500,"
		"\"fraction\":0.1234567890123456789012345678901234567890,\"negative\":-9223372036854775809},";

	(void) fault;
	put_in(request, text, sizeof(text) - 1);
	return true;
}

static bool
apply_drip(SbRequest *request, const SbFault *fault)
{
	request->send_mode = SB_SEND_DRIP;
	request->drip_bytes = fault->bytes > 0 ? (size_t) fault->bytes : 1;
	request->drip_ms = fault->ms > 0 ? fault->ms : 100;
	return true;
}

static bool
apply_cut(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->send_mode = SB_SEND_CUT;
	return true;
}

static bool
apply_wrong_length(SbRequest *request, const SbFault *fault)
{
	request->send_mode = fault->shorter ? SB_SEND_SHORT : SB_SEND_LONG;
	return true;
}

static bool
apply_lost(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->send_mode = SB_SEND_NOTHING;
	return true;
}

static bool
apply_two_lengths(SbRequest *request, const SbFault *fault)
{
	(void) fault;
	request->send_mode = SB_SEND_TWO_LENGTHS;
	return true;
}

static const SbFaultKind kinds[] = {
	{"hold", SB_PHASE_WAIT, NULL},
	{"delay", SB_PHASE_WAIT, NULL},
	{"never", SB_PHASE_WAIT, NULL},
	{"status", SB_PHASE_BEFORE, apply_status},
	{"redirect", SB_PHASE_BEFORE, apply_redirect},
	{"revoke", SB_PHASE_BEFORE, apply_revoke},
	{"close_after_read", SB_PHASE_BEFORE, apply_close_after_read},
	{"reset", SB_PHASE_BEFORE, apply_reset},
	{"wrong_subject", SB_PHASE_BEFORE, apply_wrong_subject},
	{"weird_login", SB_PHASE_BEFORE, apply_login},
	{"truncated_token", SB_PHASE_BEFORE, apply_truncated_token},
	{"not_json", SB_PHASE_AFTER, apply_not_json},
	{"empty", SB_PHASE_AFTER, apply_empty},
	{"deep", SB_PHASE_AFTER, apply_deep},
	{"huge", SB_PHASE_AFTER, apply_huge},
	{"gzip_bomb", SB_PHASE_AFTER, apply_gzip_bomb},
	{"insert", SB_PHASE_AFTER, apply_insert},
	{"duplicate_keys", SB_PHASE_AFTER, apply_duplicate_keys},
	{"nul", SB_PHASE_AFTER, apply_nul},
	{"invalid_utf8", SB_PHASE_AFTER, apply_invalid_utf8},
	{"big_numbers", SB_PHASE_AFTER, apply_big_numbers},
	{"bom", SB_PHASE_AFTER, apply_bom},
	{"drip", SB_PHASE_SEND, apply_drip},
	{"cut", SB_PHASE_SEND, apply_cut},
	{"lost", SB_PHASE_SEND, apply_lost},
	{"wrong_length", SB_PHASE_SEND, apply_wrong_length},
	{"two_lengths", SB_PHASE_SEND, apply_two_lengths},
};

const SbFaultKind *
sb_fault_kind(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

void
sb_fault_kind_names(SbText *text)
{
	size_t i;

	for (i = 0; i < lengthof(kinds); i++)
	{
		sb_text_char(text, ' ');
		sb_text_str(text, kinds[i].name);
	}
}
