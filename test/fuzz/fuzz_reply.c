/*-------------------------------------------------------------------------
 * fuzz_reply.c
 *	  Feeds arbitrary bytes to everything that reads a provider's reply.
 *
 * The first byte selects endpoint and status, the rest is the body.  An input
 * that begins like JSON (the payload files do) goes whole to every endpoint
 * with every status.  Compiled with -DREPLAY it is an ordinary program that
 * reads the files named on its command line.
 *
 * Besides not crashing: a failure has a message, an answer has a body and a
 * status of 2xx, texts are valid UTF-8 without control characters.
 *------------------------------------------------------------------------- */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "provider/registry.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define REQUIRE(condition) \
	do \
	{ \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static const CsPair	   options[] = {{"country", "kenya"},
									{"environment", "production"},
									{"product_ids", "911;"}};
static const CsAccount account = {"https://h.example", options,
								  COUNT(options)};

static const CsPair		 pairs[] = {{"subject", "254123456789"}};
static const CsArguments arguments = {
	.pairs = pairs,
	.npairs = COUNT(pairs),
	.request_id = "0b7e8f1a-52c6-4d7f-8a39-1f7de2a0c511"};

static const int statuses[] = {200, 202, 400, 401, 404, 422, 429, 500, 503};

static void
require_shown(const char *text)
{
	const unsigned char *c = (const unsigned char *) text;
	size_t				 left = strlen(text);

	while (left > 0)
	{
		size_t len = cs_text_utf8_length(c, left);

		REQUIRE(len > 0 && *c >= 0x20 && *c != 0x7F);
		c += len;
		left -= len;
	}
}

static void
require_error(const CsError *err)
{
	REQUIRE(err->code > CS_ERR_NONE && err->code < CS_ERR_COUNT);
	REQUIRE(err->message[0] != '\0');
	require_shown(err->message);
	require_shown(err->detail);
	require_shown(err->provider_code);
}

static void
classify(const CsEndpoint *endpoint, const CsReply *reply,
		 struct json_object *root, const CsError *parse_error)
{
	CsVerdict verdict;

	memset(&verdict, 0x5A, sizeof(verdict));
	endpoint->classify(&account, &arguments, reply, root, parse_error,
					   &verdict);
	REQUIRE(verdict.code == verdict.error.code);
	if (verdict.code == CS_ERR_NONE)
		REQUIRE(root != NULL && verdict.effective_status >= 200 &&
				verdict.effective_status <= 299);
	else
		require_error(&verdict.error);
}

static void
read_login(const CsProvider *provider, const CsReply *reply)
{
	CsToken token;
	CsError err = {0};

	if (provider->read_login == NULL)
		return;
	if (provider->read_login(&account, reply, 1700000000, &token, &err) !=
		CS_OK)
		require_error(&err);
	else
		REQUIRE(token.text[0] != '\0' && token.expires_at > 0);
}

/* Texts of a foreign provider, read as subject and as words. */
static void
handle_text(const char *body, size_t len)
{
	char text[1024];
	char masked[64];

	len = len < sizeof(text) ? len : sizeof(text) - 1;
	memcpy(text, body, len);
	text[len] = '\0';
	cs_text_mask(text, masked, sizeof(masked));
	require_shown(masked);
	cs_text_redact(text);
	require_shown(text);
}

/* Counts the endpoints of all providers. */
static int
count_endpoints(void)
{
	int count = 0;

	for (int p = 0; cs_registry_at(p) != NULL; p++)
	{
		for (const CsEndpoint *e = cs_registry_at(p)->endpoints; e->name; e++)
			count++;
	}
	return count;
}

/* Gives the reply to one endpoint and its log-in, or to all when -1. */
static void
use_endpoints(int chosen, const CsReply *reply, struct json_object *root,
			  const CsError *parse_error)
{
	int				  number = 0;
	const CsProvider *provider;

	for (int p = 0; (provider = cs_registry_at(p)) != NULL; p++)
	{
		for (const CsEndpoint *e = provider->endpoints; e->name; e++)
		{
			if (chosen >= 0 && chosen != number++)
				continue;
			classify(e, reply, root, parse_error);
			read_login(provider, reply);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool	whole = size == 0 || strchr("{[\" \n", data[0]) != NULL;
	CsReply reply = {.body = (const char *) data, .len = size};
	int		chosen = -1;
	struct json_object *root = NULL;
	CsError				err = {0};
	const CsError	   *parse_error = NULL;

	if (!whole)
	{
		chosen = data[0] / COUNT(statuses);
		reply.http_status = statuses[data[0] % COUNT(statuses)];
		reply.body++;
		reply.len--;
	}
	if (reply.len > 0 &&
		cs_json_parse(reply.body, reply.len, &root, &err) != CS_OK)
	{
		require_error(&err);
		REQUIRE(root == NULL);
		parse_error = &err;
	}
	for (int i = 0; whole && i < COUNT(statuses); i++)
	{
		reply.http_status = statuses[i];
		use_endpoints(-1, &reply, root, parse_error);
	}
	if (!whole)
		use_endpoints(chosen % count_endpoints(), &reply, root, parse_error);
	json_object_put(root);
	handle_text(reply.body, reply.len);
	return 0;
}

#ifdef REPLAY
int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		static uint8_t buffer[1024 * 1024];
		FILE		  *file = fopen(argv[i], "rb");
		uint8_t		  *exact;
		size_t		   len;

		if (file == NULL)
		{
			perror(argv[i]);
			return 1;
		}
		len = fread(buffer, 1, sizeof(buffer), file);
		fclose(file);
		exact = malloc(len > 0 ? len : 1);
		if (exact == NULL)
			return 1;
		memcpy(exact, buffer, len);
		LLVMFuzzerTestOneInput(exact, len);
		free(exact);
	}
	printf("%d files replayed\n", argc - 1);
	return 0;
}
#endif
