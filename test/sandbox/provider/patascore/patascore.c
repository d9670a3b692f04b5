/*-------------------------------------------------------------------------
 * patascore.c
 *	  Patascore: POST .../mpesa/upload and GET .../mpesa/report.
 *
 * No log-in: a key comes in any of the headers Authorization, Authentication
 * and X-Api-Key, with or without "Bearer".  Any UUID is a reference; uploading
 * the same file gives the same one.  Magic references are known by how their
 * last group begins, magic national ids of uploads by their last digits.
 *
 * What is undocumented is in settings[].
 *
 * An upload is remembered as an entity "statement" under its reference, which
 * knows how often its report was asked for and, as all entities, how old it
 * is.  A reference that nobody uploaded is remembered from when it was first
 * asked for while reports take their time.
 *------------------------------------------------------------------------- */
#include "core/base64.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/request.h"
#include "core/token.h"
#include "provider/patascore/patascore_report.h"
#include "provider/registry.h"

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

/* How a report looks that is not finished. */
typedef enum Pending
{
	PENDING_202,
	PENDING_200,
	PENDING_NULL
} Pending;

/* What the items of "errors" are. */
typedef enum ErrorItems
{
	ITEMS_DOCUMENTED,
	ITEMS_STRINGS,
	ITEMS_OBJECTS
} ErrorItems;

static int callback_required = true;
static int error_items;
static int report_nesting;
static int report_pending;
static int report_polls;
static int report_seconds;
static int upload_http_status = 200;

static const char *const item_forms[] = {"documented", "strings", "objects",
										 NULL};
static const char *const nestings[] = {
	[SB_NEST_OBJECT] = "object",
	[SB_NEST_ARRAY] = "array",
	[SB_NEST_WRAPPED] = "wrapped",
	[SB_NEST_LEGACY] = "legacy",
	NULL,
};
static const char *const pendings[] = {"202", "200", "null", NULL};

static const SbSetting settings[] = {
	{"callback_required", SB_SETTING_BOOL, &callback_required, NULL},
	{"error_items", SB_SETTING_CHOICE, &error_items, item_forms},
	{"report_nesting", SB_SETTING_CHOICE, &report_nesting, nestings},
	{"report_pending", SB_SETTING_CHOICE, &report_pending, pendings},
	{"report_polls", SB_SETTING_INT, &report_polls, NULL},
	{"report_seconds", SB_SETTING_INT, &report_seconds, NULL},
	{"upload_http_status", SB_SETTING_INT, &upload_http_status, NULL},
	{NULL, 0, NULL, NULL},
};

static const SbEntityKind kinds[] = {{"statement"}, {NULL}};

/* Statements that were uploaded, or asked for while they take their time. */
static const SbEntityKind *const statements = &kinds[0];

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

	if (error_items != ITEMS_DOCUMENTED)
		objects = error_items == ITEMS_OBJECTS;
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

static bool
filled(const SbRequest *request, const char *name)
{
	return sb_json_has_type(sb_json_at(request->body, name), SB_JSON_FILLED);
}

static void
identify_upload(SbRequest *request)
{
	if (sb_request_read_json(request))
		sb_request_subject_at(request, "national_id");
}

static bool
is_statement_type(json_object *body)
{
	int i;

	for (i = 0; statement_types[i] != NULL; i++)
	{
		if (sb_json_is(body, "statement_type", statement_types[i]))
			return true;
	}
	return false;
}

/* Collects what is wrong with the fields; returns how many. */
static int
upload_errors(const SbRequest *request, const char **errors)
{
	size_t		len;
	const char *file = sb_json_string(request->body, "file", &len);
	int			n = 0;

	if (!filled(request, "national_id"))
		errors[n++] = "nationalId: must not be null";
	if (file == NULL || !sb_base64_valid(file, len))
		errors[n++] = "file: Base64 encoded file is required";
	if (!filled(request, "file_name"))
		errors[n++] = "fileName: must not be null";
	if (callback_required &&
		sb_json_string(request->body, "callback_url", NULL) == NULL)
		errors[n++] = "callbackUrl: must not be null";
	if (!filled(request, "passcode"))
		errors[n++] = "passcode: must not be null";
	if (!is_statement_type(request->body))
		errors[n++] =
			"statementType: must be one of user_statement, paybill_statement, "
			"till_statement";
	return n;
}

