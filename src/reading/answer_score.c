/*-------------------------------------------------------------------------
 * answer_score.c
 *	  One score out of the answer of any provider; see answer_score.h.
 *
 * Answers are recognised by their shape.  Facts come from the providers'
 * public documentation; comments name the page.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/answer_score.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "reading/answer_lac.h"
#include "reading/answer_statement.h"
#include "reading/jsonb_read.h"
#include "reading/plain.h"
#include "reading/printed.h"

/* --- values --- */

static int
compare(Numeric number, int64 bound)
{
	return DatumGetInt32(
		DirectFunctionCall2(numeric_cmp, NumericGetDatum(number),
							NumericGetDatum(int64_to_numeric(bound))));
}

/* A number within bounds; beyond them it is none, and not the bound. */
static Numeric
within(Numeric number, int64 low, int64 high)
{
	return number != NULL && compare(number, low) >= 0 &&
				   compare(number, high) <= 0
			   ? number
			   : NULL;
}

/* No provider has negative scores or amounts; some have codes below zero. */
static Numeric
not_negative(Numeric number)
{
	return number != NULL && compare(number, 0) >= 0 ? number : NULL;
}

/* A text; one of blanks says nothing. */
static text *
get_text(const JsonbValue *object, const char *key)
{
	JsonbValue member;

	if (!cs_jsonb_read_get(object, key, &member) || member.type != jbvString)
		return NULL;
	return cs_jsonb_read_is_blank(member.val.string.val, member.val.string.len)
			   ? NULL
			   : cs_jsonb_read_text(&member);
}

static void
add_reason(CsScore *score, text *reason)
{
	if (reason != NULL)
		score->reasons[score->nreasons++] = reason;
}

static CsTold
told(bool truth)
{
	return truth ? CS_TOLD_YES : CS_TOLD_NO;
}

/* --- Pngme --- */

/*
 * quickstart-guide, near real-time decisioning: a decision stands when the
 * user is older than five minutes.
 */
#define YOUNG_MINUTES "user_created_at_elapsed_minutes"
#define YOUNG		  5

static bool
is_pngme(const JsonbValue *answer)
{
	return cs_jsonb_read_has(answer, "risk_score") ||
		   cs_jsonb_read_has(answer, "features") ||
		   cs_jsonb_read_has(answer, YOUNG_MINUTES);
}

/* getnigeriariskscore: 0 to 1, the probability of an overdue loan. */
static void
read_pngme(const JsonbValue *answer, CsScore *score)
{
	Numeric minutes =
		not_negative(cs_jsonb_read_get_number(answer, YOUNG_MINUTES));

	score->score =
		within(cs_jsonb_read_get_number(answer, "risk_score"), 0, 1);
	score->score_min = int64_to_numeric(0);
	score->score_max = int64_to_numeric(1);
	score->higher_is_better = CS_TOLD_NO;
	score->probability = score->score;
	if (minutes != NULL)
		score->ready = told(compare(minutes, YOUNG) > 0);
}

/* --- LenderLink --- */

/*
 * Operation codes of FinScore, the service behind: all is well, but there is
 * no score; and failures, beside which scores would mean nothing.
 */
static const struct
{
	int			code;
	bool		failure;
	const char *meaning;
} no_score_codes[] = {
	{1000, false, "1000: no score available"},
	{1111, true, "1111: general error"},
	{401, true, "401: unauthorized"},
};

/* An operation code is a string or a number. */
static bool
code_is(const JsonbValue *answer, int code)
{
	JsonbValue member;
	int64	   number;

	return cs_jsonb_read_get(answer, "code", &member) &&
		   cs_jsonb_read_int64(&member, &number) && number == code;
}

/* Which code says that there is no score; -1: none does. */
static int
find_code(const JsonbValue *answer)
{
	for (int i = 0; i < (int) lengthof(no_score_codes); i++)
		if (code_is(answer, no_score_codes[i].code))
			return i;
	return -1;
}

