/*
 * test_patascore.c
 *	  Patascore: upload and report, every nesting and every refusal.
 */
#include "provider/registry.h"

#include "payload.h"

#define REF			"22050643-73b9-4eec-ac73-4572d643ac1c"
#define NATIONAL_ID "28456719"

static const CsProvider *const provider = &cs_patascore;

static const CsPair	   options[] = {{"api_key", "key-1"},
									{"auth_header", "Authentication"}};
static const CsAccount account = {"https://h.example", options, 2};
static const CsAccount plain_account = {"https://h.example", options, 1};

static const CsPair upload_pairs[] = {
	{"subject", NATIONAL_ID},
	{"file_name", "MPESA \"x\".pdf"},
	{"passcode", "123\\456"},
	{"statement_type", "till_statement"},
	{"callback_url", "https://lender.example/cb?a=1"}};

static void
test_account(void)
{
	static const CsPair broken[] = {{"api_key", "a\r\nb"}};
	const CsAccount		none = {"", NULL, 0};
	const CsAccount		unfit = {"", broken, 1};
	const CsOption	   *header = provider->options;
	CsError				err = {0};

	is_int(cs_registry_check_account(provider, &account, &err), CS_OK,
		   "account");
	is_int(cs_registry_check_account(provider, &none, &err), CS_FAIL,
		   "no key");
	is_text(err.message, "user mapping lacks \"api_key\"", "is named");
	is_int(cs_registry_check_account(provider, &unfit, &err), CS_FAIL,
		   "unfit key");
	is_int(err.code, CS_ERR_MAPPING_VALUE, "is an error of the mapping");
	is_text(header->name, "auth_header", "first option");
	ok(header->check("X-Api_Key!") && !header->check("") &&
		   !header->check("A:") && !header->check("A b"),
	   "header names");
}

static void
test_subjects(const CsEndpoint *report, const CsEndpoint *upload)
{
	static char				 long_ref[130];
	static const SubjectCase refs[] = {
		{REF, REF, NULL},
		{" R_1.x-2 ", "R_1.x-2", NULL},
		{"", NULL, NULL},
		{"a b", NULL, NULL},
		{"a&b=c", NULL, NULL},
		{"caf\xC3\xA9", NULL, NULL},
		{long_ref, NULL, "1 to 128"},
	};
	static const SubjectCase ids[] = {
		{NATIONAL_ID, NATIONAL_ID, NULL},
		{"A1/234-5", "A1/234-5", NULL},
		{"", NULL, NULL},
		{"12 34 56", NULL, NULL},
		{long_ref, NULL, NULL},
	};

	memset(long_ref, 'a', sizeof(long_ref) - 1);
	check_subjects(report, &account, refs, COUNT(refs));
	check_subjects(upload, &account, ids, COUNT(ids));
}

/* The account's header, which is put beside those of each request. */
static void
test_credentials(void)
{
	CsBuf	headers = {0};
	CsError err;

	provider->put_credentials(&account, &headers, &err);
	is_text(headers.data, "Authentication: Bearer key-1\n",
			"the key in the header of the option");
	cs_buf_free(&headers);
	provider->put_credentials(&plain_account, &headers, &err);
	is_text(headers.data, "Authorization: Bearer key-1\n",
			"header without the option");
	cs_buf_free(&headers);
}

static void
test_report_request(const CsEndpoint *report, const CsArguments *args)
{
	CsRequest request = {0};
	CsError	  err;

	report->build(&account, args, &request, &err);
	is_int(request.method, CS_GET, "report is a GET");
	is_text(request.url.data,
			"https://h.example/api/v1/statements/mpesa/"
			"report?ref_id=" REF,
			"its URL");
	is_text(request.headers.data, "Accept: application/json\n", "its headers");
	cs_template_free(&request);
}

