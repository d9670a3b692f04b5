/*-------------------------------------------------------------------------
 * patascore.c
 *	  Patascore: upload of an M-Pesa statement, and its score report.
 *
 * Pure functions; owns no memory.  Facts come from Patascore's public documentation,
 * https://docs.patascore.com/ ; comments name the page.  Its report sample is
 * not valid JSON, so the place of the person within `data` is read from the
 * fields a person has, not from a path.
 *------------------------------------------------------------------------- */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strcasestr */
#endif

#include "provider/registry.h"

#include <json-c/json.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"

/*
 * A statement of a year has some hundred kB; the limit is not documented.
 * Base64 makes 27 MB of it, well within a CsBuf.
 */
#define FILE_MAX_BYTES (20 * 1024 * 1024)
#define FILE_MAGIC	   "%PDF"

/* A reference is a UUID in every sample; ids of other forms may follow. */
#define REF_MAX_LENGTH 128

/* National ids have 7 to 8 digits, passports up to 9 characters. */
#define NATIONAL_ID_MAX_LENGTH 64
#define FILE_NAME_MAX_LENGTH   255

/* data, an array in it, its element, a member of that: no deeper. */
#define PERSON_MAX_DEPTH 3

#define REF_CHARACTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

/* ---------- options and account ---------- */

/* RFC 7230 section 3.2.6: token, the form of a header's name. */
static bool
check_header_name(const char *value)
{
	size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyz"
							   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							   "0123456789!#$%&'*+-.^_`|~");

	return len > 0 && value[len] == '\0';
}

/*
 * authentication: the page says Authorization, the tables of endpoints say
 * Authentication; hence an option.
 */
static const CsOption options[] = {
	{"auth_header", CS_ON_SERVER, false, "Authorization",
	 "a header name such as Authorization or Authentication",
	 check_header_name},
	{"api_key", CS_ON_MAPPING, true, NULL,
	 "the API key of the developer dashboard", cs_text_is_visible},
	{0}};

static const CsCredentials credentials[] = {{{"api_key"}}, {{0}}};

static CsStatus
check_account(const CsAccount *account, CsError *err)
{
	return cs_registry_check_credential(account, "api_key", err);
}

/* authentication: "Bearer {API KEY}", no log-in. */
static CsStatus
put_credentials(const CsAccount *account, CsBuf *headers, CsError *err)
{
	const char *header = cs_template_option(account, "auth_header");

	if (cs_registry_check_credential(account, "api_key", err) != CS_OK)
		return CS_FAIL;
	return cs_template_put_bearer(headers, header ? header : "Authorization",
								  cs_template_option(account, "api_key"), err);
}

/* ---------- the envelope ---------- */

/*
 * {"status", "message", "data"}: the envelope may call a 2xx an error, or
 * still pending (202).  An error of HTTP stays what it is.
 */
static int
effective_status(const CsReply *reply, struct json_object *root)
{
	int		status = reply->http_status;
	int64_t inner;

	if (status >= 200 && status <= 299 &&
		cs_json_get_int64(root, "status", &inner) && inner > status &&
		inner <= 599)
		return (int) inner;
	return status;
}

static void
not_understood(CsVerdict *verdict, const CsArguments *args,
			   struct json_object *root, const char *wrong)
{
	cs_verdict_fail(verdict, CS_ERR_NOT_UNDERSTOOD,
					"answer of Patascore is not understood: %s", wrong);
	cs_verdict_quote(verdict, &cs_patascore, args, root);
}

/* ---------- upload ---------- */

/* Copies a subject without the spaces around it; false when it is empty. */
static bool
copy_trimmed(const char *subject, char *out)
{
	size_t len;

	subject += strspn(subject, " ");
	len = strlen(subject);
	while (len > 0 && subject[len - 1] == ' ')
		len--;
	if (len == 0 || len >= CS_SUBJECT_SIZE)
		return false;
	memcpy(out, subject, len);
	out[len] = '\0';
	return true;
}

static CsStatus
normalise_national_id(const CsAccount *account, const char *subject, char *out,
					  CsError *err)
{
	(void) account;
	if (copy_trimmed(subject, out) && strlen(out) <= NATIONAL_ID_MAX_LENGTH &&
		out[strspn(out, REF_CHARACTERS "/")] == '\0')
		return CS_OK;
	cs_core_error(err, CS_ERR_ARGUMENT, "malformed national id");
	cs_core_detail(err,
				   "A national id has 1 to %d letters, digits, dots, dashes, "
				   "underscores or slashes.",
				   NATIONAL_ID_MAX_LENGTH);
	return CS_FAIL;
}

