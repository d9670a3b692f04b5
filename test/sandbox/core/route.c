/*-------------------------------------------------------------------------
 * route.c
 *	  How a URL finds its provider and endpoint.
 *------------------------------------------------------------------------- */
#include "core/route.h"

#include "core/count.h"
#include "core/provider.h"
#include "core/request.h"

/* Counts what finds no endpoint. */
#define OTHER "other"

static void
init_provider(const SbProvider *provider)
{
	int i;

	if (provider->init != NULL)
		provider->init();
	for (i = 0; i < provider->nendpoints; i++)
	{
		SbEndpoint *endpoint = &provider->endpoints[i];

		endpoint->counter = sb_count_counter(provider, endpoint->path);
		endpoint->counter->login = endpoint->login;
	}
	(void) sb_count_counter(provider, OTHER);
}

void
sb_route_init(void)
{
	const SbProvider *provider;
	int				  i;

	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
		init_provider(provider);
}

/* How much of a URL a "*" stands for. */
static size_t
piece_len(const char *star, const char *url)
{
	return star[1] == '\0' ? strlen(url) : strcspn(url, "/");
}

/* Does a URL look as an endpoint's, in which "*" is any piece? */
static bool
fits(const char *form, const char *url)
{
	for (; *form != '\0'; form++)
	{
		size_t len = *form == '*' ? piece_len(form, url) : *form == *url;

		if (len == 0)
			return false;
		url += len;
	}
	return *url == '\0';
}

/* Copies what each "*" stands for, of a URL that fits. */
static void
note_pieces(SbRequest *request, const char *form, const char *url)
{
	SbText *bytes = &request->url;
	int		n = 0;

	sb_text_reserve(bytes, strlen(url) + SB_MAX_PIECES);
	for (; *form != '\0'; form++)
	{
		size_t len = *form == '*' ? piece_len(form, url) : 1;

		if (*form == '*' && n < SB_MAX_PIECES)
		{
			request->pieces[n++] = bytes->data + bytes->len;
			sb_text_mem(bytes, url, len);
			sb_text_char(bytes, '\0');
		}
		url += len;
	}
}

/* The endpoint of a URL, if possible one that has the method, too. */
static SbEndpoint *
endpoint_by_url(SbRequest *request, const char *method, const char *rest)
{
	const SbProvider *provider = request->provider;
	SbEndpoint		 *found = NULL;
	int				  i;

	for (i = 0; i < provider->nendpoints; i++)
	{
		SbEndpoint *endpoint = &provider->endpoints[i];

		if (!fits(endpoint->url, rest))
			continue;
		found = endpoint;
		if (strcmp(endpoint->method, method) == 0)
			break;
	}
	if (found != NULL)
		note_pieces(request, found->url, rest);
	return found;
}

/* The provider whose name is the first piece of the path; or NULL. */
static const SbProvider *
provider_by_url(const char *url)
{
	const SbProvider *provider;
	int				  i;

	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
	{
		size_t len = strlen(provider->name);

		if (url[0] == '/' && strncmp(url + 1, provider->name, len) == 0 &&
			url[1 + len] == '/')
			break;
	}
	return provider;
}

static SbEndpoint *
find_endpoint(SbRequest *request, const char *method, const char *rest)
{
	SbEndpoint *endpoint = request->provider->route != NULL
							   ? request->provider->route(request, rest)
							   : endpoint_by_url(request, method, rest);

	request->wrong_method = endpoint != NULL && endpoint->method[0] != '*' &&
							strcmp(endpoint->method, method) != 0;
	return request->wrong_method ? NULL : endpoint;
}

void
sb_route(SbRequest *request, const char *method, const char *url)
{
	request->provider = provider_by_url(url);
	if (request->provider == NULL)
	{
		sb_text_str(&request->url, method);
		sb_text_char(&request->url, ' ');
		sb_text_str(&request->url, url);
		sb_text_end(&request->url);
		return;
	}
	url += 1 + strlen(request->provider->name);
	request->endpoint = find_endpoint(request, method, url);
	request->counter = request->endpoint != NULL
						   ? request->endpoint->counter
						   : sb_count_counter(request->provider, OTHER);
}
