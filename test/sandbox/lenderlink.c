/*-------------------------------------------------------------------------
 * lenderlink.c
 *	  LenderLink: POST /oauth/token, /oauth2/token, /api/v1/telco/score.
 *
 * Product "911;" takes mobileNumber and answers with the counters of 11
 * windows; "CVSCR2;" takes cellphoneNumber and answers with the newer form of
 * 13 windows; a telco product beside them ("911;G;") adds a list of pairs.
 * Counters agree with each other: windows nest, Total = Same + Others, and
 * Others is the sum of its parts.
 *
 * Undocumented, hence switches: lac_place (where scorePtd and bandPtd are),
 * lac_oddities (the documentation's string and misprint), expires_in_type,
 * duplicate_status (for a requestId seen before).
 *------------------------------------------------------------------------- */
#include "sandbox.h"

#include <stdio.h>

#define TOKEN_LIFETIME 86400

typedef enum Magic
{
	MAGIC_NONE,
	MAGIC_NO_SCORE,
	MAGIC_GENERAL_ERROR,
	MAGIC_UNAUTHORIZED_CODE,
	MAGIC_NO_HIT,
	MAGIC_NULL_SCORE
} Magic;

static const SbMagic magic[] = {
	{"0001", 0, MAGIC_NO_HIT, "no application ever: all counters 0"},
	{"0009", 0, MAGIC_NULL_SCORE, "scorePtd, bandPtd and cvScore null"},
	{"1000", 0, MAGIC_NO_SCORE, "HTTP 200, code \"1000\": no score available"},
	{"1111", 0, MAGIC_GENERAL_ERROR, "HTTP 200, code \"1111\": general error"},
	{"1401", 0, MAGIC_UNAUTHORIZED_CODE,
	 "HTTP 200, code \"401\": unauthorized"},
	{NULL, 0, 0, NULL},
};

static const SbAccount accounts[] = {
	{"sandbox-client", "sandbox-secret"},
	{"second-client", "second-secret"},
	{NULL, NULL},
};

/* The series of both forms; PART_* add up to OTHERS. */
enum
{
	TOTAL,
	UNIQUE,
	SAME,
	OTHERS,
	PARTS
};

#define MAX_WINDOWS 13
#define MAX_SERIES	12

/* One form of the answer. */
typedef struct Form
{
	const char *product;
	const char *number_field;
	const char *totals[4]; /* names of the all-time members; NULL: absent */
	const char *
		series[MAX_SERIES]; /* names, in the order of the enum; NULL: absent */
	int nseries;
	int windows[MAX_WINDOWS];
	int nwindows;
	bool by_window; /* all series of a window together */
} Form;

static const Form forms[] = {
	{
		.product = "911",
		.number_field = "mobileNumber",
		.totals = {"requestsTotalAll", "uniqueEntitiesTotalAll",
				   "requestsSameTotalAll", "requestsOtherTotalAll"},
		.series = {"requestsTotal", "uniqueEntities", "requestsSame",
				   "requestsOthers", "requestsBank", "requestsNonBank"},
		.nseries = 6,
		.windows = {1, 7, 14, 21, 28, 35, 45, 60, 90, 180, 360},
		.nwindows = 11,
	},
	{
		.product = "CVSCR2",
		.number_field = "cellphoneNumber",
		.totals = {"reqTotalAll", "unqEntitiesTotalAll", NULL,
				   "reqOthersTotalAll"},
		.series = {"reqTotal", "unqEntities", NULL, "reqOthers", "reqBnpl",
				   "reqPos", "reqDigiLoan", "reqDigiBank", "reqCashLoan",
				   "reqAuto", "reqBank", "reqDigiBnpl"},
		.nseries = 12,
		.windows = {1, 7, 14, 21, 28, 35, 45, 60, 90, 180, 360, 540, 720},
		.nwindows = 13,
		.by_window = true,
	},
};

/* Telco products, answered with a list of pairs. */
static const char *const telco_products[] = {"G", "GL1", "Q1", "DT1", "10"};

/* Rendered once: ,"name": of each series and window. */
static SbText labels[lengthof(forms)][MAX_SERIES][MAX_WINDOWS];

/* The last place of each row is the all-time count. */
typedef int Counts[MAX_SERIES][MAX_WINDOWS + 1];