static bool
check_file_name(const char *value)
{
	if (*value == '\0' || strlen(value) > FILE_NAME_MAX_LENGTH)
		return false;
	for (; *value != '\0'; value++)
	{
		if ((unsigned char) *value < 0x20 || *value == 0x7F || *value == '/' ||
			*value == '\\')
			return false;
	}
	return true;
}

static bool
check_passcode(const char *value)
{
	return *value != '\0';
}

/* upload-statement-extraction: the three values of statement_type. */
static bool
check_statement_type(const char *value)
{
	return strcmp(value, "user_statement") == 0 ||
		   strcmp(value, "paybill_statement") == 0 ||
		   strcmp(value, "till_statement") == 0;
}

static bool
check_callback_url(const char *value)
{
	return cs_text_is_visible(value) && (strncmp(value, "https://", 8) == 0 ||
										 strncmp(value, "http://", 7) == 0);
}

/* Arguments of an upload beside the file; values stay out of messages. */
static CsStatus
check_upload_arguments(const CsArguments *args, CsError *err)
{
	static const struct
	{
		const char *name;
		bool		optional;
		bool (*check)(const char *value);
		const char *expects;
	} rules[] = {
		{"file_name", false, check_file_name, "a file name without a path"},
		{"passcode", false, check_passcode, "the password of the statement"},
		{"statement_type", false, check_statement_type,
		 "user_statement, paybill_statement or till_statement"},
		{"callback_url", true, check_callback_url, "an http or https URL"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
	{
		const char *value = cs_template_argument(args, rules[i].name);

		if (value == NULL ? rules[i].optional : rules[i].check(value))
			continue;
		cs_core_error(err, CS_ERR_ARGUMENT, "%s argument \"%s\"",
					  value == NULL ? "missing" : "malformed", rules[i].name);
		cs_core_detail(err, "Expected is %s.", rules[i].expects);
		return CS_FAIL;
	}
	return CS_OK;
}

static CsStatus
check_file(const CsArguments *args, CsError *err)
{
	if (args->file == NULL || args->file_len == 0)
		return cs_core_error(err, CS_ERR_ARGUMENT, "statement file is empty");
	if (args->file_len > FILE_MAX_BYTES)
	{
		cs_core_error(err, CS_ERR_ARGUMENT, "statement file is too large");
		cs_core_detail(err, "At most %d MB are sent.",
					   FILE_MAX_BYTES / (1024 * 1024));
		return CS_FAIL;
	}
	if (args->file_len < strlen(FILE_MAGIC) ||
		memcmp(args->file, FILE_MAGIC, strlen(FILE_MAGIC)) != 0)
		return cs_core_error(err, CS_ERR_ARGUMENT,
							 "statement file is not a PDF");
	return CS_OK;
}

/* upload-statement-extraction: JSON with the PDF as base64. */
static CsStatus
build_upload(const CsAccount *account, const CsArguments *args,
			 CsRequest *request, CsError *err)
{
	static const CsField body[] = {
		{"national_id", CS_FROM_ARGUMENT, "subject", CS_REQUIRED},
		{"file", CS_FROM_FILE, NULL, CS_REQUIRED},
		{"file_name", CS_FROM_ARGUMENT, "file_name", CS_REQUIRED},
		/* Documented as required; who polls for the report has none. */
		{"callback_url", CS_FROM_ARGUMENT, "callback_url", ""},
		{"statement_type", CS_FROM_ARGUMENT, "statement_type", CS_REQUIRED},
		{"passcode", CS_FROM_ARGUMENT, "passcode", CS_REQUIRED},
		{0}};
	static const CsTemplate template = {
		.path = "/api/v1/statements/mpesa/upload", .body = body};

	if (check_file(args, err) != CS_OK ||
		check_upload_arguments(args, err) != CS_OK ||
		cs_template_build(&template, CS_POST, account, args, request, err) !=
			CS_OK)
		return CS_FAIL;
	return CS_OK;
}

/* 400 "Fraud flags detected" with a list of errors. */
static const CsStatusMeaning upload_meanings[] = {
	{400, CS_ERR_SUBJECT, "statement is not accepted", false},
	{422, CS_ERR_SUBJECT, "statement is not accepted", false},
	{0}};

/*
 * {"status": 202, "data": {"reference_id"}}; whether HTTP says 200 or 202 is
 * not documented.
 */
static void
classify_upload(const CsAccount *account, const CsArguments *args,
				const CsReply *reply, struct json_object *root,
				const CsError *parse_error, CsVerdict *verdict)
{
	const char *reference;

	(void) account;
	if (cs_verdict_by_status(&cs_patascore, CS_FEE_CALL, upload_meanings, args,
							 effective_status(reply, root), root, parse_error,
							 verdict))
		return;
	reference = cs_json_get_text(cs_json_get(root, "data"), "reference_id");
	if (reference == NULL || *reference == '\0')
		not_understood(verdict, args, root, "it has no reference_id");
}

/* ---------- report ---------- */

static CsStatus
normalise_ref(const CsAccount *account, const char *subject, char *out,
			  CsError *err)
{
	(void) account;
	if (copy_trimmed(subject, out) && strlen(out) <= REF_MAX_LENGTH &&
		out[strspn(out, REF_CHARACTERS)] == '\0')
		return CS_OK;
	cs_core_error(err, CS_ERR_ARGUMENT, "malformed statement reference");
	cs_core_detail(err,
				   "A reference has 1 to %d letters, digits, dots, dashes or "
				   "underscores.",
				   REF_MAX_LENGTH);
	return CS_FAIL;
}

/* mpesa-operations/paybill-categories, "Scoring Results". */
static CsStatus
build_report(const CsAccount *account, const CsArguments *args,
			 CsRequest *request, CsError *err)
{
	static const CsField query[] = {
		{"ref_id", CS_FROM_ARGUMENT, "subject", CS_REQUIRED}, {0}};
	static const CsTemplate template = {
		.path = "/api/v1/statements/mpesa/report", .query = query};

	return cs_template_build(&template, CS_GET, account, args, request, err);
}

static bool
has_score(struct json_object *object)
{
	return json_object_is_type(cs_json_get(object, "score_data"),
							   json_type_object) ||
		   json_object_is_type(cs_json_get(object, "score_output"),
							   json_type_object);
}

static bool
is_person(struct json_object *object)
{
	return has_score(object) ||
		   json_object_is_type(cs_json_get(object, "statement_details"),
							   json_type_array);
}

/* The persons found in `data`, and one of them. */
typedef struct Persons
{
	int					count;
	struct json_object *person;
} Persons;

/*
 * Looks at a value, the elements of a list, the members of an object; not
 * into a person, and not into fraud_data, which tells of the same person.
 */
static void
find_persons(struct json_object *value, int depth, Persons *persons)
{
	struct json_object_iter member;

	if (is_person(value))
	{
		persons->count++;
		persons->person = value;
		return;
	}
	if (depth == PERSON_MAX_DEPTH)
		return;
	if (json_object_is_type(value, json_type_array))
	{
		for (size_t i = 0; i < json_object_array_length(value); i++)
			find_persons(json_object_array_get_idx(value, i), depth + 1,
						 persons);
	}
	if (!json_object_is_type(value, json_type_object))
		return;
	json_object_object_foreachC(value, member)
	{
		if (strcmp(member.key, "fraud_data") != 0)
			find_persons(member.val, depth + 1, persons);
	}
}

/*
 * Does the message speak of work that goes on?  No pending answer is
 * documented; the upload says "Extraction process initiated".
 */
static bool
speaks_of_processing(struct json_object *root)
{
	static const char *const pending[] = {"processing",
										  "process initiated",
										  "being processed",
										  "pending",
										  "progress",
										  "queued",
										  "extraction initiated",
										  NULL};
	static const char *const failed[] = {"fail",	  "error",	"unable",
										 "could not", "cannot", NULL};
	const char				*message = cs_json_get_text(root, "message");

	if (message == NULL)
		return false;
	for (int i = 0; failed[i] != NULL; i++)
	{
		if (strcasestr(message, failed[i]) != NULL)
			return false;
	}
	for (int i = 0; pending[i] != NULL; i++)
	{
		if (strcasestr(message, pending[i]) != NULL)
			return true;
	}
	return false;
}

/* A reply that names a reference must name ours. */
static bool
same_reference(const CsArguments *args, struct json_object *object)
{
	static const char *const names[] = {"reference_id", "ref_id", NULL};
	const char				*asked = cs_template_argument(args, "subject");

	for (int i = 0; names[i] != NULL && asked != NULL; i++)
	{
		const char *answered = cs_json_get_text(object, names[i]);

		if (answered != NULL && strcasecmp(answered, asked) != 0)
			return false;
	}
	return true;
}

/* Neither the sample nor any page shows another answer than a report. */
static const CsStatusMeaning report_meanings[] = {
	{400, CS_ERR_SUBJECT, "statement is unknown or cannot be scored", false},
	{404, CS_ERR_SUBJECT, "statement is unknown", false},
	{422, CS_ERR_SUBJECT, "statement cannot be scored", false},
	{0}};

/* A report takes seconds to minutes; no page says how long. */
#define ASK_AFTER_MS 5000

static void
pending(CsVerdict *verdict, const CsArguments *args, struct json_object *root)
{
	const char *reference = cs_template_argument(args, "subject");

	cs_verdict_pending(verdict, reference != NULL ? reference : "",
					   ASK_AFTER_MS,
					   "statement is still being processed (patascore)");
	cs_verdict_quote(verdict, &cs_patascore, args, root);
}

/* Is there a member of this name, quotes included, that is an object? */
static bool
names_object(const CsReply *reply, const char *quoted)
{
	const char *at = reply->body;
	const char *end = reply->body + reply->len;
	size_t		len = strlen(quoted);

	while ((at = memmem(at, (size_t) (end - at), quoted, len)) != NULL)
	{
		at += len;
		while (at < end && strchr(" \t\r\n:", *at) != NULL && *at != '\0')
			at++;
		if (at < end && *at == '{')
			return true;
	}
	return false;
}

/*
 * A body with a score is a report, whatever its envelope says; it has a
 * hundred kB, and the courier has other things to do than to parse it.
 */
static bool
plainly_reports(const CsReply *reply)
{
	return reply->len > 0 && (names_object(reply, "\"score_data\"") ||
							  names_object(reply, "\"score_output\""));
}

static void
classify_report(const CsAccount *account, const CsArguments *args,
				const CsReply *reply, struct json_object *root,
				const CsError *parse_error, CsVerdict *verdict)
{
	struct json_object *data = cs_json_get(root, "data");
	Persons				persons = {0};
	bool				reports = plainly_reports(reply);

	(void) account;
	if (cs_verdict_by_status(
			&cs_patascore, CS_FEE_READY, report_meanings, args,
			reports ? reply->http_status : effective_status(reply, root), root,
			parse_error, verdict))
	{
		if (verdict->code == CS_ERR_PROCESSING)
			pending(verdict, args, root);
		return;
	}
	find_persons(data, 0, &persons);
	if (persons.count > 1)
		not_understood(verdict, args, root, "it is about several persons");
	else if (!reports && speaks_of_processing(root))
		pending(verdict, args, root);
	else if (persons.count == 0)
		not_understood(verdict, args, root, "it has no report");
	else if (!same_reference(args, root) || !same_reference(args, data) ||
			 !same_reference(args, persons.person))
		not_understood(verdict, args, root, "it is about another subject");
}

/* Uploads are few, and their envelope may have a long list of errors. */
static bool
never_plainly(const CsReply *reply)
{
	(void) reply;
	return false;
}

static const CsEndpoint endpoints[] = {{.name = "statement",
										.method = CS_GET,
										.fee = CS_FEE_READY,
										.shared = true,
										.subject_name = "ref",
										.plainly_answers = plainly_reports,
										.normalise = normalise_ref,
										.build = build_report,
										.classify = classify_report},
									   {.name = "statement_upload",
										.method = CS_POST,
										.fee = CS_FEE_CALL,
										.shared = false,
										.subject_name = "national_id",
										.plainly_answers = never_plainly,
										.normalise = normalise_national_id,
										.build = build_upload,
										.classify = classify_upload},
									   {0}};

/* authentication: production base. */
const CsProvider cs_patascore = {
	.name = "patascore",
	.title = "Patascore",
	.default_base_url = "https://api.patascore.com",
	.options = options,
	.endpoints = endpoints,
	.polling = {5000, 60000, 3600000},
	.credentials = credentials,
	.check_account = check_account,
	.put_credentials = put_credentials,
};
