/*-------------------------------------------------------------------------
 * pngme.c
 *	  Pngme: GET /auth and GET /{country}/decision.
 *
 * Accounts: see accounts[]; the token "sandbox-dashboard-token" needs no
 * log-in and never expires, as those made in Pngme's dashboard.
 *
 * Magic subjects, by the identifier's last four digits (beside those of
 * every provider): see magic[].  All but 0002 are answered alike each time.
 *
 * While pngme_user_minutes is set a user is an entity: created that long before
 * it was first asked about, and growing older with the sandbox's time of day.
 *
 * What is undocumented is in settings[].
 *------------------------------------------------------------------------- */
#include "core/base64.h"
#include "core/entity.h"
#include "core/hash.h"
#include "core/login.h"
#include "core/request.h"
#include "core/token.h"
#include "provider/pngme/pngme_features.h"
#include "provider/registry.h"

#define TOKEN_LIFETIME (12 * 3600)

/* The form of an error. */
typedef enum ErrorBody
{
	ERROR_DETAIL,
	ERROR_MESSAGE,
	ERROR_ERROR,
	ERROR_TEXT,
	ERROR_EMPTY
} ErrorBody;

/* Where data_recency_minutes is. */
typedef enum Recency
{
	RECENCY_BOTH,
	RECENCY_TOP,
	RECENCY_FEATURES
} Recency;

static int error_body;
static int unknown_status = 404;
static int recency_place;
static int user_minutes;
static int user_polls;

static const char *const error_bodies[] = {"detail", "message", "error",
										   "text",	 "empty",	NULL};
static const char *const recencies[] = {"both", "top", "features", NULL};

static const SbSetting settings[] = {
	{"pngme_error_body", SB_SETTING_CHOICE, &error_body, error_bodies},
	{"pngme_recency", SB_SETTING_CHOICE, &recency_place, recencies},
	{"pngme_unknown_status", SB_SETTING_INT, &unknown_status, NULL},
	{"pngme_user_minutes", SB_SETTING_INT, &user_minutes, NULL},
	{"pngme_user_polls", SB_SETTING_INT, &user_polls, NULL},
	{NULL, 0, NULL, NULL},
};

static const SbEntityKind kinds[] = {{"user"}, {NULL}};

/* How much older a user is who was found young pngme_user_polls times. */
#define GROWN_MINUTES 10

/* A log-in whose reply names no organisation. */
#define LOGIN_EMPTY_LIST SB_LOGIN_OWN

static const char *const login_variants[] = {"empty_list", NULL};

/* The code of an ELAPSED mark is 100 + minutes. */
static const SbMagic magic[] = {
	{"0002", 0, SB_PNGME_GROWING,
	 "user created 2 minutes ago at the first asking, then 7"},
	{"0003", 0, 100 + 3, "user created 3 minutes ago, always"},
	{"0005", 0, 100 + 5, "user created exactly 5 minutes ago, always"},
	{"0006", 0, 100 + 6, "user created 6 minutes ago, always"},
	{"0007", 0, SB_PNGME_NO_NAMES, "user without names and external_id"},
	{"0008", 0, SB_PNGME_NO_FEATURES, "every feature null, not imputed"},
	{"0009", 0, SB_PNGME_NO_SCORE, "risk_score null"},
	{"0053", 0, SB_PNGME_BIG, "integers above 2^53, trailing zeros"},
	{NULL, 0, 0, NULL},
};

static const SbAccount accounts[] = {
	{"svc@acme.example", "sandbox-password"},
	{"second@acme.example", "second-password"},
	{"third@globex.example", "third-password"},
	{NULL, NULL},
};