static void
test_upload_request(const CsEndpoint *upload)
{
	CsArguments args = {upload_pairs, 5, "id-1", "%PDF-1.4", 8};
	CsRequest	request = {0};
	CsError		err;

	is_int(upload->build(&account, &args, &request, &err), CS_OK, "upload");
	is_int(request.method, CS_POST, "is a POST");
	is_text(request.url.data,
			"https://h.example/api/v1/statements/mpesa/upload", "its URL");
	is_text(request.headers.data,
			"Accept: application/json\n"
			"Content-Type: application/json\n",
			"its headers");
	is_text(request.body.data,
			"{\"national_id\":\"" NATIONAL_ID "\","
			"\"file\":\"JVBERi0xLjQ=\",\"file_name\":\"MPESA \\\"x\\\".pdf\","
			"\"callback_url\":\"https://lender.example/cb?a=1\","
			"\"statement_type\":\"till_statement\","
			"\"passcode\":\"123\\\\456\"}",
			"its body");
	cs_template_free(&request);
	args.npairs = 4;
	upload->build(&account, &args, &request, &err);
	ok(strstr(request.body.data, "\"callback_url\":\"\"") != NULL,
	   "callback_url is sent empty when there is none");
	cs_template_free(&request);
}

static void
test_upload_refusals(const CsEndpoint *upload)
{
	static const struct
	{
		int			pair; /* index, or -1: the file */
		const char *value;
		const char *message;
	} cases[] = {
		{1, NULL, "missing argument \"file_name\""},
		{1, "", "malformed argument \"file_name\""},
		{1, "a/b.pdf", "malformed argument \"file_name\""},
		{1, "a\nb.pdf", "malformed argument \"file_name\""},
		{2, NULL, "missing argument \"passcode\""},
		{2, "", "malformed argument \"passcode\""},
		{3, NULL, "missing argument \"statement_type\""},
		{3, "statement", "malformed argument \"statement_type\""},
		{4, "ftp://h/", "malformed argument \"callback_url\""},
		{4, "https://h/a b", "malformed argument \"callback_url\""},
		{-1, "", "statement file is empty"},
		{-1, "%PD", "statement file is not a PDF"},
		{-1, "PK\x03\x04 and more", "statement file is not a PDF"},
	};
	char *huge = calloc(1, 20 * 1024 * 1024 + 1);

	for (int i = 0; i <= COUNT(cases) + 1; i++)
	{
		CsPair		pairs[5];
		CsArguments args = {pairs, 5, "id-1", "%PDF-1.4", 8};
		const char *message = NULL;
		CsRequest	request = {0};
		CsError		err = {0};

		memcpy(pairs, upload_pairs, sizeof(pairs));
		if (i >= COUNT(cases))
		{
			memcpy(huge, "%PDF", 4);
			args.file = huge;
			args.file_len = 20 * 1024 * 1024 + (i == COUNT(cases) ? 1 : 0);
			message = i == COUNT(cases) ? "statement file is too large" : "";
		}
		else
		{
			message = cases[i].message;
			if (cases[i].pair >= 0)
				pairs[cases[i].pair].value = cases[i].value;
			else
			{
				args.file = cases[i].value;
				args.file_len = strlen(cases[i].value);
			}
		}
		upload->build(&account, &args, &request, &err);
		is_text(err.message, message, "upload %d: message", i);
		is_int(err.code, *message ? CS_ERR_ARGUMENT : CS_ERR_NONE,
			   "upload %d: error", i);
		cs_template_free(&request);
	}
	free(huge);
}

