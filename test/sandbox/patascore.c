/*-------------------------------------------------------------------------
 * patascore.c
 *	  Patascore: POST .../mpesa/upload and GET .../mpesa/report.
 *
 * No log-in: a key comes in any of the headers Authorization, Authentication
 * and X-Api-Key, with or without "Bearer".  Any UUID is a reference; uploading
 * the same file gives the same one.  Magic references are known by how their
 * last group begins, magic national ids of uploads by sb_refusals.
 *
 * Undocumented, hence switches: report_nesting, report_polls and
 * report_pending (how an unfinished report looks), upload_http_status,
 * error_items (strings or objects), callback_required.
 *------------------------------------------------------------------------- */
#include "patascore.h"

#include <stdlib.h>

typedef enum Magic
{
	MAGIC_NONE,
	MAGIC_LONG,
	MAGIC_TWO_POLLS,
	MAGIC_NEVER_READY,
	MAGIC_NO_SCORE,
	MAGIC_EMPTY
} Magic;

static const SbMagic magic[] = {
	{"000000000000", 404, MAGIC_NONE, "unknown reference"},
	{"aaaa", 0, MAGIC_LONG, "600 transactions, more than 100 kB"},
	{"bbbb", 0, MAGIC_TWO_POLLS, "still processing at the first two polls"},
	{"cccc", 0, MAGIC_NEVER_READY, "still processing, always"},
	{"dddd", 400, MAGIC_NONE, "extraction failed: HTTP 400 with the envelope"},
	{"eeee", 0, MAGIC_EMPTY, "no transactions and no trends"},
	{"ffff", 0, MAGIC_NO_SCORE, "no score_data"},
	{NULL, 0, 0, NULL},
};

static const char *const statement_types[] = {
	"user_statement", "paybill_statement", "till_statement", NULL};

/* In what a tampered file is found out by, as Patascore prints it. */
static const char *const fraud_flags[] = {
	"Author is not available",	"Creation Date is not available",
	"Creator is not available", "Title is not available",
	"Subject is not available", "Invalid producer: www.ilovepdf.com"};

/* The envelope up to and without the closing brace. */
static void
put_envelope(SbRequest *request, int status, int envelope, const char *message)
{
	SbText *out = &request->out;

	if (request->envelope_status != 0)
		envelope = request->envelope_status;
	request->status = status;
	sb_text_str(out, "{\"status\":");
	sb_text_int(out, envelope);
	sb_text_str(out, ",\"message\":");
	sb_text_json(out, message, strlen(message));
}

/* Errors are documented as strings in one place and as objects in another. */
static void
put_errors(SbText *out, const char *const *errors, int n, bool objects)
{
	int i;

	if (sb_settings.error_items != SB_ITEMS_DOCUMENTED)
		objects = sb_settings.error_items == SB_ITEMS_OBJECTS;
	sb_text_str(out, ",\"errors\":[");
	for (i = 0; i < n; i++)
	{
		if (i > 0)
			sb_text_char(out, ',');
		if (objects)
			sb_text_str(out, "{\"message\":");
		sb_text_json(out, errors[i], strlen(errors[i]));
		if (objects)
			sb_text_char(out, '}');
	}
	sb_text_str(out, "]}");
}

static void
refuse(SbRequest *request, int status, const char *message)
{
	if (message == NULL && status == 404)
		message = "Resource not found";
	else if (message == NULL && status == 401)
		message = "Invalid API key";
	else if (message == NULL)
		message = MHD_get_reason_phrase_for((unsigned int) status);
	put_envelope(request, status, status, message);
	put_errors(&request->out, &message, 1, false);
}

static bool
has_key(SbRequest *request)
{
	static const char *const headers[] = {"Authorization", "Authentication",
										  "X-Api-Key"};
	size_t					 i;

	for (i = 0; i < lengthof(headers); i++)
	{
		const char *value = sb_request_get_header(request, headers[i]);

		if (value == NULL)
			continue;
		if (strncmp(value, "Bearer ", 7) == 0)
			value += 7;
		if (sb_token_check(request, value))
			return true;
	}
	return false;
}