static const SbCountry countries[] = {
	{"nigeria",
	 "NGN",
	 10,
	 false,
	 {"Chidi", "Amina", "Tunde", "Ngozi"},
	 {"Okafor", "Bello", "Adeyemi", "Eze"}},
	{"kenya",
	 "KES",
	 1,
	 true,
	 {"Mercy", "Brian", "Wanjiru", "Otis"},
	 {"Otieno", "Kamau", "Njeri", "Mutua"}},
	{"ghana",
	 "GHS",
	 1,
	 false,
	 {"Kofi", "Ama", "Kwame", "Efua"},
	 {"Mensah", "Owusu", "Boateng", "Asante"}},
	{"india",
	 "INR",
	 1,
	 false,
	 {"Asha", "Ravi", "Priya", "Arjun"},
	 {"Sharma", "Patel", "Iyer", "Singh"}},
	{"srilanka",
	 "LKR",
	 3,
	 false,
	 {"Nimal", "Kumari", "Ruwan", "Dilani"},
	 {"Perera", "Silva", "Fernando", "Jayasuriya"}},
	{"uganda",
	 "UGX",
	 30,
	 false,
	 {"Okello", "Nakato", "Mukasa", "Achieng"},
	 {"Ssali", "Opio", "Namutebi", "Byaruhanga"}},
	{"tanzania",
	 "TZS",
	 20,
	 true,
	 {"Juma", "Neema", "Baraka", "Zawadi"},
	 {"Mushi", "Kimaro", "Massawe", "Lema"}},
};

static void
put_user(SbText *out, const SbRequest *request, const SbPerson *person)
{
	const char *phone = request->variant == 0 ? request->subject : NULL;
	const char *first =
		person->country->first_names[sb_hash_pick(person->seed, 3001) % 4];
	const char *last =
		person->country->last_names[sb_hash_pick(person->seed, 3002) % 4];

	sb_text_str(out, "{\"user\":{");
	if (person->magic != SB_PNGME_NO_NAMES)
	{
		sb_text_str(out, "\"first_name\":");
		sb_text_json(out, first, strlen(first));
		sb_text_str(out, ",\"last_name\":");
		sb_text_json(out, last, strlen(last));
		sb_text_char(out, ',');
	}
	sb_text_str(out, "\"phone_number\":");
	if (request->wrong_subject)
		sb_text_str(out, "\"254799999999\"");
	else if (phone != NULL)
		sb_text_json(out, phone, request->subject_len);
	else
	{
		sb_text_str(out, "\"2547");
		sb_text_int(
			out, 10000000 +
					 (int64_t) (sb_hash_pick(person->seed, 3003) % 90000000));
		sb_text_char(out, '"');
	}
	if (person->magic != SB_PNGME_NO_NAMES)
	{
		sb_text_str(out, ",\"external_id\":\"");
		sb_text_uuid(out, person->seed);
		sb_text_char(out, '"');
	}
	sb_text_char(out, '}');
}

/* Of a user who is remembered from the first asking on. */
static int64_t
minutes_since(const char *subject)
{
	SbEntity *user = sb_entity_find(kinds, subject);
	int64_t	  minutes;

	if (user == NULL)
		user = sb_entity_put(kinds, subject, json_object_new_object());
	minutes = user_minutes + sb_entity_age_ms(user) / 60000;
	if (sb_entity_count_up(user, "polls") > user_polls && user_polls > 0)
		minutes += GROWN_MINUTES;
	return minutes;
}

static int64_t
elapsed_minutes(const SbRequest *request, const SbPerson *person)
{
	if (person->magic >= 100)
		return person->magic - 100;
	if (person->magic == SB_PNGME_GROWING)
		return request->seen > 1 ? 7 : 2;
	if (user_minutes > 0)
		return minutes_since(request->subject);
	return 10 + (int64_t) (sb_hash_pick(person->seed, 3004) % 400000);
}