static bool
is_lenderlink(const JsonbValue *answer)
{
	CsProductReader reader;

	return cs_answer_lac_open(&reader, answer) || find_code(answer) >= 0;
}

/*
 * Where a score may stand, the check's own before a telco product's: in the
 * answer or in a product, or in a member of the product.
 *
 * loan-applications-check-api: scorePtd and bandPtd, higher is better, bands
 * 1 to 10; their place is not told.  https://dimohh.github.io/json/ : cvScore.
 * telco-score-api: pairs in the product itself, bands up to 23.
 */
static const struct
{
	bool		outside; /* in the answer */
	const char *member;	 /* NULL: in the product itself */
	const char *score;
	const char *band;
	int			last_band;
	CsTold		higher_is_better;
	bool		telco;
} places[] = {
	{true, NULL, "scorePtd", "bandPtd", 10, CS_TOLD_YES, false},
	{false, NULL, "scorePtd", "bandPtd", 10, CS_TOLD_YES, false},
	{false, "cvTotals", "scorePtd", "bandPtd", 10, CS_TOLD_YES, false},
	{false, "cvScore", "score", "band", PG_INT32_MAX, CS_UNTOLD, false},
	{false, NULL, "score", "band", PG_INT32_MAX, CS_UNTOLD, true},
};

/* telco-score-api: values that are no scores, and why there is none. */
static const struct
{
	int			value;
	const char *meaning;
} no_scores[] = {
	{-9, "-9: Sun subscriber"},
	{-8, "-8: Smart broadband or another kind of subscription"},
	{-7, "-7: Smart subscriber registered too recently"},
};

static void
explain_no_score(Numeric value, CsScore *score)
{
	for (int i = 0; value != NULL && i < (int) lengthof(no_scores); i++)
		if (compare(value, no_scores[i].value) == 0)
			add_reason(score, cstring_to_text(no_scores[i].meaning));
}

/* What one place says. */
typedef struct PlaceScore
{
	bool	found; /* is a score or a band there, of whatever form? */
	Numeric value; /* as it is sent, if it is a number */
	int		band;  /* 0: none */
} PlaceScore;

static void
read_place(const JsonbValue *object, int place, PlaceScore *read)
{
	JsonbValue value;
	JsonbValue band;
	int64	   which;
	bool has_score = cs_jsonb_read_get(object, places[place].score, &value);

	read->found =
		cs_jsonb_read_get(object, places[place].band, &band) || has_score;
	read->value = cs_jsonb_read_number(&value);
	read->band = 0;
	if (cs_jsonb_read_int64(&band, &which) && which >= 1 &&
		which <= places[place].last_band)
		read->band = (int) which;
}

/* In the first product that has something there. */
static void
find_place(const JsonbValue *answer, int place, PlaceScore *read)
{
	CsProductReader reader;
	JsonbValue		product;
	const char	   *member = places[place].member;

	memset(read, 0, sizeof(*read));
	if (places[place].outside)
	{
		read_place(answer, place, read);
		return;
	}
	(void) cs_answer_lac_open(&reader, answer);
	while (!read->found && cs_answer_lac_next(&reader, &product))
		if (member == NULL ||
			cs_answer_lac_get_object(&product, member, &product))
			read_place(&product, place, read);
}

/*
 * The first place with a score that can be one; if there is none, what the
 * first place says that says anything.
 */
static void
read_lenderlink(const JsonbValue *answer, CsScore *score)
{
	int	 code = find_code(answer);
	bool chosen = false;

	if (code >= 0)
		add_reason(score, cstring_to_text(no_score_codes[code].meaning));
	/* beside a failure scores would mean nothing */
	for (int i = 0; i < (int) lengthof(places) &&
					(code < 0 || !no_score_codes[code].failure);
		 i++)
	{
		PlaceScore read;

		find_place(answer, i, &read);
		if (places[i].telco)
		{
			score->telco_score = not_negative(read.value);
			score->telco_band = read.band;
		}
		if (!read.found || score->score != NULL ||
			(chosen && not_negative(read.value) == NULL))
			continue;
		chosen = true;
		score->score = not_negative(read.value);
		score->higher_is_better = places[i].higher_is_better;
		score->band = read.band;
		if (places[i].telco)
			explain_no_score(read.value, score);
	}
}

