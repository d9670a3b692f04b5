/*
 * test_weza.c
 *	  Weza: log-in, requests of every endpoint, names of what exists, and every
 *	  reply.
 */
#include "provider/registry.h"
#include "provider/weza_id.h"

#include "payload.h"

#define APP		   "https://h.example/v1/projects/quiet-lake-204417/apps/loanhive"
#define BORROWER   "30417"
#define ACCOUNT	   "borrower:" BORROWER
#define ASSESSMENT "5d0c7a0e-1f0b-5f5e-9a61-3c1c5a7c2b10"
#define EVENT_ID \
	"Ym9ycm93ZXI6MzA0MTc7cGVyc29uYWxfZGF0YS5jYXB0dXJlZDsxNzcyNDM4NDAwMDAw"
#define EVENT_BEGIN \
	"{\"accountId\": \"" ACCOUNT \
	"\", \"eventType\": \"personal_data.captured\", "
#define EVENT \
	EVENT_BEGIN "\"timestamp\": \"2026-03-02T11:00:00+03:00\", \"data\": []}"

static const CsProvider *const provider = &cs_weza;

static const CsPair options[] = {
	{"project", "quiet-lake-204417"},
	{"app", "loanhive"},
	{"auth_url", "https://auth.example/v1/"},
	{"scope", "platform.lending"},
	{"assessment_type", "personal_credit_standard"},
	{"client_id", "id-1"},
	{"client_secret", "se&cret"},
};
static const CsAccount account = {"https://h.example/v1", options,
								  COUNT(options)};

static const CsEndpoint *
endpoint(const char *name)
{
	const CsEndpoint *found = cs_registry_endpoint(provider, name);

	if (!ok(found != NULL, "there is an endpoint %s", name))
		exit(1);
	return found;
}

static const CsOption *
option(const char *name)
{
	const CsOption *o = provider->options;

	while (strcmp(o->name, name) != 0)
		o++;
	return o;
}

static void
test_options(void)
{
	static const struct
	{
		const char *name;
		const char *value;
		bool		fits;
	} cases[] = {
		{"project", "random-chars-191382", true},
		{"project", "58c41651-72f2-5217-b774-471b083739aa", true},
		{"project", "a/b", false},
		{"project", "a b", false},
		{"project", "", false},
		{"app", "loanbee", true},
		{"app", "../x", false},
		{"app", "..", false},
		{"project", ".", false},
		{"scope", "platform", true},
		{"scope", "platform.lending:read", true},
		{"scope", "a\"b", false},
		{"scope", "", false},
		{"assessment_type", "personal_credit_standard", true},
		{"assessment_type", "assessmentTypes/personal_credit_standard", true},
		{"assessment_type", "two words", false},
	};

	for (int i = 0; i < COUNT(cases); i++)
		is_int(option(cases[i].name)->check(cases[i].value), cases[i].fits,
			   "%s \"%s\"", cases[i].name, cases[i].value);
	is_int(cs_registry_is_address(provider, "auth_url"), true,
		   "auth_url says where requests go");
	is_int(option("client_secret")->secret, true, "a secret is one");
}

static void
test_account(void)
{
	CsError	  err = {0};
	CsAccount some = account;

	is_int(cs_registry_check_account(provider, &account, &err), CS_OK,
		   "account is complete");
	some.npairs--;
	cs_registry_check_account(provider, &some, &err);
	is_text(err.message, "user mapping lacks \"client_secret\"",
			"a missing secret is named");
	some.npairs = 1;
	cs_registry_check_account(provider, &some, &err);
	is_text(err.message, "server option \"app\" is missing",
			"a missing option is named");
	is_int(err.code, CS_ERR_SERVER_LACKS, "as the server's");
}

