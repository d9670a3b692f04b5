/*
 * test_pngme.c
 *	  Pngme: credentials, log-in, the decision and every reply to it.
 */
#include "provider/registry.h"

#include "payload.h"

#define PHONE	"254123456789"
#define JWT_EXP INT64_C(1700043200)

static const CsProvider *const provider = &cs_pngme;

static void
test_options(void)
{
	static const struct
	{
		const char *option;
		const char *value;
		bool		fits;
	} cases[] = {
		{"country", "nigeria", true},		  {"country", "kenya", true},
		{"country", "Kenya", false},		  {"country", "ke", false},
		{"country", "kenya/x", false},		  {"country", "", false},
		{"email", "svc@acme.example", true},  {"email", "svc", false},
		{"email", "a:b@acme.example", false}, {"email", "a b@c", false},
		{"api_token", "eyJh.e30.x", true},	  {"api_token", "a b", false},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		const CsOption *o = provider->options;

		while (strcmp(o->name, cases[i].option) != 0)
			o++;
		is_int(o->check(cases[i].value), cases[i].fits, "%s \"%s\"",
			   cases[i].option, cases[i].value);
	}
}

static void
test_account(void)
{
	static const struct
	{
		CsPair		pairs[4];
		CsErrorCode code;
		const char *says;
	} cases[] = {
		{{{"country", "kenya"}, {"email", "a@b.example"}, {"password", "p"}},
		 CS_ERR_NONE,
		 NULL},
		{{{"country", "kenya"}, {"api_token", "t"}}, CS_ERR_NONE, NULL},
		{{{"email", "a@b.example"}, {"password", "p"}},
		 CS_ERR_SERVER_LACKS,
		 "server option \"country\" is missing"},
		{{{"country", "kenya"}},
		 CS_ERR_MAPPING_LACKS,
		 "user mapping lacks credentials"},
		{{{"country", "kenya"}, {"email", "a@b.example"}},
		 CS_ERR_MAPPING_LACKS,
		 "user mapping lacks \"password\""},
		{{{"country", "kenya"}, {"password", "p"}},
		 CS_ERR_MAPPING_LACKS,
		 "user mapping lacks \"email\""},
		{{{"country", "kenya"}, {"email", "a:b@c"}, {"password", "p"}},
		 CS_ERR_MAPPING_VALUE,
		 "credential \"email\" is no e-mail address"},
		{{{"country", "kenya"}, {"api_token", "a\nb"}},
		 CS_ERR_MAPPING_VALUE,
		 "credential \"api_token\" cannot be sent"},
		{{{"country", "kenya"}, {"api_token", ""}},
		 CS_ERR_MAPPING_LACKS,
		 "user mapping lacks \"api_token\""},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		CsAccount account = {"https://h.example", cases[i].pairs, 0};
		CsError	  err = {0};

		while (cases[i].pairs[account.npairs].name != NULL)
			account.npairs++;
		is_int(cs_registry_check_account(provider, &account, &err),
			   cases[i].code == CS_ERR_NONE ? CS_OK : CS_FAIL,
			   "account %d: status", i);
		is_int(err.code, cases[i].code, "account %d: error", i);
		if (cases[i].says != NULL)
			is_text(err.message, cases[i].says, "account %d: message", i);
	}
}

static void
test_login(void)
{
	static const CsPair one[] = {{"environment", "production"},
								 {"email", "svc@acme.example"},
								 {"password", "p:\xC3\xA9"}};
	static const CsPair fixed[] = {{"api_token", "t-1"}};
	const CsAccount		account = {"https://h.example/beta", one, 3};
	const CsAccount		fixed_account = {"https://h.example", fixed, 1};
	const CsAccount		empty = {"https://h.example", NULL, 0};
	CsBuf				headers = {0};
	CsRequest			request = {0};
	CsError				err;

	ok(provider->needs_login(&account),
	   "e-mail address and password need a log-in");
	ok(!provider->needs_login(&fixed_account), "a token does not");
	is_int(provider->put_credentials(&fixed_account, &headers, &err), CS_OK,
		   "it goes into a header");
	is_text(headers.data, "Authorization: Bearer t-1\n", "it is the token");
	cs_buf_free(&headers);
	is_int(provider->put_credentials(&empty, &headers, &err), CS_FAIL,
		   "no header without a token");
	cs_buf_free(&headers);

	provider->build_login(&account, &request, &err);
	is_int(request.method, CS_GET, "log-in is a GET");
	is_text(request.url.data, "https://h.example/beta/auth", "its URL");
	is_text(request.headers.data,
			"Accept: application/json\nAuthorization: "
			"Basic c3ZjQGFjbWUuZXhhbXBsZTpwOsOp\n",
			"its headers");
	ok(request.body.len == 0, "no body");
	cs_template_free(&request);
	is_int(provider->build_login(&empty, &request, &err), CS_FAIL,
		   "no log-in without credentials");
	cs_template_free(&request);
}