/* --- Patascore --- */

static bool
is_patascore(const JsonbValue *answer)
{
	JsonbValue person;

	return cs_answer_statement_person(answer, &person);
}

/* "45.56", in percent, as 0.4556; exactly. */
static Numeric
percent(Numeric number)
{
	number = within(number, 0, 100);
	if (number == NULL)
		return NULL;
	return DatumGetNumeric(
		DirectFunctionCall2(numeric_mul, NumericGetDatum(number),
							NumericGetDatum(int64_div_fast_to_numeric(1, 2))));
}

/* A part of a string as a number. */
static Numeric
number_in(const char *text, int len)
{
	JsonbValue part = {.type = jbvString};

	part.val.string.val = unconstify(char *, text);
	part.val.string.len = len;
	return cs_jsonb_read_number(&part);
}

/* "[4386.0, 6579.0]": a list within a string. */
static void
read_limit_list(const JsonbValue *string, Numeric *low, Numeric *high)
{
	const char *at = string->val.string.val;
	int			len = string->val.string.len;
	const char *comma;

	if (len < 2 || at[0] != '[' || at[len - 1] != ']')
		return;
	at++;
	len -= 2;
	comma = memchr(at, ',', len);
	if (comma == NULL)
		return;
	*low = number_in(at, comma - at);
	*high = number_in(comma + 1, at + len - (comma + 1));
}

/* An amount in a string, which may have commas between thousands. */
static Numeric
amount_in(const char *text, int len)
{
	static const CsPrintedForms forms = {false, false, false};
	Numeric						amount = number_in(text, len);
	char						plain[CS_PRINTED_AMOUNT];

	if (amount == NULL &&
		cs_printed_amount(text, len, &forms, plain) != CS_PRINTED_NOT)
		amount = number_in(plain, (int) strlen(plain));
	return amount;
}

/* "2,000 - 3,000", or one amount, which is both ends. */
static void
read_limit_range(const JsonbValue *string, Numeric *low, Numeric *high)
{
	int			len;
	const char *text =
		cs_plain_text(string->val.string.val, string->val.string.len, &len);
	const char *dash = len > 0 ? memchr(text + 1, '-', len - 1) : NULL;

	*low = amount_in(text, dash != NULL ? (int) (dash - text) : len);
	*high = dash != NULL ? amount_in(dash + 1, text + len - (dash + 1)) : *low;
}

/*
 * "Scoring Results": a list in a string; older reports have one number, which
 * is both ends, or two with a dash between.  Amounts are not negative, and in
 * order.
 */
static void
read_limit(const JsonbValue *data, CsScore *score)
{
	JsonbValue limit;
	JsonbValue end;
	Numeric	   low = NULL;
	Numeric	   high = NULL;

	if (!cs_jsonb_read_get(data, "limit", &limit))
		return;
	if (cs_jsonb_read_is_array(&limit) && cs_jsonb_read_count(&limit) == 2)
	{
		low = cs_jsonb_read_at(&limit, 0, &end) ? cs_jsonb_read_number(&end)
												: NULL;
		high = cs_jsonb_read_at(&limit, 1, &end) ? cs_jsonb_read_number(&end)
												 : NULL;
	}
	else if ((low = high = cs_jsonb_read_number(&limit)) == NULL &&
			 limit.type == jbvString)
	{
		read_limit_list(&limit, &low, &high);
		if (low == NULL && high == NULL)
			read_limit_range(&limit, &low, &high);
	}
	if (not_negative(low) == NULL || high == NULL ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(low),
										  NumericGetDatum(high))) > 0)
		return;
	score->limit_low = low;
	score->limit_high = high;
}

