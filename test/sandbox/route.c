/*-------------------------------------------------------------------------
 * route.c
 *	  The providers, how a URL finds its endpoint, and magic subjects that
 *	  every provider refuses alike.
 *
 * /<provider>/<rest> is that provider's; /control is the tests'; the provider
 * "sandbox" is no provider but where redirects lead, so that following one
 * shows in its counter.
 *------------------------------------------------------------------------- */
#include "sandbox.h"

static void
refuse_plainly(SbRequest *request, int status, const char *message);
static void answer_redirected(SbRequest *request);

static SbEndpoint redirect_endpoints[] = {
	{.path = "redirected",
	 .method = "*",
	 .url = "/redirected",
	 .answer = answer_redirected},
};

static const SbProvider redirects = {
	.name = "sandbox",
	.endpoints = redirect_endpoints,
	.nendpoints = lengthof(redirect_endpoints),
	.refuse = refuse_plainly,
};

/* A further provider is one more line here. */
const SbProvider *const sb_providers[] = {
	&sb_pngme,
	&sb_lenderlink,
	&sb_patascore,
	&redirects,
};
const int sb_nproviders = lengthof(sb_providers);

/*
 * Subjects whose last four digits are one of these are refused by every
 * provider, in its own form of error.
 */
const SbMagic sb_refusals[] = {
	{"0400", 400, 0, "cannot be scored: the request is bad"},
	{"0401", 401, 0, "not authenticated, whatever the token"},
	{"0403", 403, 0, "not authorized"},
	{"0404", 404, 0, "unknown"},
	{"0422", 422, 0, "cannot be processed"},
	{"0429", 429, 0, "too many requests, Retry-After: 1"},
	{"0500", 500, 0, "internal error"},
	{"0502", 502, 0, "bad gateway"},
	{"0503", 503, 0, "unavailable, Retry-After: 1"},
	{"0504", 504, 0, "gateway timeout"},
	{NULL, 0, 0, NULL},
};

static SbCounter *other_counters[8];

_Static_assert(lengthof(sb_providers) <= lengthof(other_counters),
			   "room for each provider");

static void
refuse_plainly(SbRequest *request, int status, const char *message)
{
	request->status = status;
	sb_text_str(&request->out, "{\"error\":");
	message = message != NULL ? message : "not found";
	sb_text_json(&request->out, message, strlen(message));
	sb_text_char(&request->out, '}');
}

/* What a client that follows redirects would take for an answer. */
static void
answer_redirected(SbRequest *request)
{
	sb_text_str(&request->out, "{\"redirected\":true}");
}

void
sb_route_init(void)
{
	int i;
	int k;

	for (i = 0; i < sb_nproviders; i++)
	{
		const SbProvider *provider = sb_providers[i];

		if (provider->init != NULL)
			provider->init();
		for (k = 0; k < provider->nendpoints; k++)
		{
			SbEndpoint *endpoint = &provider->endpoints[k];

			endpoint->counter = sb_counter_get(provider, endpoint->path);
			endpoint->counter->login = endpoint->login;
		}
		other_counters[i] = sb_counter_get(provider, "other");
	}
}

static SbEndpoint *
endpoint_by_url(SbRequest *request, const char *rest)
{
	const SbProvider *provider = request->provider;
	int				  i;

	for (i = 0; i < provider->nendpoints; i++)
	{
		if (strcmp(provider->endpoints[i].url, rest) == 0)
			return &provider->endpoints[i];
	}
	return NULL;
}

/* Finds provider, endpoint and counter; a control request gets none. */
void
sb_route(SbRequest *request, const char *method, const char *url)
{
	SbEndpoint *endpoint;
	int			i;

	for (i = 0; i < sb_nproviders; i++)
	{
		size_t len = strlen(sb_providers[i]->name);

		if (url[0] == '/' &&
			strncmp(url + 1, sb_providers[i]->name, len) == 0 &&
			url[1 + len] == '/')
			break;
	}
	if (i == sb_nproviders)
	{
		sb_text_str(&request->url, method);
		sb_text_char(&request->url, ' ');
		sb_text_str(&request->url, url);
		sb_text_end(&request->url);
		return;
	}
	request->provider = sb_providers[i];
	request->counter = other_counters[i];
	url += 1 + strlen(request->provider->name);
	endpoint = request->provider->route != NULL
				   ? request->provider->route(request, url)
				   : endpoint_by_url(request, url);
	if (endpoint == NULL)
		return;
	request->wrong_method =
		endpoint->method[0] != '*' && strcmp(endpoint->method, method) != 0;
	if (request->wrong_method)
		return;
	request->endpoint = endpoint;
	request->counter = endpoint->counter;
}

/*
 * The entry whose mark the text ends with, or its last group begins with.
 * The switch concerns endings only: thousands of numbers in sequence have them
 * all, while references do not begin a group so by chance.
 */
const SbMagic *
sb_magic_find(const SbMagic *magic, const char *text, size_t len, bool at_end)
{
	const char *group = text;
	size_t		i;

	if (at_end && !sb_settings.magic)
		return NULL;
	for (i = 0; i < len; i++)
	{
		if (text[i] == '-')
			group = text + i + 1;
	}
	for (; magic->mark != NULL; magic++)
	{
		size_t mark_len = strlen(magic->mark);

		if (at_end ? len >= mark_len && memcmp(text + len - mark_len,
											   magic->mark, mark_len) == 0
				   : strncmp(group, magic->mark, mark_len) == 0)
			return magic;
	}
	return NULL;
}

/* Refuses the request if its subject is one of sb_refusals. */
bool
sb_magic_refused(SbRequest *request)
{
	const SbMagic *magic = sb_magic_find(sb_refusals, request->subject,
										 request->subject_len, true);
	int			   status;

	if (magic == NULL)
		return false;
	status = magic->status;
	if (status == 404 && request->provider->unknown_status != NULL)
		status = *request->provider->unknown_status;
	if (magic->status == 429 || magic->status == 503)
		sb_request_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	request->provider->refuse(request, status, NULL);
	return true;
}

static void
help_table(SbText *text, const char *title, const SbMagic *magic)
{
	sb_text_str(text, "\n  ");
	sb_text_str(text, title);
	sb_text_str(text, ":\n");
	for (; magic->mark != NULL; magic++)
	{
		sb_text_str(text, "    ");
		sb_text_str(text, magic->mark);
		sb_text_str(text, strlen(magic->mark) < 8 ? "\t" : " ");
		if (magic->status != 0)
		{
			sb_text_str(text, "HTTP ");
			sb_text_int(text, magic->status);
			sb_text_str(text, ", ");
		}
		sb_text_str(text, magic->text);
		sb_text_char(text, '\n');
	}
}

/* The tables of magic subjects, for --help. */
void
sb_magic_help(SbText *text)
{
	int i;

	sb_text_str(
		text,
		"Magic subjects (--no-magic or {\"magic\":false} turns those off that go by digits):\n");
	help_table(text, "every provider, by the subject's last four digits",
			   sb_refusals);
	for (i = 0; i < sb_nproviders; i++)
	{
		if (sb_providers[i]->magic != NULL)
			help_table(text, sb_providers[i]->magic_help,
					   sb_providers[i]->magic);
	}
}