static void
test_login(void)
{
	static const LoginCase cases[] = {
		{"weza/login", CS_ERR_NONE, "opaque-weza-token", 1700043200, NULL},
		{"weza/login_ms", CS_ERR_NONE, NULL, 1700043200, NULL},
		{"weza/login_no_expiry", CS_ERR_NONE, NULL, LOGIN_TIME + 86400, NULL},
		{"weza/login_no_token", CS_ERR_NOT_UNDERSTOOD, NULL, 0,
		 "no access token"},
	};
	CsRequest request = {0};
	CsError	  err;

	provider->build_login(&account, &request, &err);
	is_int(request.method, CS_POST, "log-in: a POST");
	is_text(request.url.data, "https://auth.example/v1/oauth2/token",
			"to a host of its own");
	is_text(request.headers.data,
			"Accept: application/json\n"
			"Content-Type: application/x-www-form-urlencoded\n",
			"as a form");
	is_text(request.body.data,
			"grant_type=client_credentials&client_id=id-1&"
			"client_secret=se%26cret&scope=platform.lending",
			"with its pairs");
	cs_template_free(&request);
	check_logins(provider, &account, cases, COUNT(cases));
}

/* --- subjects --- */

static void
test_subjects(void)
{
	static const SubjectCase accounts[] = {
		{ACCOUNT, ACCOUNT, NULL},		  {BORROWER, ACCOUNT, NULL},
		{"company:7", "company:7", NULL}, {"", NULL, "1 to 128"},
		{"borrower: 1", NULL, NULL},	  {"b\xc3\xb6rrower:1", NULL, NULL},
		{"..", NULL, "neither"},
	};
	static const SubjectCase borrowers[] = {
		{BORROWER, BORROWER, NULL}, {"a/b=c", "a/b=c", NULL},
		{"", NULL, NULL},			{"tw o", NULL, NULL},
		{".", NULL, "neither"},		{"..", NULL, "neither"},
		{"...", "...", NULL},
	};
	static const SubjectCase ids[] = {
		{EVENT_ID, EVENT_ID, NULL}, {"YQ==", "YQ==", NULL},
		{"", NULL, "1 to 255"},		{"a b", NULL, NULL},
		{"..", NULL, NULL},
	};

	check_subjects(endpoint("assessment_create"), &account, accounts,
				   COUNT(accounts));
	check_subjects(endpoint("borrower_update"), &account, borrowers,
				   COUNT(borrowers));
	check_subjects(endpoint("assessment"), &account, ids, COUNT(ids));
}

static void
test_long_subject(void)
{
	char	long_id[CS_SUBJECT_SIZE + 1];
	char	out[CS_SUBJECT_SIZE];
	CsError err;

	memset(long_id, 'x', sizeof(long_id));
	long_id[129] = '\0';
	is_int(
		endpoint("assessment_create")->normalise(&account, long_id, out, &err),
		CS_FAIL, "an account of 129 characters is refused");
	long_id[128] = '\0';
	is_int(
		endpoint("assessment_create")->normalise(&account, long_id, out, &err),
		CS_OK, "one of 128 is not");
	is_int((int) strlen(out), 137, "and is whole with its prefix");
	is_int(
		endpoint("assessment_create")->normalise(&account, out, long_id, &err),
		CS_OK, "as which it is accepted, too");
	is_int(endpoint("event_create")->normalise(&account, out, long_id, &err),
		   CS_OK, "also in an event");
}

/* --- requests --- */

typedef struct RequestCase
{
	const char *endpoint;
	CsPair		pairs[4];
	CsMethod	method;
	const char *url;
	const char *body; /* NULL: none */
} RequestCase;