static void
test_login_replies(void)
{
	static const CsPair	   acme[] = {{"organization", "acme"},
									 {"environment", "production"}};
	static const CsPair	   test[] = {{"organization", "acme"},
									 {"environment", "test"}};
	static const CsPair	   absent[] = {{"organization", "nobody"}};
	static const LoginCase one_cases[] = {
		{"pngme/login_one", CS_ERR_NONE, NULL, JWT_EXP, NULL},
		{"pngme/login_several", CS_ERR_SERVER_REFUSED, NULL, 0,
		 "belongs to 2 organizations; the server option \"organization\""},
		{"pngme/login_empty", CS_ERR_CREDENTIALS, NULL, 0, "0 organizations"},
		{"pngme/login_object", CS_ERR_NOT_UNDERSTOOD, NULL, 0, NULL},
		{"pngme/login_null", CS_ERR_NOT_UNDERSTOOD, NULL, 0, "is no object"},
		{"pngme/login_no_token", CS_ERR_SERVER_REFUSED, NULL, 0,
		 "\"acme\" has no API token for environment \"production\""},
		{"pngme/login_control_token", CS_ERR_NOT_UNDERSTOOD, NULL, 0,
		 "cannot be used"},
		{"pngme/decision_truncated", CS_ERR_NOT_UNDERSTOOD, NULL, 0, NULL},
	};
	static const LoginCase acme_cases[] = {
		{"pngme/login_one", CS_ERR_NONE, NULL, JWT_EXP, NULL},
		{"pngme/login_several", CS_ERR_NONE, NULL, JWT_EXP, NULL},
		{"pngme/login_odd", CS_ERR_SERVER_REFUSED, NULL, 0,
		 "environment \"production\""},
		{"pngme/login_empty", CS_ERR_SERVER_REFUSED, NULL, 0,
		 "no organization \"acme\""},
	};
	static const LoginCase test_cases[] = {
		{"pngme/login_several", CS_ERR_NONE, "test-token", LOGIN_TIME + 43200,
		 NULL},
	};
	static const LoginCase absent_cases[] = {
		{"pngme/login_one", CS_ERR_SERVER_REFUSED, NULL, 0,
		 "no organization \"nobody\""},
	};
	CsAccount account = {"https://h.example", NULL, 0};

	check_logins(provider, &account, one_cases, COUNT(one_cases));
	account = (CsAccount){"", acme, 2};
	check_logins(provider, &account, acme_cases, COUNT(acme_cases));
	account = (CsAccount){"", test, 2};
	check_logins(provider, &account, test_cases, COUNT(test_cases));
	account = (CsAccount){"", absent, 1};
	check_logins(provider, &account, absent_cases, COUNT(absent_cases));
}

static void
test_subjects(const CsEndpoint *decision)
{
	static const SubjectCase cases[] = {
		{"254123456789", "254123456789", NULL},
		{"+254 123-456-789", "254123456789", NULL},
		{"0712345678", "254712345678", NULL},
		{"712345678", "254712345678", NULL},
		{"2540712345678", NULL, "9 digits behind the country code 254"},
		{"25471234567", NULL, "this one has 11 in all"},
		{"2348012345678", NULL, "Kenyan"},
		{"254 123 abc 789", NULL, NULL},
		{"", NULL, "no digits"},
		{"254123456789\n", NULL, NULL},
	};
	static const CsPair options[] = {{"country", "kenya"}};
	const CsAccount		kenya = {"https://h.example", options, 1};

	check_subjects(decision, &kenya, cases, COUNT(cases));
}

