/*
 * test_lenderlink.c
 *	  LenderLink: log-in, both request forms, and every reply.
 */
#include "provider/registry.h"

#include "payload.h"

#define MSISDN	   "639171234567"
#define REQUEST_ID "0b7e8f1a-52c6-4d7f-8a39-1f7de2a0c511"
#define JWT_EXP	   INT64_C(1700043200)

static const CsProvider *const provider = &cs_lenderlink;

static const CsPair	   older_options[] = {{"product_ids", "911;"},
										  {"token_path", "/oauth/token"},
										  {"score_path", "/api/v1/telco/score"},
										  {"client_id", "id-1"},
										  {"client_secret", "se\"cret"}};
static const CsPair	   newer_options[] = {{"product_ids", "CVSCR2;G;"},
										  {"score_path", "/score"}};
static const CsAccount older = {"https://h.example", older_options, 5};
static const CsAccount newer = {"https://h.example", newer_options, 2};

static void
test_options(void)
{
	static const struct
	{
		const char *value;
		bool		fits;
	} cases[] = {
		{"911;", true}, {"911;G;", true},	{"CVSCR2;", true},
		{"911", false}, {"911;;", false},	{";", false},
		{"", false},	{"911; G;", false}, {"911,G;", false},
	};
	const CsOption *option = provider->options;

	is_text(option->name, "product_ids", "first option");
	for (int i = 0; i < COUNT(cases); i++)
		is_int(option->check(cases[i].value), cases[i].fits,
			   "product_ids \"%s\"", cases[i].value);
}

static void
test_account(void)
{
	CsError	  err = {0};
	CsAccount account = {"", older_options, 4};

	is_int(cs_registry_check_account(provider, &older, &err), CS_OK,
		   "account is complete");
	is_int(cs_registry_check_account(provider, &account, &err), CS_FAIL,
		   "no secret");
	is_text(err.message, "user mapping lacks \"client_secret\"", "is named");
	is_int(err.code, CS_ERR_MAPPING_LACKS, "as an error of the mapping");
	account.npairs = 3;
	cs_registry_check_account(provider, &account, &err);
	is_text(err.message, "user mapping lacks \"client_id\"", "no id");
}

static void
test_login(void)
{
	static const LoginCase cases[] = {
		{"lenderlink/login", CS_ERR_NONE, NULL, JWT_EXP, NULL},
		{"lenderlink/login_opaque", CS_ERR_NONE, "opaque-token",
		 LOGIN_TIME + 3600, NULL},
		{"lenderlink/login_text_expiry", CS_ERR_NONE, NULL, LOGIN_TIME + 3600,
		 NULL},
		{"lenderlink/login_expires_at", CS_ERR_NONE, NULL, LOGIN_TIME + 3600,
		 NULL},
		{"lenderlink/login_expires_at_ms", CS_ERR_NONE, NULL,
		 LOGIN_TIME + 3600, NULL},
		{"lenderlink/login_no_expiry", CS_ERR_NONE, NULL, LOGIN_TIME + 86400,
		 NULL},
		{"lenderlink/login_bad_expiry", CS_ERR_NONE, NULL, LOGIN_TIME + 86400,
		 NULL},
		{"lenderlink/login_mac", CS_ERR_NOT_UNDERSTOOD, NULL, 0,
		 "no bearer token"},
		{"lenderlink/login_no_token", CS_ERR_NOT_UNDERSTOOD, NULL, 0,
		 "no access token"},
		{"lenderlink/login_empty_token", CS_ERR_NOT_UNDERSTOOD, NULL, 0, NULL},
		{"lenderlink/lac_array", CS_ERR_NOT_UNDERSTOOD, NULL, 0, NULL},
		{"lenderlink/lac_truncated", CS_ERR_NOT_UNDERSTOOD, NULL, 0, NULL},
	};
	CsRequest request = {0};
	CsError	  err;

	ok(provider->needs_login(&older), "a log-in is needed");
	provider->build_login(&older, &request, &err);
	is_int(request.method, CS_POST, "it is a POST");
	is_text(request.url.data, "https://h.example/oauth/token", "its URL");
	is_text(request.body.data,
			"{\"grant_type\":\"client_credentials\","
			"\"client_id\":\"id-1\",\"client_secret\":\"se\\\"cret\"}",
			"its body");
	cs_template_free(&request);
	check_logins(provider, &older, cases, COUNT(cases));
}

static void
test_subjects(const CsEndpoint *lac)
{
	static const SubjectCase cases[] = {
		{"639171234567", MSISDN, NULL},
		{"+63 917-123-4567", MSISDN, NULL},
		{"09171234567", MSISDN, NULL},
		{"9171234567", MSISDN, NULL},
		{"+63 (917) 123.4567", MSISDN, NULL},
		{"0063 917 1234567", MSISDN, NULL},
		{"630000000000", NULL, "Philippine"},
		{"63917123456", NULL, "Philippine"},
		{"6391712345678", NULL, NULL},
		{"0917123456", NULL, NULL},
		{"08171234567", NULL, NULL},
		{"8171234567", NULL, NULL},
		{"254700123456", NULL, NULL},
		{"63917123456x", NULL, NULL},
		{"", NULL, NULL},
	};

	check_subjects(lac, &older, cases, COUNT(cases));
}