static const RequestCase requests[] = {
	{"borrower_create",
	 {{"subject", BORROWER}, {"document", "{\"borrowerId\": \"30417\"}"}},
	 CS_POST,
	 APP "/borrowers",
	 "{\"borrowerId\": \"30417\"}"},
	{"borrower_update",
	 {{"subject", "a/b c"}, {"changes", "{\"loans\": []}"}},
	 CS_PATCH,
	 APP "/borrowers/a%2Fb%20c",
	 "{\"loans\": []}"},
	{"borrower",
	 {{"subject", BORROWER}},
	 CS_GET,
	 APP "/borrowers/" BORROWER,
	 NULL},
	{"event_create",
	 {{"subject", ACCOUNT}, {"document", EVENT}},
	 CS_POST,
	 APP "/events",
	 EVENT},
	{"event", {{"subject", "YQ=="}}, CS_GET, APP "/events/YQ%3D%3D", NULL},
	{"assessment_create",
	 {{"subject", ACCOUNT}, {"assessed_at", "2026-03-02T08:00:00Z"}},
	 CS_POST,
	 APP "/assessments",
	 "{\"accountId\":\"" ACCOUNT "\","
	 "\"assessmentType\":\"assessmentTypes/personal_credit_standard\","
	 "\"timestamp\":\"2026-03-02T08:00:00Z\"}"},
	{"assessment_create",
	 {{"subject", ACCOUNT},
	  {"assessment_type", "assessmentTypes/other"},
	  {"assessed_at", "2026-03-02T08:00:00Z"}},
	 CS_POST,
	 APP "/assessments",
	 "{\"accountId\":\"" ACCOUNT "\","
	 "\"assessmentType\":\"assessmentTypes/other\","
	 "\"timestamp\":\"2026-03-02T08:00:00Z\"}"},
	{"assessment",
	 {{"subject", "Ym9yOjE="}},
	 CS_GET,
	 APP "/assessments/Ym9yOjE%3D",
	 NULL},
	{"assessments",
	 {{"subject", ACCOUNT}},
	 CS_GET,
	 APP "/assessments?filter=accountId%3Aborrower%3A30417&pageSize=1000",
	 NULL},
	{"assessments",
	 {{"subject", ACCOUNT}, {"page_token", "a+b"}},
	 CS_GET,
	 APP "/assessments?filter=accountId%3Aborrower%3A30417&pageSize=1000&"
		 "pageToken=a%2Bb",
	 NULL},
	{"assessment_types",
	 {{"subject", "assessmentTypes"}},
	 CS_GET,
	 "https://h.example/v1/assessmentTypes?pageSize=1000",
	 NULL},
	{"assessment_types",
	 {{"subject", "assessmentTypes"}, {"page_token", "next"}},
	 CS_GET,
	 "https://h.example/v1/assessmentTypes?pageSize=1000&pageToken=next",
	 NULL},
};

static int
count_pairs(const CsPair *pairs)
{
	int n = 0;

	while (n < 4 && pairs[n].name != NULL)
		n++;
	return n;
}

static void
test_requests(void)
{
	for (int i = 0; i < COUNT(requests); i++)
	{
		const RequestCase *c = &requests[i];
		const CsArguments  args = {.pairs = c->pairs,
								   .npairs = count_pairs(c->pairs)};
		CsRequest		   request = {0};
		CsError			   err = {0};

		is_int(endpoint(c->endpoint)->build(&account, &args, &request, &err),
			   CS_OK, "%s is built", c->endpoint);
		is_int(request.method, c->method, "%s: method", c->endpoint);
		is_int(endpoint(c->endpoint)->method, c->method,
			   "%s: as the table says", c->endpoint);
		is_text(request.url.data, c->url, "%s: URL", c->endpoint);
		if (c->body != NULL)
			is_text(request.body.data, c->body, "%s: body", c->endpoint);
		else
			is_int((int) request.body.len, 0, "%s: no body", c->endpoint);
		is_int(strstr(request.headers.data, "Content-Type") != NULL,
			   c->body != NULL, "%s: its type", c->endpoint);
		cs_template_free(&request);
	}
}

static void
check_document(const char *name, const char *document, CsErrorCode code,
			   const char *says)
{
	const CsPair	  pairs[] = {{"subject", ACCOUNT}, {"document", document}};
	const CsArguments args = {.pairs = pairs, .npairs = 2};
	CsRequest		  request = {0};
	CsError			  err = {0};

	endpoint(name)->build(&account, &args, &request, &err);
	is_int(err.code, code, "%s of %.60s", name, document);
	ok(says == NULL || strstr(err.detail, says) != NULL, "says \"%s\"",
	   says ? says : "");
	cs_template_free(&request);
}