static void
test_request(const CsEndpoint *decision)
{
	static const CsPair options[] = {{"country", "nigeria"}};
	static const CsPair pairs[] = {{"subject", PHONE},
								   {"utc_endtime", "2023-11-17T00:00:00"}};
	const CsAccount		account = {"https://api.pngme.com/beta", options, 1};
	CsArguments			args = {.pairs = pairs, .npairs = 1};
	CsRequest			request = {0};
	CsError				err;

	decision->build(&account, &args, &request, &err);
	is_int(request.method, CS_GET, "decision is a GET");
	is_text(request.url.data,
			"https://api.pngme.com/beta/nigeria/decision"
			"?phone_number=" PHONE,
			"URL without a time");
	is_text(request.headers.data, "Accept: application/json\n", "headers");
	cs_template_free(&request);
	args.npairs = 2;
	decision->build(&account, &args, &request, &err);
	is_text(request.url.data,
			"https://api.pngme.com/beta/nigeria/decision"
			"?phone_number=" PHONE "&utc_endtime=2023-11-17T00%3A00%3A00",
			"URL with a time");
	cs_template_free(&request);
}

static const ReplyCase replies[] = {
	{"pngme/decision_full", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"pngme/decision_young", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"pngme/decision_null_score", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"pngme/decision_recency_inside", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"pngme/decision_score_only", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"pngme/decision_number_phone", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"pngme/decision_exact_numbers", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"pngme/decision_other_user", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "another subject"},
	{"pngme/decision_score_text", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "risk_score"},
	{"pngme/decision_score_above_one", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "risk_score"},
	{"pngme/decision_score_negative", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "risk_score"},
	{"pngme/decision_features_list", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "features are not"},
	{"pngme/decision_user_text", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "user is not"},
	{"pngme/decision_no_fields", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "has no risk_score"},
	{"pngme/decision_empty_object", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 NULL},
	{"pngme/decision_array", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "not an object"},
	{"pngme/decision_truncated", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "the end of the text too early at byte offset 2000"},
	{"pngme/error_html", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, NULL},
	{NULL, 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, "empty"},
	{NULL, 204, CS_ERR_NOT_UNDERSTOOD, 204, NULL, NULL},
	{"pngme/decision_full", 202, CS_ERR_NOT_UNDERSTOOD, 202, NULL,
	 "status is not 200"},
	{"pngme/error_detail", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, NULL},
	{"pngme/error_detail", 400, CS_ERR_SUBJECT, 400, NULL,
	 "Pngme says: Invalid parameters or insufficient data"},
	{"pngme/error_detail_list", 422, CS_ERR_SUBJECT, 422, NULL,
	 "no user with 254*******89; invalid datetime format"},
	{"pngme/error_message", 404, CS_ERR_SUBJECT, 404, NULL, NULL},
	{NULL, 404, CS_ERR_SUBJECT, 404, NULL, NULL},
	{"pngme/error_message", 401, CS_ERR_CREDENTIALS, 401, NULL,
	 "Not authenticated"},
	{"pngme/error_text", 403, CS_ERR_CREDENTIALS, 403, NULL, "Not authorized"},
	{"pngme/error_message", 413, CS_ERR_TOO_LARGE, 413, NULL, NULL},
	{"pngme/error_message", 429, CS_ERR_RATE, 429, NULL, NULL},
	{"pngme/error_html", 500, CS_ERR_UNKNOWN, 500, NULL, NULL},
	{"pngme/error_html", 502, CS_ERR_UNKNOWN, 502, NULL, NULL},
	{"pngme/error_html", 503, CS_ERR_UNAVAILABLE, 503, NULL, NULL},
	{"pngme/error_html", 504, CS_ERR_UNKNOWN, 504, NULL, NULL},
	{"pngme/decision_full", 500, CS_ERR_UNKNOWN, 500, NULL, NULL},
	{"pngme/error_message", 302, CS_ERR_NOT_UNDERSTOOD, 302, NULL, NULL},
	{"pngme/error_message", 409, CS_ERR_NOT_UNDERSTOOD, 409, NULL, NULL},
};

int
main(void)
{
	static const CsPair pairs[] = {{"subject", PHONE}};
	const CsArguments	args = {.pairs = pairs, .npairs = 1};
	const CsEndpoint   *decision = cs_registry_endpoint(provider, "decision");

	test_options();
	test_account();
	test_login();
	test_login_replies();
	test_subjects(decision);
	test_request(decision);
	check_replies(decision, NULL, &args, replies, COUNT(replies));
	return done_testing();
}