/* Remembers a statement; "document" is what was uploaded, or an empty object. */
static SbEntity *
remember(const char *reference, json_object *document)
{
	json_object_object_add(document, "polls", json_object_new_int(0));
	return sb_entity_put(statements, reference, document);
}

/* What of an upload is remembered: neither the file nor its passcode. */
static json_object *
kept_of(json_object *body)
{
	static const char *const kept[] = {"national_id", "file_name",
									   "statement_type"};
	json_object				*document = json_object_new_object();
	size_t					 i;

	for (i = 0; i < lengthof(kept); i++)
		json_object_object_add(document, kept[i],
							   json_object_get(sb_json_at(body, kept[i])));
	return document;
}

static void
put_upload_answer(SbRequest *request)
{
	size_t		len;
	const char *file = sb_json_string(request->body, "file", &len);
	uint64_t	seed = sb_hash(file, len, 0);
	const char *type = sb_json_string(request->body, "statement_type", &len);
	SbText	   *out = &request->out;
	SbText		reference = {0};

	sb_text_uuid(&reference, seed);
	(void) remember(sb_text_end(&reference), kept_of(request->body));
	put_envelope(request, upload_http_status, 202,
				 "Statement saved successfully. Extraction process initiated");
	sb_text_str(out, ",\"data\":{\"reference_id\":\"");
	sb_text_mem(out, reference.data, reference.len);
	sb_text_str(out, "\",\"name\":\"JOHN DOE\",\"phone_number\":\"2547");
	sb_text_int(out, 10000000 + (int64_t) (sb_hash_pick(seed, 1) % 90000000));
	sb_text_str(out, "\",\"statement_type\":");
	sb_text_json(out, type, len);
	sb_text_str(out, ",\"short_code\":null,"
					 "\"statement_period\":\"17 Oct 2022 - 17 Jan 2023\"}}");
	sb_text_free(&reference);
}

/* By how it begins; the file is known to be base64. */
static bool
is_pdf(json_object *body)
{
	size_t		len;
	const char *file = sb_json_string(body, "file", &len);
	char		start[8];

	sb_base64_decode(file, len < 8 ? len : 8, start, sizeof(start));
	return strncmp(start, "%PDF", 4) == 0;
}

static void
answer_upload(SbRequest *request)
{
	static const char *const wrong_passcode[] = {
		"passcode: Incorrect PDF password"};
	const char *errors[8];
	int			n;

	if (!has_key(request))
	{
		refuse(request, 401, NULL);
		return;
	}
	if (request->body == NULL)
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
	if (!is_pdf(request->body))
	{
		put_envelope(request, 400, 400, "Fraud flags detected");
		put_errors(&request->out, fraud_flags, lengthof(fraud_flags), true);
	}
	else if (sb_json_is(request->body, "passcode", "wrong"))
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
	int		  polls = report_polls;
	SbEntity *statement;

	if (mark == MAGIC_NEVER_READY)
		return true;
	if (mark == MAGIC_TWO_POLLS && polls < 2)
		polls = 2;
	if (polls == 0 && report_seconds == 0)
		return false;
	statement = sb_entity_find(statements, request->subject);
	if (statement == NULL)
		statement = remember(request->subject, json_object_new_object());
	return sb_entity_count_up(statement, "polls") <= polls ||
		   sb_entity_age_ms(statement) < (int64_t) report_seconds * 1000;
}

static void
put_pending(SbRequest *request)
{
	static const char message[] = "Statement is still being processed";

	if (report_pending == PENDING_NULL)
	{
		put_envelope(request, 200, 200, message);
		sb_text_str(&request->out, ",\"data\":null}");
		return;
	}
	put_envelope(request, report_pending == PENDING_202 ? 202 : 200, 202,
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
	statement.transactions = 20 + (int) (sb_hash_pick(statement.seed, 1) % 41);
	statement.months = 6;
	if (mark == MAGIC_LONG)
		statement.transactions = 600;
	if (mark == MAGIC_EMPTY)
		statement.transactions = statement.months = 0;
	statement.scored = mark != MAGIC_NO_SCORE;
	put_envelope(request, 200, 200,
				 "Mpesa statement score report fetched successfully");
	sb_patascore_report(&request->out, &statement, (SbNesting) report_nesting);
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
	sb_token_fixed(&sb_patascore, "third-api-key", "third-api-key");
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
	.settings = settings,
	.kinds = kinds,
	.keys_only = true,
	.duplicate_member = "\"status\":500,",
	.magic_help = "patascore report, by how the reference's last group begins",
	.magic = magic,
};