static void
read_patascore(const JsonbValue *answer, CsScore *score)
{
	static const char *const reasons[] = {"reason_code_1", "reason_code_2",
										  "reason_code_3", "reason_code_4"};
	JsonbValue				 person;
	JsonbValue				 data;

	(void) cs_answer_statement_person(answer, &person);
	/* older reports say score_output, and score instead of credit_score */
	if (!cs_jsonb_read_get(&person, "score_data", &data) ||
		!cs_jsonb_read_is_object(&data))
		(void) cs_jsonb_read_get(&person, "score_output", &data);
	score->score = not_negative(cs_jsonb_read_get_number(
		&data,
		cs_jsonb_read_has(&data, "credit_score") ? "credit_score" : "score"));
	score->probability =
		percent(cs_jsonb_read_get_number(&data, "probability"));
	score->grade = get_text(&data, "grade");
	read_limit(&data, score);
	for (int i = 0; i < (int) lengthof(reasons); i++)
		add_reason(score, get_text(&data, reasons[i]));
}

/* --- Weza --- */

/* The outcome in an assessment; or the value is an outcome itself. */
static bool
get_outcome(const JsonbValue *answer, JsonbValue *outcome)
{
	if (cs_jsonb_read_get(answer, "result", outcome) &&
		cs_jsonb_read_is_object(outcome) && cs_jsonb_read_count(outcome) > 0)
		return true;
	*outcome = *answer;
	return cs_jsonb_read_has(answer, "creditScore") ||
		   cs_jsonb_read_has(answer, "creditRating");
}

/* An assessment has its id and its type, whatever has become of it. */
static bool
is_weza(const JsonbValue *answer)
{
	JsonbValue outcome;

	return (cs_jsonb_read_has(answer, "assessmentId") &&
			cs_jsonb_read_has(answer, "assessmentType")) ||
		   (get_outcome(answer, &outcome) &&
			(cs_jsonb_read_has(&outcome, "creditScore") ||
			 cs_jsonb_read_has(&outcome, "creditRating")));
}

/* apps.assessments: result is null until the assessment is processed. */
static void
read_weza(const JsonbValue *answer, CsScore *score)
{
	JsonbValue outcome;

	if (!get_outcome(answer, &outcome))
		return;
	score->decision = get_text(&outcome, "type");
	score->risk_level = get_text(&outcome, "riskLevel");
	score->risk_score = cs_jsonb_read_get_number(&outcome, "riskScore");
	score->score =
		not_negative(cs_jsonb_read_get_number(&outcome, "creditScore"));
	score->grade = get_text(&outcome, "creditRating");
	add_reason(score, get_text(&outcome, "reason"));
	add_reason(score, get_text(&outcome, "message"));
}

/* --- all of them --- */

static const struct
{
	const char *name;
	bool (*recognise)(const JsonbValue *answer);
	void (*read)(const JsonbValue *answer, CsScore *score);
	bool always_final; /* is a score that is there final? */
} providers[] = {
	{"pngme", is_pngme, read_pngme, false},
	{"lenderlink", is_lenderlink, read_lenderlink, true},
	{"patascore", is_patascore, read_patascore, true},
	{"weza", is_weza, read_weza, true},
};

void
cs_answer_score_read(const JsonbValue *answer, CsScore *score)
{
	memset(score, 0, sizeof(*score));
	for (int i = 0; i < (int) lengthof(providers); i++)
	{
		if (!providers[i].recognise(answer))
			continue;
		score->provider = providers[i].name;
		providers[i].read(answer, score);
		/* of a user who is too young there may be one */
		if (score->score == NULL)
			score->ready = CS_TOLD_NO;
		else if (score->ready == CS_UNTOLD && providers[i].always_final)
			score->ready = CS_TOLD_YES;
		return;
	}
}