static const SbMember *
member(const SbRequest *request, const char *name)
{
	const SbMember *found =
		sb_member(request->members, request->nmembers, name);

	return found != NULL && found->type == SB_MEMBER_STRING ? found : NULL;
}

static bool
filled(const SbRequest *request, const char *name)
{
	const SbMember *found = member(request, name);

	return found != NULL && found->len > 0;
}

static void
identify_upload(SbRequest *request)
{
	const SbMember *id;

	request->nmembers = sb_json_members(request->in.data, request->in.len,
										request->members, SB_MAX_MEMBERS);
	id = member(request, "national_id");
	if (id != NULL)
		sb_request_subject(request, id->value, id->len);
}

/* Collects what is wrong with the fields; returns how many. */
static int
upload_errors(const SbRequest *request, const char **errors)
{
	const SbMember *file = member(request, "file");
	const SbMember *type = member(request, "statement_type");
	int				n = 0;
	int				i;

	if (!filled(request, "national_id"))
		errors[n++] = "nationalId: must not be null";
	if (file == NULL || !sb_base64_valid(file->value, file->len))
		errors[n++] = "file: Base64 encoded file is required";
	if (!filled(request, "file_name"))
		errors[n++] = "fileName: must not be null";
	if (sb_settings.callback_required &&
		member(request, "callback_url") == NULL)
		errors[n++] = "callbackUrl: must not be null";
	if (!filled(request, "passcode"))
		errors[n++] = "passcode: must not be null";
	for (i = 0;
		 statement_types[i] != NULL && !sb_member_is(type, statement_types[i]);
		 i++)
		continue;
	if (statement_types[i] == NULL)
		errors[n++] =
			"statementType: must be one of user_statement, paybill_statement, "
			"till_statement";
	return n;
}

static void
put_upload_answer(SbRequest *request)
{
	const SbMember *file = member(request, "file");
	const SbMember *type = member(request, "statement_type");
	uint64_t		seed = sb_hash(file->value, file->len, 0);
	SbText		   *out = &request->out;

	put_envelope(request, sb_settings.upload_http_status, 202,
				 "Statement saved successfully. Extraction process initiated");
	sb_text_str(out, ",\"data\":{\"reference_id\":\"");
	sb_text_uuid(out, seed);
	sb_text_str(out, "\",\"name\":\"JOHN DOE\",\"phone_number\":\"2547");
	sb_text_int(out, 10000000 + (int64_t) (sb_pick(seed, 1) % 90000000));
	sb_text_str(out, "\",\"statement_type\":");
	sb_text_json(out, type->value, type->len);
	sb_text_str(out, ",\"short_code\":null,"
					 "\"statement_period\":\"17 Oct 2022 - 17 Jan 2023\"}}");
}

static void
answer_upload(SbRequest *request)
{
	static const char *const wrong_passcode[] = {
		"passcode: Incorrect PDF password"};
	const char	   *errors[8];
	const SbMember *file;
	char			start[8] = "";
	int				n;

	if (!has_key(request))
	{
		refuse(request, 401, NULL);
		return;
	}
	if (request->nmembers < 0)
	{
		refuse(request, 400, "Malformed JSON request");
		return;
	}
	n = upload_errors(request, errors);
	if (n > 0)
	{
		put_envelope(request, 400, 400,
					 "Validation failed for one or more arguments");
		put_errors(&request->out, errors, n, false);
		return;
	}
	if (sb_magic_refused(request))
		return;
	file = member(request, "file");
	sb_base64_decode(file->value, file->len < 8 ? file->len : 8, start,
					 sizeof(start));
	if (strncmp(start, "%PDF", 4) != 0)
	{
		put_envelope(request, 400, 400, "Fraud flags detected");
		put_errors(&request->out, fraud_flags, lengthof(fraud_flags), true);
	}
	else if (sb_member_is(member(request, "passcode"), "wrong"))
	{
		put_envelope(request, 400, 400, "Statement could not be opened");
		put_errors(&request->out, wrong_passcode, 1, false);
	}
	else
		put_upload_answer(request);
}