static void
test_documents(void)
{
	check_document("event_create", EVENT, CS_ERR_NONE, NULL);
	check_document("event_create", "[]", CS_ERR_ARGUMENT, "accountId");
	check_document("event_create", "{}", CS_ERR_ARGUMENT, "accountId");
	check_document("event_create", "{\"accountId\": 7}", CS_ERR_ARGUMENT,
				   "accountId");
	check_document("event_create", "{\"accountId\": \"a:1\"}", CS_ERR_ARGUMENT,
				   "personal_data.captured");
	check_document(
		"event_create",
		"{\"accountId\": \"a:1\", \"eventType\": \"personal_data.received\"}",
		CS_ERR_ARGUMENT, "personal_data.captured");
	check_document("event_create", EVENT_BEGIN "\"data\": []}",
				   CS_ERR_ARGUMENT, "timestamp");
	check_document("event_create",
				   EVENT_BEGIN
				   "\"timestamp\": \"2026-03-02T11:00:00\", \"data\": []}",
				   CS_ERR_ARGUMENT, "offset");
	check_document("event_create",
				   EVENT_BEGIN
				   "\"timestamp\": \"2026-03-02T11:00:00Z\", \"data\": {}}",
				   CS_ERR_ARGUMENT, "array");
	check_document("borrower_create", "nonsense", CS_ERR_ARGUMENT, NULL);
	check_document("event_create", "nonsense", CS_ERR_ARGUMENT, "byte offset");
}

/* Changes that are no object. */
static void
test_changes(void)
{
	static const char *const wrong[] = {"[]", "7", "null", "\"x\"", ""};

	for (int i = 0; i < COUNT(wrong); i++)
	{
		const CsPair pairs[] = {{"subject", BORROWER}, {"changes", wrong[i]}};
		const CsArguments args = {.pairs = pairs, .npairs = 2};
		CsRequest		  request = {0};
		CsError			  err = {0};

		is_int(endpoint("borrower_update")
				   ->build(&account, &args, &request, &err),
			   CS_FAIL, "changes \"%s\" are refused", wrong[i]);
		is_text(err.detail, "\"changes\" must be an object.", "and why");
		cs_template_free(&request);
	}
}

/* A document of so many bytes. */
static void
test_size(size_t len, CsErrorCode code)
{
	char *document = malloc(len + 1);

	if (document == NULL)
		exit(1);
	memset(document, ' ', len);
	memcpy(document, "{}", 2);
	document[len] = '\0';
	check_document("borrower_create", document, code,
				   code == CS_ERR_NONE ? NULL : "less than 5 MB");
	free(document);
}

/* --- ids --- */

static void
test_times(void)
{
	static const struct
	{
		const char *text;
		int64_t		ms; /* -1: none */
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2018-01-01T09:00:00.000Z", INT64_C(1514797200000)},
		{"2018-01-01T12:00:00+03:00", INT64_C(1514797200000)},
		{"2018-01-01T00:30:00-08:30", INT64_C(1514797200000)},
		{"2020-02-29t23:59:59.9876z", INT64_C(1583020799987)},
		{"2000-03-01 00:00:00.5+00:00", INT64_C(951868800500)},
		{"2400-02-29T00:00:00Z", INT64_C(13574563200000)},
		{"1969-12-31T23:59:59Z", -1000},
		{"2018-01-01T09:00:00", -1},
		{"2018-02-29T09:00:00Z", -1},
		{"1900-02-29T09:00:00Z", -1},
		{"2018-13-01T09:00:00Z", -1},
		{"2018-00-01T09:00:00Z", -1},
		{"2018-01-01T24:00:00Z", -1},
		{"2018-01-01T09:60:00Z", -1},
		{"2018-01-01T09:00:00.Z", -1},
		{"2018-01-01T09:00:00+3:00", -1},
		{"2018-01-01T09:00:00+0300", -1},
		{"2018-01-01T09:00:00Z ", -1},
		{"2018-01-01", -1},
		{"", -1},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		int64_t ms = -1;
		bool	read = cs_weza_id_time(cases[i].text, &ms);

		is_int(read ? ms : -1, cases[i].ms, "time \"%s\"", cases[i].text);
	}
}

static void
test_ids(void)
{
	char id[256];

	ok(cs_weza_id("borrower:10023", "personal_data.captured",
				  INT64_C(1514797200000), id, sizeof(id)),
	   "an id is made");
	is_text(id,
			"Ym9ycm93ZXI6MTAwMjM7cGVyc29uYWxfZGF0YS5jYXB0dXJlZDsxNTE0Nzk3MjAw"
			"MDAw",
			"as in the guide");
	ok(!cs_weza_id("borrower:10023", "credit", 0, id, 10),
	   "one that has no room is not");
}