static const ReplyCase reports[] = {
	{"patascore/report_object", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_list", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_nested", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_nested_list", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_fraud_on_top", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_score_output", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_no_score", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_no_envelope", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_duplicate_trend", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_own_reference", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/report_other_reference", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "another subject"},
	{"patascore/report_two_persons", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "several persons"},
	{"patascore/report_two_nested", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "several persons"},
	{"patascore/report_only_fraud", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "no report"},
	{"patascore/report_score_text", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "no report"},
	{"patascore/empty_data", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "no report"},
	{"patascore/failed_message", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "Error processing statement"},
	{"patascore/report_as_printed", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 "an unexpected character"},
	{"patascore/report_truncated", 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL,
	 NULL},
	{NULL, 200, CS_ERR_NOT_UNDERSTOOD, 200, NULL, "empty"},
	{"patascore/pending_202", 202, CS_ERR_PROCESSING, 202, NULL, NULL},
	{"patascore/pending_202", 200, CS_ERR_PROCESSING, 202, NULL, NULL},
	{NULL, 202, CS_ERR_PROCESSING, 202, NULL, NULL},
	{"patascore/pending_message", 200, CS_ERR_PROCESSING, 202, NULL,
	 "Extraction in progress"},
	{"patascore/pending_absent", 200, CS_ERR_PROCESSING, 202, NULL, NULL},
	{"patascore/pending_no_score", 200, CS_ERR_PROCESSING, 202, NULL, NULL},
	{"patascore/envelope_404", 200, CS_ERR_SUBJECT, 404, NULL,
	 "Statement not found"},
	{"patascore/envelope_401", 200, CS_ERR_CREDENTIALS, 401, NULL, NULL},
	{"patascore/envelope_500", 200, CS_ERR_UNKNOWN, 500, NULL, NULL},
	{"patascore/envelope_404", 500, CS_ERR_UNKNOWN, 500, NULL, NULL},
	{"patascore/report_object", 404, CS_ERR_SUBJECT, 404, NULL, NULL},
	{"patascore/error_validation", 400, CS_ERR_SUBJECT, 400, NULL,
	 "one or more arguments: channel: Channel is mandatory"},
	{"patascore/error_validation", 422, CS_ERR_SUBJECT, 422, NULL, NULL},
	{"patascore/envelope_401", 401, CS_ERR_CREDENTIALS, 401, NULL, NULL},
	{"patascore/envelope_401", 403, CS_ERR_CREDENTIALS, 403, NULL, NULL},
	{NULL, 429, CS_ERR_RATE, 429, NULL, NULL},
	{NULL, 503, CS_ERR_UNAVAILABLE, 503, NULL, NULL},
};

static const ReplyCase uploads[] = {
	{"patascore/upload", 200, CS_ERR_NONE, 202, NULL, NULL},
	{"patascore/upload", 202, CS_ERR_NONE, 202, NULL, NULL},
	{"patascore/upload_200", 200, CS_ERR_NONE, 200, NULL, NULL},
	{"patascore/upload_no_reference", 202, CS_ERR_NOT_UNDERSTOOD, 202, NULL,
	 "no reference_id"},
	{"patascore/upload_number_reference", 202, CS_ERR_NOT_UNDERSTOOD, 202,
	 NULL, NULL},
	{NULL, 202, CS_ERR_NOT_UNDERSTOOD, 202, NULL, NULL},
	{"patascore/upload_fraud", 400, CS_ERR_SUBJECT, 400, NULL,
	 "Fraud flags detected: Author is not available; Creation Date is not "
	 "available"},
	{"patascore/upload_fraud", 200, CS_ERR_SUBJECT, 400, NULL,
	 "Invalid producer: www.ilovepdf.com"},
	{"patascore/upload_file_name", 400, CS_ERR_SUBJECT, 400, NULL,
	 "nationalId: 284***19 must not be null"},
	{"patascore/upload_too_large", 413, CS_ERR_TOO_LARGE, 413, NULL, NULL},
	{"patascore/upload_too_large", 200, CS_ERR_TOO_LARGE, 413, NULL, NULL},
	{"patascore/envelope_404", 404, CS_ERR_NOT_UNDERSTOOD, 404, NULL, NULL},
	{"patascore/envelope_401", 200, CS_ERR_CREDENTIALS, 401, NULL, NULL},
	{"patascore/envelope_500", 500, CS_ERR_UNKNOWN, 500, NULL, NULL},
};

int
main(void)
{
	static const CsPair ref[] = {{"subject", REF}};
	const CsArguments	report_args = {.pairs = ref, .npairs = 1};
	const CsArguments	upload_args = {.pairs = upload_pairs, .npairs = 5};
	const CsEndpoint   *report = cs_registry_endpoint(provider, "statement");
	const CsEndpoint   *upload =
		cs_registry_endpoint(provider, "statement_upload");

	ok(report->shared && !upload->shared, "an upload is not shared");
	ok(provider->build_login == NULL, "there is no log-in");
	test_account();
	test_subjects(report, upload);
	test_credentials();
	test_report_request(report, &report_args);
	test_upload_request(upload);
	test_upload_refusals(upload);
	check_replies(report, &account, &report_args, reports, COUNT(reports));
	check_replies(upload, &account, &upload_args, uploads, COUNT(uploads));
	return done_testing();
}