static void
identify_report(SbRequest *request)
{
	const char *reference = sb_request_query(request, "ref_id");

	if (reference != NULL)
		sb_request_subject(request, reference, strlen(reference));
}

static bool
good_uuid(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
	{
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-'
				 : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return len == 36;
}

/* Is the report unfinished at this poll? */
static bool
pending(const SbRequest *request, int mark)
{
	uint32_t polls = (uint32_t) sb_settings.report_polls;

	if (mark == MAGIC_TWO_POLLS && polls < 2)
		polls = 2;
	return mark == MAGIC_NEVER_READY || request->seen <= polls;
}

static void
put_pending(SbRequest *request)
{
	static const char message[] = "Statement is still being processed";

	if (sb_settings.report_pending == SB_PENDING_NULL)
	{
		put_envelope(request, 200, 200, message);
		sb_text_str(&request->out, ",\"data\":null}");
		return;
	}
	put_envelope(request,
				 sb_settings.report_pending == SB_PENDING_202 ? 202 : 200, 202,
				 message);
	sb_text_str(&request->out, ",\"data\":{\"reference_id\":");
	sb_text_json(&request->out, request->subject, request->subject_len);
	sb_text_str(&request->out, "}}");
}

static void
put_report(SbRequest *request, int mark)
{
	SbStatement statement = {
		.seed = sb_hash(request->subject, request->subject_len, 0)};

	if (request->wrong_subject)
		statement.seed++;
	statement.transactions = 20 + (int) (sb_pick(statement.seed, 1) % 41);
	statement.months = 6;
	if (mark == MAGIC_LONG)
		statement.transactions = 600;
	if (mark == MAGIC_EMPTY)
		statement.transactions = statement.months = 0;
	statement.scored = mark != MAGIC_NO_SCORE;
	put_envelope(request, 200, 200,
				 "Mpesa statement score report fetched successfully");
	sb_patascore_report(&request->out, &statement);
	sb_text_char(&request->out, '}');
}

static void
answer_report(SbRequest *request)
{
	static const char *const bad_reference[] = {
		"refId: must be a valid reference id"};
	static const char *const failed[] = {"Statement could not be extracted"};
	const SbMagic			*mark =
		sb_magic_find(magic, request->subject, request->subject_len, false);
	int code = mark != NULL ? mark->code : MAGIC_NONE;

	if (!has_key(request))
		refuse(request, 401, NULL);
	else if (!good_uuid(request->subject, request->subject_len))
	{
		put_envelope(request, 400, 400,
					 "Validation failed for one or more arguments");
		put_errors(&request->out, bad_reference, 1, false);
	}
	else if (mark != NULL && mark->status == 404)
		refuse(request, 404, "Statement not found");
	else if (mark != NULL && mark->status == 400)
	{
		put_envelope(request, 400, 400, "Statement extraction failed");
		put_errors(&request->out, failed, 1, false);
	}
	else if (pending(request, code))
		put_pending(request);
	else
		put_report(request, code);
}

static void
init(void)
{
	sb_token_fixed(&sb_patascore, "sandbox-api-key", "sandbox-api-key");
	sb_token_fixed(&sb_patascore, "second-api-key", "second-api-key");
}

static SbEndpoint endpoints[] = {
	{.path = "upload",
	 .method = "POST",
	 .url = "/api/v1/statements/mpesa/upload",
	 .identify = identify_upload,
	 .answer = answer_upload},
	{.path = "report",
	 .method = "GET",
	 .url = "/api/v1/statements/mpesa/report",
	 .identify = identify_report,
	 .answer = answer_report},
};

const SbProvider sb_patascore = {
	.name = "patascore",
	.endpoints = endpoints,
	.nendpoints = lengthof(endpoints),
	.refuse = refuse,
	.init = init,
	.duplicate_member = "\"status\":500,",
	.magic_help = "patascore report, by how the reference's last group begins",
	.magic = magic,
};