static void
init(void)
{
	size_t f;
	int	   s;
	int	   w;

	for (f = 0; f < lengthof(forms); f++)
	{
		for (s = 0; s < forms[f].nseries; s++)
		{
			for (w = 0; w < forms[f].nwindows && forms[f].series[s] != NULL;
				 w++)
			{
				char label[64];

				snprintf(label, sizeof(label),
						 ",\"%s%d\":", forms[f].series[s],
						 forms[f].windows[w]);
				sb_text_str(&labels[f][s][w], label);
			}
		}
	}
}

/* joi's error, as LenderLink prints it; "key" is the member at fault. */
static void
put_validation_error(SbRequest *request, const char *key, const char *what,
					 const char *type)
{
	SbText *out = &request->out;
	SbText	message = {0};

	sb_text_str(&message, "\"");
	sb_text_str(&message, key);
	sb_text_str(&message, "\" ");
	sb_text_str(&message, what);
	request->status = 400;
	sb_text_str(out,
				"{\"statusCode\":400,\"error\":\"Bad Request\",\"message\":");
	sb_text_json(out, message.data, message.len);
	sb_text_str(out, ",\"details\":[{\"message\":");
	sb_text_json(out, message.data, message.len);
	sb_text_str(out, ",\"path\":[\"");
	sb_text_str(out, key);
	sb_text_str(out, "\"],\"type\":\"");
	sb_text_str(out, type);
	sb_text_str(out, "\",\"context\":{\"label\":\"");
	sb_text_str(out, key);
	sb_text_str(out, "\",\"key\":\"");
	sb_text_str(out, key);
	sb_text_str(out, "\"}}]}");
	sb_text_free(&message);
}

static void
refuse(SbRequest *request, int status, const char *message)
{
	const char *reason = MHD_get_reason_phrase_for((unsigned int) status);

	if (message == NULL && status == 403)
		message = "Insufficient scope";
	else if (message == NULL && status == 500)
		message = "An internal server error occurred";
	else if (message == NULL && status == 422)
		message = "The number does not belong to the product's operator";
	else if (message == NULL)
		message = reason;
	request->status = status;
	sb_text_str(&request->out, "{\"statusCode\":");
	sb_text_int(&request->out, status);
	sb_text_str(&request->out, ",\"error\":");
	sb_text_json(&request->out, reason, strlen(reason));
	sb_text_str(&request->out, ",\"message\":");
	sb_text_json(&request->out, message, strlen(message));
	sb_text_char(&request->out, '}');
}

/* Reads the body, by its content type a form or JSON. */
static void
read_members(SbRequest *request)
{
	const char *type =
		sb_request_get_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);

	if (type != NULL &&
		strncmp(type, "application/x-www-form-urlencoded", 33) == 0)
		request->nmembers = sb_form_members(request->in.data, request->in.len,
											request->members, SB_MAX_MEMBERS);
	else
		request->nmembers = sb_json_members(request->in.data, request->in.len,
											request->members, SB_MAX_MEMBERS);
}

static const SbMember *
member(const SbRequest *request, const char *name)
{
	const SbMember *found =
		sb_member(request->members, request->nmembers, name);

	return found != NULL && found->type == SB_MEMBER_STRING && found->len > 0
			   ? found
			   : NULL;
}

static void
identify_login(SbRequest *request)
{
	const SbMember *id;

	read_members(request);
	id = member(request, "client_id");
	if (id != NULL)
		sb_request_subject(request, id->value, id->len);
}

static void
put_token(SbRequest *request, const char *account)
{
	SbText		  *out = &request->out;
	SbLoginVariant variant = request->login_variant;
	int64_t		   expires_at;
	const char	  *token =
		sb_token_issue(request, account, TOKEN_LIFETIME, &expires_at);
	int64_t lifetime = expires_at - (int64_t) (sb_epoch_ms / 1000);
	bool	quoted =
		variant == SB_LOGIN_EXPIRES_IN_STRING || sb_settings.expires_in_string;

	sb_text_str(out, "{\"token_type\":\"Bearer\"");
	if (variant == SB_LOGIN_EXPIRES_AT_SECONDS ||
		variant == SB_LOGIN_EXPIRES_AT_MS)
	{
		sb_text_str(out, ",\"expires_at\":");
		sb_text_int(out, variant == SB_LOGIN_EXPIRES_AT_MS ? expires_at * 1000
														   : expires_at);
	}
	else if (variant != SB_LOGIN_NO_EXPIRES)
	{
		sb_text_str(out, quoted ? ",\"expires_in\":\"" : ",\"expires_in\":");
		sb_text_int(out, lifetime);
		sb_text_str(out, quoted ? "\"" : "");
	}
	if (variant != SB_LOGIN_NO_TOKEN)
	{
		sb_text_str(out, ",\"access_token\":");
		sb_text_json(out, token, strlen(token));
	}
	sb_text_char(out, '}');
}

