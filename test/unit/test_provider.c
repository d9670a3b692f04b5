/*
 * test_provider.c
 *	  The registry, request templates, tokens, and what statuses mean.
 */
#include "base/json.h"
#include "base/text.h"
#include "provider/registry.h"

#include "payload.h"

static bool
has_option(const CsProvider *provider, const char *name, CsOptionPlace place)
{
	for (const CsOption *o = provider->options; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o->place == place;
	return false;
}

/* What a provider cannot do without are options of its own. */
static void
check_required(const CsProvider *p)
{
	ok(p->credentials[0].names[0] != NULL, "%s has credentials", p->name);
	for (const CsCredentials *c = p->credentials; c->names[0] != NULL; c++)
		for (const char *const *name = c->names; *name != NULL; name++)
			ok(has_option(p, *name, CS_ON_MAPPING),
			   "%s: \"%s\" is an option of mappings", p->name, *name);
	for (const char *const *name = p->required; name != NULL && *name != NULL;
		 name++)
		ok(has_option(p, *name, CS_ON_SERVER),
		   "%s: \"%s\" is an option of servers", p->name, *name);
}

static void
test_registry(void)
{
	int				  count = 0;
	const CsProvider *p;

	for (; (p = cs_registry_at(count)) != NULL; count++)
	{
		ok(cs_registry_by_name(p->name) == p, "%s by name", p->name);
		is_int(cs_registry_index(p), count, "%s by index", p->name);
		ok(strncmp(p->default_base_url, "https://", 8) == 0 &&
			   p->default_base_url[strlen(p->default_base_url) - 1] != '/',
		   "%s has a base URL", p->name);
		ok(p->check_account != NULL, "%s checks its account", p->name);
		check_required(p);
		ok((p->build_login == NULL) == (p->read_login == NULL) &&
			   (p->build_login == NULL) == (p->needs_login == NULL),
		   "%s has all of a log-in or nothing", p->name);
		ok(p->build_login != NULL || p->put_credentials != NULL,
		   "%s says who calls", p->name);
		for (const CsOption *o = p->options; o->name != NULL; o++)
			ok(o->expects != NULL &&
				   (!o->secret || o->place == CS_ON_MAPPING) &&
				   (o->default_value == NULL || o->check == NULL ||
					o->check(o->default_value)),
			   "%s option %s", p->name, o->name);
		for (const CsEndpoint *e = p->endpoints; e->name != NULL; e++)
			ok(cs_registry_endpoint(p, e->name) == e && e->normalise != NULL &&
				   e->build != NULL && e->classify != NULL &&
				   (e->fee != CS_FEE_NONE || p == &cs_weza) &&
				   e->subject_name != NULL &&
				   (e->existing == NULL) == (e->name_existing == NULL) &&
				   (e->existing == NULL ||
					cs_registry_endpoint(p, e->existing) != NULL) &&
				   p->endpoints + cs_registry_endpoint_index(p, e) == e,
			   "%s endpoint %s", p->name, e->name);
		for (const CsOption *o = p->options; o->name != NULL; o++)
			ok(!cs_registry_is_address(p, o->name) || o->place == CS_ON_SERVER,
			   "%s option %s: an address is the server's", p->name, o->name);
	}
	is_int(count, 4, "four providers");
	ok(cs_registry_at(-1) == NULL, "none before the first");
	ok(cs_registry_by_name("nobody") == NULL, "no such provider");
	ok(cs_registry_endpoint(cs_registry_at(0), "nothing") == NULL,
	   "no such endpoint");
	is_int(cs_registry_index(NULL), -1, "NULL is not registered");
}

static void
test_templates(void)
{
	static const CsField query[] = {
		{"a b", CS_FROM_LITERAL, "c&d", false},
		{"absent", CS_FROM_ARGUMENT, "absent", cs_left_out},
		{"id", CS_FROM_REQUEST_ID, NULL, CS_REQUIRED},
		{0}};
	static const CsField body[] = {
		{"o", CS_FROM_OPTION, "country", CS_REQUIRED},
		{"f", CS_FROM_FILE, NULL, CS_REQUIRED},
		{"x", CS_FROM_ARGUMENT, "absent", cs_left_out},
		{0}};
	static const CsField needed[] = {
		{"absent", CS_FROM_ARGUMENT, "absent", CS_REQUIRED}, {0}};
	static const CsField nothing[] = {{0}};
	const CsPair		 options[] = {{"country", "a/b"}, {"path", "/p/q"}};
	const CsPair		 pairs[] = {{"subject", "s=1"}};
	const CsAccount		 account = {"https://h.example/x", options, 2};
	const CsArguments	 args = {pairs, 1, "id-1", "%PDF", 4};
	CsTemplate template = {
		.path = "/{country}/{subject}{+path}/z", .query = query, .body = body};
	CsRequest request = {0};
	CsError	  err;

	is_int(cs_template_build(&template, CS_PATCH, &account, &args, &request,
							 &err),
		   CS_OK, "template is filled");
	is_int(request.method, CS_PATCH, "method");
	is_text(request.url.data,
			"https://h.example/x/a%2Fb/s%3D1/p/q/z"
			"?a%20b=c%26d&id=id-1",
			"URL");
	is_text(request.headers.data,
			"Accept: application/json\n"
			"Content-Type: application/json\n",
			"headers");
	is_text(request.body.data, "{\"o\":\"a/b\",\"f\":\"JVBERg==\"}", "body");
	cs_template_free(&request);
	ok(request.url.data == NULL && request.body.data == NULL, "freed");

	template = (CsTemplate){.path = "/x", .body = nothing};
	cs_template_build(&template, CS_POST, &account, NULL, &request, &err);
	is_text(request.body.data, "{}", "empty body");
	cs_template_free(&request);

	template = (CsTemplate){.path = "/x", .query = needed};
	is_int(
		cs_template_build(&template, CS_GET, &account, &args, &request, &err),
		CS_FAIL, "missing query parameter");
	is_int(err.code, CS_ERR_ARGUMENT, "is an error of argument");
	cs_template_free(&request);
	template = (CsTemplate){.path = "/x", .body = needed};
	is_int(
		cs_template_build(&template, CS_GET, &account, &args, &request, &err),
		CS_FAIL, "missing member");
	cs_template_free(&request);
	template = (CsTemplate){.path = "/{nowhere}"};
	is_int(
		cs_template_build(&template, CS_GET, &account, &args, &request, &err),
		CS_FAIL, "missing piece of the path");
	is_text(err.message, "\"nowhere\" is missing", "is named");
	cs_template_free(&request);
}

/* Builds and returns the body; NULL: it was refused. */
static const char *
body_of(const CsTemplate *template, const CsArguments *args,
		CsRequest *request, CsError *err)
{
	static const CsAccount account = {"https://h.example", NULL, 0};

	cs_template_free(request);
	memset(request, 0, sizeof(*request));
	return cs_template_build(template, CS_POST, &account, args, request,
							 err) == CS_OK
			   ? request->body.data
			   : NULL;
}

/* 72 levels are opened. */
#define NINE "[[[[[[[[["

static void
test_bodies(void)
{
	static const CsField form[] = {
		{"grant_type", CS_FROM_LITERAL, "client_credentials", CS_REQUIRED},
		{"scope", CS_FROM_ARGUMENT, "scope", cs_left_out},
		{"client secret", CS_FROM_ARGUMENT, "secret", CS_REQUIRED},
		{0}};
	static const CsField nested[] = {
		{"id", CS_FROM_ARGUMENT, "subject", CS_REQUIRED},
		{"data.person.name", CS_FROM_ARGUMENT, "name", CS_REQUIRED},
		{"data.person.loans", CS_FROM_DOCUMENT, "loans", CS_REQUIRED},
		{"data.phone", CS_FROM_ARGUMENT, "absent", cs_left_out},
		{"data.personal.captured", CS_FROM_LITERAL, "x", CS_REQUIRED},
		{"left.out", CS_FROM_ARGUMENT, "absent", cs_left_out},
		{"last", CS_FROM_LITERAL, "y", CS_REQUIRED},
		{0}};
	static const CsField deep[] = {
		{"a.b.c", CS_FROM_LITERAL, "1", CS_REQUIRED},
		{"a.bc", CS_FROM_LITERAL, "2", CS_REQUIRED},
		{"ab.c", CS_FROM_LITERAL, "3", CS_REQUIRED},
		{0}};
	static const CsPair pairs[] = {
		{"subject", "s1"},
		{"name", "A \"b\""},
		{"loans", "[{\"amount\":1.50}]"},
		{"secret", "p&q=r s+"},
		{"document", "{\"a\":{\"b\":[1,2]}}"},
		{"broken", "{\"a\":"},
		{"deep", NINE NINE NINE NINE NINE NINE NINE NINE}};
	const CsArguments args = {.pairs = pairs, .npairs = COUNT(pairs)};
	CsTemplate template = {.path = "/t", .body = form, .form = true};
	CsRequest request = {0};
	CsError	  err;

	is_text(body_of(&template, &args, &request, &err),
			"grant_type=client_credentials&client%20secret=p%26q%3Dr%20s%2B",
			"a form");
	is_text(request.headers.data,
			"Accept: application/json\n"
			"Content-Type: application/x-www-form-urlencoded\n",
			"says that it is one");

	template = (CsTemplate){.path = "/t", .body = nested};
	is_text(
		body_of(&template, &args, &request, &err),
		"{\"id\":\"s1\",\"data\":{\"person\":{\"name\":\"A \\\"b\\\"\","
		"\"loans\":[{\"amount\":1.50}]},\"personal\":{\"captured\":\"x\"}},"
		"\"last\":\"y\"}",
		"a nested body");
	template = (CsTemplate){.path = "/t", .body = deep};
	is_text(body_of(&template, &args, &request, &err),
			"{\"a\":{\"b\":{\"c\":\"1\"},\"bc\":\"2\"},\"ab\":{\"c\":\"3\"}}",
			"names that begin alike are not the same");

	template = (CsTemplate){.path = "/t", .document = "document"};
	is_text(body_of(&template, &args, &request, &err), "{\"a\":{\"b\":[1,2]}}",
			"a document is the whole body");
	template = (CsTemplate){.path = "/t", .document = "broken"};
	ok(body_of(&template, &args, &request, &err) == NULL,
	   "what is no JSON is not sent");
	is_int(err.code, CS_ERR_ARGUMENT, "but an error of argument");
	is_text(err.message, "\"broken\" cannot be sent", "that names it");
	ok(strstr(err.detail, "byte offset") != NULL, "and says where");
	template = (CsTemplate){.path = "/t", .document = "deep"};
	ok(body_of(&template, &args, &request, &err) == NULL,
	   "what is nested too deeply is not sent");
	is_int(err.code, CS_ERR_ARGUMENT, "which is an error of argument, too");
	ok(strstr(err.detail, "64 levels") != NULL,
	   "that says how deep it may be");
	template = (CsTemplate){.path = "/t", .document = "absent"};
	ok(body_of(&template, &args, &request, &err) == NULL,
	   "nor is a document that is missing");
	template = (CsTemplate){.path = "/t"};
	ok(body_of(&template, &args, &request, &err) == NULL &&
		   strstr(request.headers.data, "Content-Type") == NULL,
	   "a request may have no body");
	cs_template_free(&request);
}

static void
test_pending(void)
{
	CsVerdict verdict = {.effective_status = 200};

	cs_verdict_pending(&verdict, "ref-1", 5000, "not ready (%s)", "x");
	is_int(verdict.code, CS_ERR_PROCESSING, "pending is neither answer");
	is_int(verdict.error.code, CS_ERR_PROCESSING, "nor another failure");
	is_text(verdict.error.message, "not ready (x)", "it says why");
	is_text(verdict.handle, "ref-1", "what to ask for again");
	is_int(verdict.ask_after_ms, 5000, "and when");
	is_int(verdict.effective_status, 202, "and stands for 202");
}

/* header {"alg":"none"}, the claims given, and a signature */
static void
test_jwt(void)
{
	static const struct
	{
		const char *token;
		bool		found;
		int64_t		exp;
	} cases[] = {
		/* {"exp":1700043200} */
		{"eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwNDMyMDB9.c2ln", true,
		 1700043200},
		/* {"exp":1700043200.5} */
		{"eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwNDMyMDAuNX0.c2ln", true,
		 1700043200},
		/* {"exp":"soon"} */
		{"a.eyJleHAiOiJzb29uIn0.c", false, 0},
		/* {"sub":1} */
		{"a.eyJzdWIiOjF9.c", false, 0},
		/* {"exp":-1} and {"exp":1e300} */
		{"a.eyJleHAiOi0xfQ.c", false, 0},
		{"a.eyJleHAiOjFlMzAwfQ.c", false, 0},
		/* [1] */
		{"a.WzFd.c", false, 0},
		{"a.!!!!.c", false, 0},
		{"a.eyJleHAiOjE3MDAwNDMyMDB9", false, 0},
		{"a.b.c.d", false, 0},
		{"..", false, 0},
		{"opaque", false, 0},
		{"", false, 0},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		int64_t exp = 0;

		is_int(cs_token_jwt_expiry(cases[i].token, &exp), cases[i].found,
			   "JWT %d: found", i);
		if (cases[i].found)
			is_int(exp, cases[i].exp, "JWT %d: exp", i);
	}
}

static void
test_tokens(void)
{
	char	text[CS_TOKEN_MAX + 2];
	CsToken token;
	CsError err;

	memset(text, 'a', sizeof(text));
	text[CS_TOKEN_MAX] = '\0';
	is_int(cs_token_set(&token, text, NULL, 1000, 60, &err), CS_OK,
		   "longest token");
	is_int(token.expires_at, 1060, "documented lifetime");
	text[CS_TOKEN_MAX] = 'a';
	text[CS_TOKEN_MAX + 1] = '\0';
	is_int(cs_token_set(&token, text, NULL, 1000, 60, &err), CS_FAIL,
		   "a longer one is refused");
	is_int(cs_token_set(&token, "a b", NULL, 0, 60, &err), CS_FAIL,
		   "a token with a space is refused");
	is_int(cs_token_set(&token, "a\r\nX: y", NULL, 0, 60, &err), CS_FAIL,
		   "a token with a line break is refused");
	is_int(cs_token_set(&token, "", NULL, 0, 60, &err), CS_FAIL,
		   "an empty token is refused");
	is_int(err.code, CS_ERR_NOT_UNDERSTOOD, "as not understood");
}

static void
test_statuses(void)
{
	static const struct
	{
		int			status;
		CsErrorCode code;
	} cases[] = {
		{401, CS_ERR_CREDENTIALS},	  {403, CS_ERR_CREDENTIALS},
		{413, CS_ERR_TOO_LARGE},	  {429, CS_ERR_RATE},
		{503, CS_ERR_UNAVAILABLE},	  {500, CS_ERR_UNKNOWN},
		{502, CS_ERR_UNKNOWN},		  {504, CS_ERR_UNKNOWN},
		{599, CS_ERR_UNKNOWN},		  {301, CS_ERR_NOT_UNDERSTOOD},
		{400, CS_ERR_NOT_UNDERSTOOD}, {404, CS_ERR_NOT_UNDERSTOOD},
		{418, CS_ERR_NOT_UNDERSTOOD}, {100, CS_ERR_NOT_UNDERSTOOD},
		{600, CS_ERR_NOT_UNDERSTOOD}, {0, CS_ERR_NOT_UNDERSTOOD},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		CsVerdict v;

		memset(&v, 0x5A, sizeof(v));
		cs_verdict_from_status(&cs_pngme, cases[i].status, NULL, &v);
		ok(v.code == cases[i].code && v.error.code == cases[i].code &&
			   v.effective_status == cases[i].status &&
			   v.error.message[0] != '\0' && v.error.detail[0] == '\0',
		   "status %d", cases[i].status);
	}
}

static void
test_words(void)
{
	static const struct
	{
		const char *body;
		const char *detail;
		const char *provider_code;
	} cases[] = {
		{"{\"detail\":\"no\"}", "Pngme says: no", ""},
		{"{\"message\":\"m\",\"error\":\"e\"}", "Pngme says: m", ""},
		{"{\"error\":\"Unauthorized\",\"error_description\":\"why\"}",
		 "Pngme says: why", ""},
		{"{\"error\":{\"message\":\"deep\"}}", "Pngme says: deep", ""},
		{"{\"error\":{\"unknown\":\"deep\"}}", "", ""},
		{"{\"message\":\"m\",\"errors\":[\"a\",{\"message\":\"b\"},5,null]}",
		 "Pngme says: m: a; b", ""},
		{"{\"errors\":[{\"message\":\"b\"}]}", "Pngme says: b", ""},
		{"{\"errors\":\"alone\"}", "Pngme says: alone", ""},
		{"{\"detail\":[{\"msg\":\"x\"},{\"msg\":\"y\"}]}", "Pngme says: x; y",
		 ""},
		{"\"plain\"", "Pngme says: plain", ""},
		{"{\"detail\":\"\",\"message\":\"m\"}", "Pngme says: m", ""},
		{"{\"code\":\"E17\"}", "Pngme gives the code E17.", "E17"},
		{"{\"code\":17,\"message\":\"m\"}", "Pngme says: m", "17"},
		{"{\"code\":\"254700123456\"}", "Pngme gives the code 254*******56.",
		 "254*******56"},
		{"{\"code\":\"has space\"}", "", ""},
		{"{\"message\":\"for 254700123456 no\"}",
		 "Pngme says: for 254*******56 no", ""},
		{"{\"message\":\"a\\nb\\u0007\"}", "Pngme says: a b ", ""},
		{"[1]", "", ""},
		{"5", "", ""},
		{"{}", "", ""},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		struct json_object *root;
		CsVerdict			v;
		CsError				err;

		cs_json_parse(cases[i].body, strlen(cases[i].body), &root, &err);
		cs_verdict_from_status(&cs_pngme, 400, root, &v);
		is_text(v.error.detail, cases[i].detail, "words of %s", cases[i].body);
		is_text(v.error.provider_code, cases[i].provider_code, "code of %s",
				cases[i].body);
		json_object_put(root);
	}
}

/* A long explanation is cut, but not within a number. */
static void
test_long_words(void)
{
	bool safe = true;

	for (int padding = 2000; padding < 2060; padding++)
	{
		CsBuf				body = {0};
		struct json_object *root;
		CsVerdict			v;
		CsError				err;

		/* One long token, which shrinks, brings the number into view. */
		cs_buf_puts(&body, "{\"message\":\"");
		for (int i = 0; i < padding - 14; i++)
			cs_buf_puts(&body, i % 2 ? "a" : "1");
		cs_buf_puts(&body, " and 254700123456 too\"}");
		cs_json_parse(body.data, body.len, &root, &err);
		cs_verdict_from_status(&cs_pngme, 400, root, &v);
		safe = safe && !has_long_number(v.error.detail) &&
			   strstr(v.error.detail, "2547") == NULL;
		json_object_put(root);
		cs_buf_free(&body);
	}
	ok(safe, "the cut leaves no half number");
}

static void
test_helpers(void)
{
	ok(cs_registry_check_path("/oauth/token") &&
		   !cs_registry_check_path("oauth") &&
		   !cs_registry_check_path("/a?b") &&
		   !cs_registry_check_path("/a#b") &&
		   !cs_registry_check_path("/a/../b") &&
		   !cs_registry_check_path("/a b") && !cs_registry_check_path(""),
	   "paths");
	ok(cs_text_is_visible("a~!") && !cs_text_is_visible("") &&
		   !cs_text_is_visible("a b") && !cs_text_is_visible("\xC3\xA9"),
	   "visible texts");
}

int
main(void)
{
	test_registry();
	test_templates();
	test_bodies();
	test_pending();
	test_jwt();
	test_tokens();
	test_statuses();
	test_words();
	test_long_words();
	test_helpers();
	return done_testing();
}
