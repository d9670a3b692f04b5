/*-------------------------------------------------------------------------
 * bare.c
 *	  Log-in, requests and answers of the sandbox's providers; see bare.h.
 *------------------------------------------------------------------------- */
#include "bare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_TEXT		4096
#define FIRST_BODY_SIZE (16 * 1024)

/* How one kind of question is asked; %s is the base URL, %ld its number. */
struct BareKind
{
	const char *name;
	const char *url;
	const char *post; /* NULL: GET */
	void (*log_in)(BareServer *server);
};

static void log_in_pngme(BareServer *server);
static void log_in_lenderlink(BareServer *server);
static void log_in_patascore(BareServer *server);

/*
 * The same subjects as in the tables that run.pl makes.  A reference with
 * "aaaa" there has 600 transactions, and its report more than 100 kB.
 */
static const BareKind kinds[] = {
	{"decision", "%s/pngme/kenya/decision?phone_number=%ld", NULL,
	 log_in_pngme},
	{"lac", "%s/lenderlink/api/v1/telco/score",
	 "{\"requestId\":\"%08lx-0000-4000-8000-000000000000\","
	 "\"cellphoneNumber\":\"%ld\",\"productIds\":\"CVSCR2;\"}",
	 log_in_lenderlink},
	{"statement",
	 "%s/patascore/api/v1/statements/mpesa/report?ref_id=00000000-0000-4000-8000-aaaa%08ld",
	 NULL, log_in_patascore},
};

/* First subject of a kind; question n is about the n-th after it. */
#define FIRST_PHONE	 254700000000L
#define FIRST_MSISDN 639000000000L

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void
check(CURLcode code)
{
	if (code != CURLE_OK)
		fail("libcurl", curl_easy_strerror(code));
}

static size_t
keep_body(char *data, size_t size, size_t nmemb, void *arg)
{
	BareCall *call = arg;
	size_t	  n = size * nmemb;

	if (call->len + n > call->size)
	{
		while (call->len + n > call->size)
			call->size *= 2;
		call->body = realloc(call->body, call->size);
		if (call->body == NULL)
			fail("memory", "out of it");
	}
	memcpy(call->body + call->len, data, n);
	call->len += n;
	return n;
}

void
bare_call_init(BareCall *call, const BareServer *server)
{
	memset(call, 0, sizeof(*call));
	call->server = server;
	call->easy = curl_easy_init();
	call->tokener = json_tokener_new();
	call->size = FIRST_BODY_SIZE;
	call->body = malloc(call->size);
	if (call->easy == NULL || call->tokener == NULL || call->body == NULL)
		fail("memory", "out of it");
	check(curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L));
	check(curl_easy_setopt(call->easy, CURLOPT_PROXY, ""));
	check(curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, server->headers));
	check(curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, keep_body));
	check(curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call));
	check(curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call));
}

static void
call_free(BareCall *call)
{
	curl_easy_cleanup(call->easy);
	json_tokener_free(call->tokener);
	free(call->body);
}

/* The answer of a call that has ended; to be put back by the caller. */
static json_object *
answer(BareCall *call, CURLcode result)
{
	json_object *root;
	long		 status;

	check(result);
	check(curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status));
	if (status != 200)
		fail("the sandbox refused",
			 call->len > 0 ? call->body : "without a word");
	json_tokener_reset(call->tokener);
	root = json_tokener_parse_ex(call->tokener, call->body, (int) call->len);
	if (root == NULL)
		fail("answer",
			 json_tokener_error_desc(json_tokener_get_error(call->tokener)));
	return root;
}

void
bare_call_finish(BareCall *call, CURLcode result)
{
	json_object_put(answer(call, result));
	call->len = 0;
}

void
bare_call_aim(BareCall *call, long n)
{
	const BareKind *kind = call->server->kind;
	long			subject = n;
	char			text[MAX_TEXT];

	if (kind->log_in == log_in_pngme)
		subject += FIRST_PHONE;
	else if (kind->log_in == log_in_lenderlink)
		subject += FIRST_MSISDN;
	snprintf(text, sizeof(text), kind->url, call->server->base_url, subject);
	check(curl_easy_setopt(call->easy, CURLOPT_URL, text));
	if (kind->post != NULL)
	{
		snprintf(text, sizeof(text), kind->post, n, subject);
		check(curl_easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, text));
	}
}

/* ---------- log-ins ---------- */

static void
add_header(BareServer *server, const char *name, const char *value)
{
	char text[2 * MAX_TEXT];

	snprintf(text, sizeof(text), "%s: %s", name, value);
	server->headers = curl_slist_append(server->headers, text);
	if (server->headers == NULL)
		fail("memory", "out of it");
}

static void
add_token(BareServer *server, json_object *token)
{
	char text[MAX_TEXT];

	if (!json_object_is_type(token, json_type_string))
		fail("log-in", "there is no token");
	snprintf(text, sizeof(text), "Bearer %s", json_object_get_string(token));
	add_header(server, "Authorization", text);
}

/* The token of organisation acme's environment "production". */
static json_object *
find_token(json_object *organisations)
{
	for (size_t i = 0; i < json_object_array_length(organisations); i++)
	{
		json_object *one = json_object_array_get_idx(organisations, i);
		json_object *first =
			json_object_array_get_idx(json_object_object_get(one, "auth"), 0);

		if (strcmp(json_object_get_string(
					   json_object_object_get(one, "organization_name")),
				   "acme") == 0)
			return json_object_object_get(first, "api_token");
	}
	return NULL;
}

static void
log_in_pngme(BareServer *server)
{
	BareCall	 call;
	char		 url[MAX_TEXT];
	json_object *root;

	bare_call_init(&call, server);
	snprintf(url, sizeof(url), "%s/pngme/auth", server->base_url);
	check(curl_easy_setopt(call.easy, CURLOPT_URL, url));
	check(curl_easy_setopt(call.easy, CURLOPT_USERPWD,
						   "svc@acme.example:sandbox-password"));
	root = answer(&call, curl_easy_perform(call.easy));
	add_token(server, find_token(root));
	json_object_put(root);
	call_free(&call);
}

static void
log_in_lenderlink(BareServer *server)
{
	BareCall	 call;
	char		 url[MAX_TEXT];
	json_object *root;

	add_header(server, "Content-Type", "application/json");
	bare_call_init(&call, server);
	snprintf(url, sizeof(url), "%s/lenderlink/oauth/token", server->base_url);
	check(curl_easy_setopt(call.easy, CURLOPT_URL, url));
	check(curl_easy_setopt(call.easy, CURLOPT_POSTFIELDS,
						   "{\"grant_type\":\"client_credentials\","
						   "\"client_id\":\"sandbox-client\","
						   "\"client_secret\":\"sandbox-secret\"}"));
	root = answer(&call, curl_easy_perform(call.easy));
	add_token(server, json_object_object_get(root, "access_token"));
	json_object_put(root);
	call_free(&call);
}

static void
log_in_patascore(BareServer *server)
{
	add_header(server, "Authorization", "sandbox-api-key");
}

void
bare_server_open(BareServer *server, const char *base_url, const char *kind)
{
	memset(server, 0, sizeof(*server));
	server->base_url = base_url;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			server->kind = &kinds[i];
	if (server->kind == NULL)
		fail(kind, "not a kind of question; decision, lac, statement are");
	check(curl_global_init(CURL_GLOBAL_DEFAULT));
	server->kind->log_in(server);
}

/* ---------- small things ---------- */

long
bare_number(const char *text)
{
	char *end;
	long  value = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < 1)
		fail(text, "not a positive number");
	return value;
}

double
bare_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}