static void
answer_token(SbRequest *request)
{
	static const char *const required[] = {"grant_type", "client_id",
										   "client_secret"};
	const SbMember			*secret = member(request, "client_secret");
	const SbAccount			*account;
	size_t					 i;

	for (i = 0; i < lengthof(required); i++)
	{
		if (member(request, required[i]) == NULL)
		{
			put_validation_error(request, required[i], "is required",
								 "any.required");
			return;
		}
	}
	if (!sb_member_is(member(request, "grant_type"), "client_credentials"))
	{
		put_validation_error(request, "grant_type",
							 "must be [client_credentials]", "any.only");
		return;
	}
	account = sb_account_find(accounts, request->subject, request->subject_len,
							  secret->value, secret->len);
	if (account == NULL)
		refuse(request, 401, NULL);
	else
		put_token(request, account->name);
}

/* Which form a request has: by its product, else by the number's name. */
static int
form_of(const SbRequest *request)
{
	const SbMember *products = member(request, "productIds");

	if (products != NULL && products->len >= 6 &&
		memcmp(products->value, "CVSCR2", 6) == 0)
		return 1;
	if (products == NULL && member(request, "cellphoneNumber") != NULL)
		return 1;
	return 0;
}

static void
identify_score(SbRequest *request)
{
	const SbMember *number;
	const SbMember *id;

	read_members(request);
	request->variant = form_of(request);
	number = member(request, forms[request->variant].number_field);
	if (number != NULL)
		sb_request_subject(request, number->value, number->len);
	id = member(request, "requestId");
	if (id != NULL)
		snprintf(request->request_id, sizeof(request->request_id), "%.*s",
				 (int) id->len, id->value);
}

static int
increment(uint64_t seed, int series, int w, uint64_t below)
{
	return (int) (sb_pick(seed, (uint64_t) (series * 64 + w)) % below);
}

/* Fills all series so that they agree with each other. */
static void
make_counts(uint64_t seed, const Form *form, Counts counts)
{
	int s;
	int w;

	memset(counts, 0, sizeof(Counts));
	for (w = 0; w <= form->nwindows; w++)
	{
		int before = w > 0 ? w - 1 : 0;

		for (s = PARTS; s < form->nseries; s++)
		{
			counts[s][w] =
				counts[s][before] + increment(seed, s, w, w < 4 ? 2 : 3);
			counts[OTHERS][w] += counts[s][w];
		}
		counts[SAME][w] = counts[SAME][before] + increment(seed, SAME, w, 2);
		counts[TOTAL][w] = counts[SAME][w] + counts[OTHERS][w];
		counts[UNIQUE][w] =
			counts[UNIQUE][before] + increment(seed, UNIQUE, w, 2);
		if (counts[UNIQUE][w] == 0 && counts[TOTAL][w] > 0)
			counts[UNIQUE][w] = 1;
		if (counts[UNIQUE][w] > counts[TOTAL][w])
			counts[UNIQUE][w] = counts[TOTAL][w];
	}
}

static void
put_count(SbText *out, int f, int s, int w, int count)
{
	static const char misprint[] = ",\"requestsNonBank17\":";
	bool			  odd = sb_settings.lac_oddities && f == 0;
	bool			  quoted = odd && s == UNIQUE && forms[f].windows[w] == 60;

	if (odd && s == forms[f].nseries - 1 && forms[f].windows[w] == 7)
		sb_text_str(out, misprint);
	else
		sb_text_mem(out, labels[f][s][w].data, labels[f][s][w].len);
	if (quoted)
		sb_text_char(out, '"');
	sb_text_int(out, count);
	if (quoted)
		sb_text_char(out, '"');
}

static void
put_counts(SbText *out, int f, Counts counts)
{
	const Form *form = &forms[f];
	int			outer = form->by_window ? form->nwindows : form->nseries;
	int			inner = form->by_window ? form->nseries : form->nwindows;
	int			i;
	int			k;

	for (i = 0; i < outer; i++)
	{
		for (k = 0; k < inner; k++)
		{
			int s = form->by_window ? k : i;
			int w = form->by_window ? i : k;

			if (form->series[s] != NULL)
				put_count(out, f, s, w, counts[s][w]);
		}
	}
	for (i = 0; i < 4; i++)
	{
		if (form->totals[i] == NULL)
			continue;
		sb_text_str(out, ",\"");
		sb_text_str(out, form->totals[i]);
		sb_text_str(out, "\":");
		sb_text_int(out, counts[i][form->nwindows]);
	}
}