static void
check_existing(const char *name, const CsPair *pairs, const char *of,
			   const char *expected)
{
	const CsArguments args = {.pairs = pairs, .npairs = 2};
	const CsEndpoint *create = endpoint(name);
	char			  out[CS_SUBJECT_SIZE] = "";
	CsError			  err;

	is_text(create->existing, of, "%s: what reads it", name);
	is_int(create->name_existing(&args, out, &err), CS_OK, "%s is named",
		   name);
	is_text(out, expected, "%s: by its id", name);
}

static void
test_existing(void)
{
	static const CsPair borrower[] = {{"subject", BORROWER},
									  {"document", "{}"}};
	static const CsPair event[] = {{"subject", ACCOUNT}, {"document", EVENT}};

	check_existing("borrower_create", borrower, "borrower", BORROWER);
	check_existing("event_create", event, "event", EVENT_ID);
	ok(endpoint("borrower_update")->existing == NULL,
	   "an update makes nothing");
}

/* --- replies --- */

#define REFUSED(what) \
	{NULL, 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, "empty"}, \
		{"weza/error_400",		 400, CS_ERR_SUBJECT, 400, NULL, \
		 what " is not accepted"}, \
		{"weza/error_401",		   401, CS_ERR_CREDENTIALS, 401, NULL, \
		 "access token is invalid"}, \
		{"weza/error_401", 403, CS_ERR_CREDENTIALS, 403, NULL, NULL}, \
		{"weza/error_409",		409, CS_ERR_SUBJECT, 409, NULL, \
		 what " exists already"}, \
		{"weza/error_409", 413, CS_ERR_TOO_LARGE, 413, NULL, NULL}, \
		{"weza/error_422", \
		 422, \
		 CS_ERR_SUBJECT, \
		 422, \
		 NULL, \
		 "principalAmount must be greater"}, \
		{"weza/error_409", 429, CS_ERR_RATE, 429, NULL, NULL}, \
		{"weza/error_409", 500, CS_ERR_UNKNOWN, 500, NULL, NULL}, \
	{ \
		"weza/error_409", 503, CS_ERR_UNAVAILABLE, 503, NULL, NULL \
	}

#define REFUSALS(what) \
	REFUSED(what), \
	{ \
		"weza/error_409", 404, CS_ERR_SUBJECT, 404, NULL, what " is unknown" \
	}

/* Nothing has to be there to make something in. */
#define CREATE_REFUSALS(what) \
	REFUSED(what), \
	{ \
		"weza/error_409", 404, CS_ERR_SERVER_REFUSED, 404, NULL, \
			"project or app is unknown" \
	}