static void
test_request(const CsEndpoint *lac, const CsArguments *args)
{
	CsRequest request = {0};
	CsError	  err;

	lac->build(&older, args, &request, &err);
	is_int(request.method, CS_POST, "a POST");
	is_text(request.url.data, "https://h.example/api/v1/telco/score", "URL");
	is_text(request.headers.data,
			"Accept: application/json\n"
			"Content-Type: application/json\n",
			"headers");
	is_text(request.body.data,
			"{\"mobileNumber\":\"" MSISDN "\","
			"\"productIds\":\"911;\",\"requestId\":\"" REQUEST_ID "\"}",
			"older form");
	cs_template_free(&request);
	lac->build(&newer, args, &request, &err);
	is_text(request.url.data, "https://h.example/score", "path by option");
	is_text(request.body.data,
			"{\"cellphoneNumber\":\"" MSISDN "\","
			"\"productIds\":\"CVSCR2;G;\",\"requestId\":\"" REQUEST_ID "\"}",
			"newer form");
	cs_template_free(&request);
}

static const ReplyCase replies[] = {
	{"lenderlink/lac_911", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_911", 201, CS_ERR_NONE, 201, NULL, NULL},
	{"lenderlink/lac_911_misprints", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_911_ptd_inside", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_911_ptd_beside", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_911_ptd_top", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_911_telco", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_911_named", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_cvscr2", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_cvscr2_no_request_id", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_finscore", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_no_code", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_empty_scores", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"lenderlink/lac_code_1000", 200, CS_ERR_SUBJECT, 404, "1000",
	 "cannot be scored"},
	{"lenderlink/lac_code_1111", 200, CS_ERR_UNKNOWN, 500, "1111",
	 "gives the code 1111"},
	{"lenderlink/lac_code_401", 200, CS_ERR_CREDENTIALS, 401, "401",
	 "Token Expired"},
	{"lenderlink/lac_code_other", 200, CS_ERR_NOT_UNDERSTOOD, 200, "2222",
	 "operation code is unknown"},
	{"lenderlink/lac_code_number", 200, CS_ERR_NOT_UNDERSTOOD, 200, "0",
	 "operation code is unknown"},
	{"lenderlink/lac_other_request", 200, CS_ERR_NOT_UNDERSTOOD, 200, "0000",
	 "another request"},
	{"lenderlink/lac_scores_text", 200, CS_ERR_NOT_UNDERSTOOD, 200, "0000",
	 "scores have"},
	{"lenderlink/lac_scores_number_entry", 200, CS_ERR_NOT_UNDERSTOOD, 200,
	 "0000", "scores have"},
	{"lenderlink/lac_scores_bad_pairs", 200, CS_ERR_NOT_UNDERSTOOD, 200,
	 "0000", "scores have"},
	{"lenderlink/lac_array", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, NULL},
	{"lenderlink/lac_truncated", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "byte offset 700"},
	{NULL, 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, "empty"},
	{"lenderlink/error_400_number", 400, CS_ERR_SUBJECT, 400, NULL,
	 "\"cellphoneNumber\" is required"},
	{"lenderlink/error_400_older_number", 400, CS_ERR_SUBJECT, 400, NULL,
	 NULL},
	{"lenderlink/error_400_number", 200, CS_ERR_SUBJECT, 400, NULL, NULL},
	{"lenderlink/error_400_products", 400, CS_ERR_NOT_UNDERSTOOD, 400, NULL,
	 "\"productIds\" is required"},
	{NULL, 400, CS_ERR_NOT_UNDERSTOOD, 400, NULL, NULL},
	{"lenderlink/error_401", 401, CS_ERR_CREDENTIALS, 401, NULL,
	 "Unauthorized"},
	{"lenderlink/error_401", 200, CS_ERR_CREDENTIALS, 401, NULL, NULL},
	{"lenderlink/error_403", 403, CS_ERR_CREDENTIALS, 403, NULL,
	 "Insufficient scope"},
	{"lenderlink/error_mega", 403, CS_ERR_CREDENTIALS, 403,
	 "PT_PRODUCT_NOT_ENTITLED", NULL},
	{"lenderlink/error_404", 404, CS_ERR_NOT_UNDERSTOOD, 404, NULL, NULL},
	{"lenderlink/error_404", 406, CS_ERR_NOT_UNDERSTOOD, 406, NULL, NULL},
	{"lenderlink/error_429", 429, CS_ERR_RATE, 429, NULL, NULL},
	{"lenderlink/error_500", 500, CS_ERR_UNKNOWN, 500, NULL,
	 "An internal server error occurred"},
	{"lenderlink/error_500", 502, CS_ERR_UNKNOWN, 502, NULL, NULL},
	{"lenderlink/error_500", 503, CS_ERR_UNAVAILABLE, 503, NULL, NULL},
	{"lenderlink/lac_911", 500, CS_ERR_UNKNOWN, 500, "0000", NULL},
};

int
main(void)
{
	static const CsPair pairs[] = {{"subject", MSISDN}};
	const CsArguments	args = {
		  .pairs = pairs, .npairs = 1, .request_id = REQUEST_ID};
	const CsEndpoint *lac = cs_registry_endpoint(provider, "lac");

	test_options();
	test_account();
	test_login();
	test_subjects(lac);
	test_request(lac, &args);
	check_replies(lac, &older, &args, replies, COUNT(replies));
	return done_testing();
}