static void
put_decision(SbRequest *request, const SbPerson *person)
{
	SbText *out = &request->out;
	int64_t recency = (int64_t) (sb_hash_pick(person->seed, 3005) % 3000);

	sb_text_reserve(out, 8192);
	put_user(out, request, person);
	if (recency_place != RECENCY_FEATURES)
	{
		sb_text_str(out, ",\"data_recency_minutes\":");
		sb_text_int(out, recency);
	}
	sb_text_str(out, ",\"user_created_at_elapsed_minutes\":");
	sb_text_int(out, elapsed_minutes(request, person));
	sb_text_str(out, ",\"risk_score\":");
	if (person->magic == SB_PNGME_NO_SCORE)
		sb_text_str(out, "null");
	else
		sb_text_decimal(
			out, (int64_t) (sb_hash_pick(person->seed, 3006) % 10001), 4);
	sb_pngme_features(out, person,
					  recency_place != RECENCY_TOP ? recency : -1);
	sb_text_char(out, '}');
}

/* What the documents print; other statuses get HTTP's own words. */
static void
refuse(SbRequest *request, int status, const char *message)
{
	request->status = status;
	if (message == NULL && status == 400)
		message =
			"Invalid parameters or insufficient data to estimate risk score";
	else if (message == NULL && status == 401)
		message = "Not authenticated";
	else if (message == NULL && status == 403)
		message = "Not authorized";
	else if (message == NULL)
		message = MHD_get_reason_phrase_for((unsigned int) status);
	if (error_body == ERROR_EMPTY)
		return;
	if (error_body == ERROR_TEXT)
	{
		request->content_type = "text/plain";
		sb_text_str(&request->out, message);
		return;
	}
	sb_text_str(&request->out, "{\"");
	sb_text_str(&request->out, error_bodies[error_body]);
	sb_text_str(&request->out, "\":");
	sb_text_json(&request->out, message, strlen(message));
	sb_text_char(&request->out, '}');
}

/* Splits the Basic credentials; the email is the subject of a log-in. */
static bool
basic_credentials(SbRequest *request, char *buffer, size_t size,
				  char **password)
{
	const char *encoded = sb_request_authorization(request, "Basic");

	if (encoded == NULL)
		return false;
	sb_base64_decode(encoded, strlen(encoded), buffer, size);
	*password = strchr(buffer, ':');
	if (*password == NULL)
		return false;
	*(*password)++ = '\0';
	return true;
}

static void
identify_login(SbRequest *request)
{
	char  buffer[512];
	char *password;

	if (basic_credentials(request, buffer, sizeof(buffer), &password))
		sb_request_subject(request, buffer, strlen(buffer));
}

/* The token's fields, as the log-in variant wants them. */
static void
put_token(SbRequest *request, const char *account)
{
	int64_t		expires_at;
	const char *token =
		sb_token_issue(request, account, TOKEN_LIFETIME, &expires_at);

	if (request->login_variant == SB_LOGIN_NO_TOKEN)
		return;
	sb_text_str(&request->out, ",\"api_token\":");
	sb_text_json(&request->out, token, strlen(token));
}

static void
put_organization(SbRequest *request, const char *name, const char *production,
				 const char *test)
{
	SbText *out = &request->out;

	sb_text_str(out, "{\"organization_name\":");
	sb_text_json(out, name, strlen(name));
	sb_text_str(out, ",\"organization_uuid\":\"");
	sb_text_uuid(out, sb_hash(name, strlen(name), 0));
	sb_text_str(out, "\",\"auth\":[{\"type\":\"production\"");
	put_token(request, production);
	sb_text_str(out, ",\"sdk_token\":\"sdk-production\"},{\"type\":\"test\"");
	put_token(request, test);
	sb_text_str(out, ",\"sdk_token\":\"sdk-test\"}]}");
}

static void
answer_auth(SbRequest *request)
{
	char  buffer[512];
	char *password;

	if (!basic_credentials(request, buffer, sizeof(buffer), &password) ||
		sb_token_account(accounts, buffer, strlen(buffer), password,
						 strlen(password)) == NULL)
	{
		refuse(request, 401, NULL);
		return;
	}
	sb_text_char(&request->out, '[');
	if (request->login_variant != LOGIN_EMPTY_LIST)
	{
		put_organization(request, "globex", "globex/production",
						 "globex/test");
		sb_text_char(&request->out, ',');
		put_organization(request, "acme", "acme/production", "acme/test");
	}
	sb_text_char(&request->out, ']');
}