static const ReplyCase borrower_replies[] = {
	{"weza/borrower", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/borrower", 201, CS_ERR_NONE, 201, NULL, NULL},
	{"weza/borrower_other", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "another subject"},
	{"weza/borrower_nameless", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "names nothing"},
	{"weza/types", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, "names nothing"},
	REFUSALS("borrower"),
};

static const ReplyCase borrower_create_replies[] = {
	{"weza/borrower", 201, CS_ERR_NONE, 201, NULL, NULL},
	{"weza/borrower_other", 201, CS_ERR_NOT_UNDERSTOOD, 201, NULL,
	 "another subject"},
	CREATE_REFUSALS("borrower"),
};

static const ReplyCase event_create_replies[] = {
	{"weza/event", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/event", 201, CS_ERR_NONE, 201, NULL, NULL},
	{"weza/event_other", 201, CS_ERR_NOT_UNDERSTOOD, 201, NULL,
	 "another subject"},
	CREATE_REFUSALS("event"),
};

static const ReplyCase event_replies[] = {
	{"weza/event", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/event_other", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "another subject"},
	REFUSALS("event"),
};

static const ReplyCase create_replies[] = {
	{"weza/assessment_created", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/assessment_pending", 201, CS_ERR_NONE, 201, NULL, NULL},
	{"weza/assessment_done", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/assessment_no_id", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "no assessmentId"},
	{"weza/assessment_other", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "another subject"},
	CREATE_REFUSALS("assessment"),
};

static const ReplyCase assessment_replies[] = {
	{"weza/assessment_done", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/assessment_failed_result", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/assessment_empty_result", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/assessment_pending", 200, CS_ERR_PROCESSING, 202, NULL,
	 "still being processed"},
	{"weza/assessment_created", 200, CS_ERR_PROCESSING, 202, NULL, NULL},
	{"weza/assessment_no_status", 200, CS_ERR_PROCESSING, 202, NULL, NULL},
	{"weza/assessment_failed", 200, CS_ERR_SUBJECT, 200, NULL,
	 "processed with errors"},
	{"weza/assessment_text_result", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "no object"},
	{"weza/assessment_other", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "another subject"},
	REFUSALS("assessment"),
};

static const ReplyCase list_replies[] = {
	{"weza/list", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/types", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, "no list"},
	{"weza/error_409", 404, CS_ERR_NOT_UNDERSTOOD, 404, NULL, NULL},
};

static const ReplyCase types_replies[] = {
	{"weza/types", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/types_first", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/types_last", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"weza/types_no_list", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, "no list"},
	{"weza/types_odd_token", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "nextPageToken"},
	{"weza/error_401", 401, CS_ERR_CREDENTIALS, 401, NULL, NULL},
};

#define CHECK(name, about, cases) check(name, about, cases, COUNT(cases))

static void
check(const char *name, const char *subject, const ReplyCase *cases, int n)
{
	const CsPair	  pairs[] = {{"subject", subject}};
	const CsArguments args = {.pairs = pairs, .npairs = 1};

	check_replies(endpoint(name), &account, &args, cases, n);
}

/* What is pending says under which name, and when to ask again. */
static void
test_pending(void)
{
	const CsPair	  pairs[] = {{"subject", ASSESSMENT}};
	const CsArguments args = {.pairs = pairs, .npairs = 1};
	CsVerdict		  v;

	classify_payload(endpoint("assessment"), &account, &args,
					 "weza/assessment_pending", 200, &v);
	is_text(v.handle, ASSESSMENT, "the handle of a pending assessment");
	is_int(v.ask_after_ms, 2000, "is asked for after two seconds");
}

/* What has ended without an answer is not what cannot be seen yet. */
static void
test_over(void)
{
	const CsPair	  pairs[] = {{"subject", ASSESSMENT}};
	const CsArguments args = {.pairs = pairs, .npairs = 1};
	CsVerdict		  v;

	classify_payload(endpoint("assessment"), &account, &args,
					 "weza/assessment_failed", 200, &v);
	is_int(v.over, true, "an assessment that failed is over");
	classify_payload(endpoint("assessment"), &account, &args, "weza/error_409",
					 404, &v);
	is_int(v.over, false, "one that is not there is not");
}

/* Only the creation of an assessment is paid for. */
static void
test_fees(void)
{
	for (const CsEndpoint *e = provider->endpoints; e->name != NULL; e++)
		is_int(e->fee == CS_FEE_CALL,
			   strcmp(e->name, "assessment_create") == 0, "%s: is it billed?",
			   e->name);
}

int
main(void)
{
	test_options();
	test_account();
	test_login();
	test_subjects();
	test_long_subject();
	test_requests();
	test_documents();
	test_changes();
	test_size(4999999, CS_ERR_NONE);
	test_size(5000000, CS_ERR_ARGUMENT);
	test_times();
	test_ids();
	test_existing();
	CHECK("borrower_create", BORROWER, borrower_create_replies);
	CHECK("borrower_update", BORROWER, borrower_replies);
	CHECK("borrower", BORROWER, borrower_replies);
	CHECK("event_create", ACCOUNT, event_create_replies);
	CHECK("event", EVENT_ID, event_replies);
	CHECK("assessment_create", ACCOUNT, create_replies);
	CHECK("assessment", ASSESSMENT, assessment_replies);
	CHECK("assessments", ACCOUNT, list_replies);
	CHECK("assessment_types", "assessmentTypes", types_replies);
	test_pending();
	test_over();
	test_fees();
	return done_testing();
}