/* Two members with score and band, each with a comma before it. */
static void
put_score(SbText *out, uint64_t seed, int mark, const char *score_name,
		  const char *band_name)
{
	int score = 300 + (int) (sb_pick(seed, 5000) % 600);

	sb_text_str(out, score_name);
	if (mark == MAGIC_NULL_SCORE)
		sb_text_str(out, "null");
	else
		sb_text_int(out, score);
	sb_text_str(out, band_name);
	if (mark == MAGIC_NULL_SCORE)
		sb_text_str(out, "null");
	else
		sb_text_int(out, 1 + (score - 300) / 60);
}

static void
put_form(SbText *out, int f, uint64_t seed, int mark)
{
	bool   place_product = f == 0 && sb_settings.lac_place == SB_LAC_PRODUCT;
	bool   place_totals = f == 0 && sb_settings.lac_place == SB_LAC_TOTALS;
	Counts counts;
	size_t start;

	make_counts(seed, &forms[f], counts);
	if (mark == MAGIC_NO_HIT)
		memset(counts, 0, sizeof(counts));
	sb_text_char(out, '"');
	sb_text_str(out, forms[f].product);
	sb_text_str(out, "\":{");
	if (f == 1)
	{
		sb_text_str(out, "\"cvScore\":{");
		put_score(out, seed, mark, "\"score\":", ",\"band\":");
		sb_text_str(out, "},");
	}
	sb_text_str(out, "\"cvTotals\":");
	start = out->len;
	put_counts(out, f, counts);
	out->data[start] = '{'; /* over the first comma */
	if (place_totals)
		put_score(out, seed, mark, ",\"scorePtd\":", ",\"bandPtd\":");
	sb_text_char(out, '}');
	if (place_product)
		put_score(out, seed, mark, ",\"scorePtd\":", ",\"bandPtd\":");
	sb_text_char(out, '}');
}

static void
put_telco(SbText *out, const char *product, size_t len, uint64_t seed)
{
	int score = 300 + (int) (sb_pick(seed, 6000) % 301);

	sb_text_json(out, product, len);
	sb_text_str(out, ":[[\"score\",");
	sb_text_int(out, score);
	sb_text_str(out, "],[\"band\",");
	sb_text_int(out, 10 - (score - 300) / 31);
	sb_text_str(out, "]]");
}

static bool
is_telco(const char *product, size_t len)
{
	size_t i;

	for (i = 0; i < lengthof(telco_products); i++)
	{
		if (strlen(telco_products[i]) == len &&
			memcmp(telco_products[i], product, len) == 0)
			return true;
	}
	return false;
}

/*
 * Walks "A;B;"; with "out" it writes each product's scores.  False when a
 * product is unknown or the last semicolon is missing.
 */
static bool
walk_products(const SbRequest *request, SbText *out, uint64_t seed, int mark)
{
	const SbMember *products = member(request, "productIds");
	const char	   *at = products->value;
	const char	   *end = at + products->len;
	const char	   *own = forms[request->variant].product;

	while (at < end)
	{
		const char *stop = memchr(at, ';', (size_t) (end - at));
		size_t		len;

		if (stop == NULL || stop == at)
			return false;
		len = (size_t) (stop - at);
		if (out != NULL && at > products->value)
			sb_text_char(out, ',');
		if (len == strlen(own) && memcmp(at, own, len) == 0)
		{
			if (out != NULL)
				put_form(out, request->variant, seed, mark);
		}
		else if (!is_telco(at, len))
			return false;
		else if (out != NULL)
			put_telco(out, at, len, seed);
		at = stop + 1;
	}
	return true;
}

static bool
good_number(const SbRequest *request)
{
	return request->subject_len == 12 &&
		   strncmp(request->subject, "63", 2) == 0 &&
		   strspn(request->subject, "0123456789") == 12 &&
		   (request->variant == 1 || request->subject[2] == '9');
}