/* Query parameters that say who is asked about; exactly one is allowed. */
static const char *const identifiers[] = {"phone_number", "external_id",
										  "user_uuid"};

/* The variant of a request with more or fewer. */
#define AMBIGUOUS (-1)

static void
identify_decision(SbRequest *request)
{
	size_t i;
	int	   n = 0;

	for (i = 0; i < lengthof(identifiers); i++)
	{
		const char *value = sb_request_query(request, identifiers[i]);

		if (value == NULL)
			continue;
		sb_request_subject(request, value, strlen(value));
		request->variant = (int) i;
		n++;
	}
	if (n != 1)
		request->variant = AMBIGUOUS;
}

/* YYYY-MM-DDTHH:MM:SS, perhaps with fraction and zone. */
static bool
good_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	size_t			  i;

	for (i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == 'd'
				? text[i] < '0' || text[i] > '9'
				: text[i] != form[i] && !(form[i] == 'T' && text[i] == ' '))
			return false;
	}
	return strspn(text + i, "0123456789.:+-Z") == strlen(text + i);
}

static bool
good_phone(const SbRequest *request)
{
	return request->subject_len >= 8 && request->subject_len <= 15 &&
		   strspn(request->subject, "0123456789") == request->subject_len;
}

static void
answer_decision(SbRequest *request)
{
	const char	  *token = sb_request_authorization(request, "Bearer");
	const char	  *endtime = sb_request_query(request, "utc_endtime");
	const SbMagic *mark =
		sb_magic_find(magic, request->subject, request->subject_len, true);
	SbPerson person = {.country = request->detail};

	if (token == NULL || !sb_token_check(request, token))
	{
		refuse(request, 401, NULL);
		return;
	}
	if (request->variant == AMBIGUOUS || request->subject_len == 0 ||
		(request->variant == 0 && !good_phone(request)) ||
		(endtime != NULL && !good_time(endtime)))
	{
		refuse(request, 400, NULL);
		return;
	}
	if (sb_magic_refused(request))
		return;
	if (mark != NULL)
		person.magic = mark->code;
	person.seed = sb_hash(request->subject, request->subject_len, 0);
	if (endtime != NULL)
		person.seed = sb_hash(endtime, strlen(endtime), person.seed);
	if (request->wrong_subject)
		person.seed++;
	person.level = 1 + (int) (sb_hash_pick(person.seed, 3000) % 40);
	put_decision(request, &person);
}

static void
init(void)
{
	sb_pngme_features_init();
	sb_token_fixed(&sb_pngme, "sandbox-dashboard-token", "dashboard");
}

static SbEndpoint endpoints[] = {
	{.path = "auth",
	 .method = "GET",
	 .url = "/auth",
	 .login = true,
	 .identify = identify_login,
	 .answer = answer_auth},
	{.path = "decision",
	 .method = "GET",
	 .url = "/decision",
	 .identify = identify_decision,
	 .answer = answer_decision},
};

/* /auth, or /{country}/decision. */
static SbEndpoint *
route(SbRequest *request, const char *rest)
{
	size_t i;

	if (strcmp(rest, endpoints[0].url) == 0)
		return &endpoints[0];
	for (i = 0; i < lengthof(countries); i++)
	{
		size_t len = strlen(countries[i].name);

		if (strncmp(rest + 1, countries[i].name, len) == 0 &&
			strcmp(rest + 1 + len, endpoints[1].url) == 0)
		{
			request->detail = &countries[i];
			return &endpoints[1];
		}
	}
	return NULL;
}

const SbProvider sb_pngme = {
	.name = "pngme",
	.endpoints = endpoints,
	.nendpoints = lengthof(endpoints),
	.route = route,
	.refuse = refuse,
	.init = init,
	.settings = settings,
	.kinds = kinds,
	.login_variants = login_variants,
	.unknown_status = &unknown_status,
	.duplicate_member = "\"risk_score\":0.0001,",
	.magic_help = "pngme decision, by the last four digits",
	.magic = magic,
};