/* Refuses what is missing or malformed, first thing first. */
static bool
validate(SbRequest *request)
{
	const char *number_field = forms[request->variant].number_field;

	if (request->nmembers < 0)
		refuse(request, 400, "Invalid request payload JSON format");
	else if (member(request, number_field) == NULL)
		put_validation_error(request, number_field, "is required",
							 "any.required");
	else if (!good_number(request))
		put_validation_error(request, number_field,
							 "fails to match the required pattern",
							 "string.pattern.base");
	else if (member(request, "productIds") == NULL)
		put_validation_error(request, "productIds", "is required",
							 "any.required");
	else if (!walk_products(request, NULL, 0, 0))
		put_validation_error(request, "productIds",
							 "must be a list of known products, "
							 "each followed by a semicolon",
							 "any.only");
	else if (member(request, "requestId") == NULL)
		put_validation_error(request, "requestId", "is required",
							 "any.required");
	else if (request->repeated_id && sb_settings.duplicate_status != 0)
		refuse(request, sb_settings.duplicate_status,
			   "requestId has been used before");
	else
		return true;
	return false;
}

static void
put_answer_head(SbRequest *request, const char *code, const char *result)
{
	const SbMember *id = member(request, "requestId");
	uint64_t		hash = sb_hash(id->value, id->len, 0);
	SbText		   *out = &request->out;

	sb_text_str(out, "{\"requestId\":");
	if (request->wrong_subject)
		sb_text_str(out, "\"of-somebody-else\"");
	else
		sb_text_json(out, id->value, id->len);
	sb_text_str(out, ",\"transactionId\":\"");
	sb_text_hex(out, hash, 16);
	sb_text_hex(out, sb_mix(hash + 1), 16);
	sb_text_str(out, "\",\"code\":\"");
	sb_text_str(out, code);
	sb_text_str(out, "\",\"result\":\"");
	sb_text_str(out, result);
	sb_text_char(out, '"');
}

static void
put_scores(SbRequest *request, int mark)
{
	SbText	*out = &request->out;
	uint64_t seed = sb_hash(request->subject, request->subject_len, 0);

	if (request->wrong_subject)
		seed++;
	put_answer_head(request, "0000", "ok");
	sb_text_str(out, ",\"scores\":{");
	walk_products(request, out, seed, mark);
	sb_text_char(out, '}');
	if (request->variant == 0 && sb_settings.lac_place == SB_LAC_TOP)
		put_score(out, seed, mark, ",\"scorePtd\":", ",\"bandPtd\":");
	sb_text_char(out, '}');
}

static void
answer_score(SbRequest *request)
{
	const char *header =
		sb_request_get_header(request, MHD_HTTP_HEADER_AUTHORIZATION);
	const SbMagic *mark =
		sb_magic_find(magic, request->subject, request->subject_len, true);

	if (header == NULL || strncmp(header, "Bearer ", 7) != 0 ||
		!sb_token_check(request, header + 7))
	{
		refuse(request, 401, NULL);
		return;
	}
	if (!validate(request) || sb_magic_refused(request))
		return;
	sb_text_reserve(&request->out, 4096);
	if (mark != NULL && mark->code == MAGIC_NO_SCORE)
	{
		put_answer_head(request, "1000", "OK but score not available");
		sb_text_str(&request->out, ",\"scores\":{}}");
	}
	else if (mark != NULL && mark->code == MAGIC_GENERAL_ERROR)
	{
		put_answer_head(request, "1111", "Error, general error");
		sb_text_char(&request->out, '}');
	}
	else if (mark != NULL && mark->code == MAGIC_UNAUTHORIZED_CODE)
	{
		put_answer_head(request, "401", "Unauthorized");
		sb_text_char(&request->out, '}');
	}
	else
		put_scores(request, mark != NULL ? mark->code : MAGIC_NONE);
}

static SbEndpoint endpoints[] = {
	{.path = "token",
	 .method = "POST",
	 .url = "/oauth/token",
	 .login = true,
	 .identify = identify_login,
	 .answer = answer_token},
	{.path = "token",
	 .method = "POST",
	 .url = "/oauth2/token",
	 .login = true,
	 .identify = identify_login,
	 .answer = answer_token},
	{.path = "score",
	 .method = "POST",
	 .url = "/api/v1/telco/score",
	 .identify = identify_score,
	 .answer = answer_score},
};

const SbProvider sb_lenderlink = {
	.name = "lenderlink",
	.endpoints = endpoints,
	.nendpoints = lengthof(endpoints),
	.refuse = refuse,
	.init = init,
	.duplicate_member = "\"code\":\"1111\",",
	.magic_help = "lenderlink score, by the last four digits",
	.magic = magic,
};
