/*-------------------------------------------------------------------------
 * answer_lac.c
 *	  Reading a Loan Applications Check; see answer_lac.h.
 *
 * Names: https://docs.lenderlink.ph/product-guides/api-integration-guides/
 * loan-applications-check-api (product 911), and the LAC block of the sample
 * that its mega-api page links, https://dimohh.github.io/json/ (CVSCR2).
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/answer_lac.h"

#include "miscadmin.h"
#include "utils/numeric.h"

#include "reading/jsonb_read.h"

/* Ten years and more; the longest known window has 720 days. */
#define WINDOW_MAX_DIGITS 4

/* Longer than any name of a series with its window. */
#define NAME_SIZE 64

/* --- products --- */

/* Adds a pair, if it is one. */
static void
push_pair(JsonbParseState **state, const JsonbValue *pair)
{
	JsonbValue name;
	JsonbValue value;

	if (cs_jsonb_read_count(pair) != 2 || !cs_jsonb_read_at(pair, 0, &name) ||
		name.type != jbvString || !cs_jsonb_read_at(pair, 1, &value))
		return;
	(void) pushJsonbValue(state, WJB_KEY, &name);
	(void) pushJsonbValue(state, WJB_VALUE, &value);
}

/* [["score", 337], ["band", 1]] as an object (guides, telco-score-api). */
static void
make_object(const JsonbValue *pairs, JsonbValue *object)
{
	JsonbParseState	  *state = NULL;
	JsonbIterator	  *iterator = JsonbIteratorInit(pairs->val.binary.data);
	JsonbIteratorToken token;
	JsonbValue		   pair;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while ((token = JsonbIteratorNext(&iterator, &pair, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			push_pair(&state, &pair);
	cs_jsonb_read_root(
		JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)),
		object);
}

static bool
as_object(JsonbValue *value)
{
	JsonbValue pairs = *value;

	if (cs_jsonb_read_is_array(&pairs))
		make_object(&pairs, value);
	return cs_jsonb_read_is_object(value);
}

bool
cs_answer_lac_get_object(const JsonbValue *object, const char *key,
						 JsonbValue *member)
{
	return cs_jsonb_read_get(object, key, member) && as_object(member);
}

/* Adds a product that is named in `scores`; was it there? */
static bool
push_product(JsonbParseState **state, const JsonbValue *answer,
			 const char *name, int len)
{
	char	  *key = pnstrdup(name, len);
	JsonbValue name_value = {.type = jbvString};
	JsonbValue product;

	if (!cs_jsonb_read_get(answer, key, &product) ||
		(!cs_jsonb_read_is_object(&product) &&
		 !cs_jsonb_read_is_array(&product)))
		return false;
	name_value.val.string.val = key;
	name_value.val.string.len = len;
	(void) pushJsonbValue(state, WJB_KEY, &name_value);
	(void) pushJsonbValue(state, WJB_VALUE, &product);
	return true;
}

/*
 * "scores": "911;" beside "911": {...}, as the guide has it to the letter, as
 * {"911": {...}}.  False when no product is there that it names.
 */
static bool
gather_products(const JsonbValue *answer, const JsonbValue *names,
				JsonbValue *scores)
{
	JsonbParseState *state = NULL;
	const char		*at = names->val.string.val;
	const char		*end = at + names->val.string.len;
	int				 found = 0;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while (at < end)
	{
		const char *stop = memchr(at, ';', end - at);

		stop = stop != NULL ? stop : end;
		if (stop > at && stop - at < NAME_SIZE)
			found += push_product(&state, answer, at, (int) (stop - at));
		at = stop + 1;
	}
	cs_jsonb_read_root(
		JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)),
		scores);
	return found > 0;
}

bool
cs_answer_lac_open(CsProductReader *reader, const JsonbValue *answer)
{
	JsonbValue scores;

	reader->iterator = NULL;
	if (!cs_jsonb_read_get(answer, "scores", &scores) ||
		(scores.type == jbvString &&
		 !gather_products(answer, &scores, &scores)) ||
		!cs_jsonb_read_is_object(&scores))
		return false;
	reader->iterator = JsonbIteratorInit(scores.val.binary.data);
	return true;
}

bool
cs_answer_lac_next(CsProductReader *reader, JsonbValue *product)
{
	JsonbIteratorToken token;

	while (reader->iterator != NULL &&
		   (token = JsonbIteratorNext(&reader->iterator, product, true)) !=
			   WJB_DONE)
		if (token == WJB_VALUE && as_object(product))
			return true;
	return false;
}

/* --- names of counts --- */

/*
 * A count is named after its series and its window.  Where two spellings of a
 * count are sent, the first of these is read.
 */
static const struct
{
	const char *name;
	CsLacSeries series;
} series_names[] = {
	{"requestsTotal", CS_LAC_TOTAL},	 {"reqTotal", CS_LAC_TOTAL},
	{"uniqueEntities", CS_LAC_ENTITIES}, {"unqEntities", CS_LAC_ENTITIES},
	{"requestsSame", CS_LAC_SAME},		 {"requestsOthers", CS_LAC_OTHERS},
	{"requestsOther", CS_LAC_OTHERS},	 {"reqOthers", CS_LAC_OTHERS},
	{"requestsBank", CS_LAC_BANK},		 {"reqBank", CS_LAC_BANK},
	{"requestsNonBank", CS_LAC_NONBANK},
};

/* The newer form's kinds of requests, and what they are called here. */
static const struct
{
	const char *name;
	const char *kind;
} kind_names[] = {
	{"reqBnpl", "bnpl"},		  {"reqPos", "pos"},
	{"reqDigiLoan", "digi_loan"}, {"reqDigiBank", "digi_bank"},
	{"reqCashLoan", "cash_loan"}, {"reqAuto", "auto"},
	{"reqBank", "bank"},		  {"reqDigiBnpl", "digi_bnpl"},
};

/* What follows a series' name instead of days: no series has both. */
static const char *const all_time[] = {"All", "TotalAll"};

/* Misprints of the guide, and what their texts say. */
static const struct
{
	const char *printed;
	const char *series;
	int			days;
} misprints[] = {
	{"requestsNonBank17", "requestsNonBank", 7},
};

/* Reads days; 0 when a text is something else. */
static int
read_days(const char *text, int len)
{
	int days = 0;

	if (len < 1 || len > WINDOW_MAX_DIGITS || text[0] == '0')
		return 0;
	for (int i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return 0;
		days = days * 10 + (text[i] - '0');
	}
	return days;
}

static bool
is_text(const char *text, int len, const char *wanted)
{
	return len == (int) strlen(wanted) && memcmp(text, wanted, len) == 0;
}

/* The window that a name of this series tells; 0 when it is another's. */
static int
window_after(const char *name, int len, const char *series)
{
	int skip = (int) strlen(series);

	if (len <= skip || memcmp(name, series, skip) != 0)
		return 0;
	for (int i = 0; i < (int) lengthof(all_time); i++)
		if (is_text(name + skip, len - skip, all_time[i]))
			return CS_LAC_ALL_TIME;
	return read_days(name + skip, len - skip);
}

/* The window of a count; 0 when the name is not a count's. */
static int
window_of(const char *name, int len)
{
	int days = 0;

	for (int i = 0; i < (int) lengthof(misprints); i++)
		if (is_text(name, len, misprints[i].printed))
			return misprints[i].days;
	for (int i = 0; days == 0 && i < (int) lengthof(series_names); i++)
		days = window_after(name, len, series_names[i].name);
	for (int i = 0; days == 0 && i < (int) lengthof(kind_names); i++)
		days = window_after(name, len, kind_names[i].name);
	return days;
}

/* --- counts --- */

/* Counts are not negative, nor fractional. */
static bool
read_count(const JsonbValue *totals, const char *name, int64 *count)
{
	JsonbValue member;

	return cs_jsonb_read_get(totals, name, &member) &&
		   cs_jsonb_read_int64(&member, count) && *count >= 0;
}

static bool
read_all_time(const JsonbValue *totals, const char *series, int64 *count)
{
	char name[NAME_SIZE];

	for (int i = 0; i < (int) lengthof(all_time); i++)
	{
		snprintf(name, sizeof(name), "%s%s", series, all_time[i]);
		if (read_count(totals, name, count))
			return true;
	}
	return false;
}

/* One count of a window, under one spelling of its series. */
static bool
read_series(const JsonbValue *totals, const char *series, int days,
			int64 *count)
{
	char name[NAME_SIZE];

	if (days == CS_LAC_ALL_TIME)
		return read_all_time(totals, series, count);
	snprintf(name, sizeof(name), "%s%d", series, days);
	if (read_count(totals, name, count))
		return true;
	for (int i = 0; i < (int) lengthof(misprints); i++)
		if (misprints[i].days == days &&
			strcmp(misprints[i].series, series) == 0 &&
			read_count(totals, misprints[i].printed, count))
			return true;
	return false;
}

/* The kinds of a window that have a count; NULL when none has. */
static Jsonb *
read_kinds(const JsonbValue *totals, int days)
{
	JsonbParseState *state = NULL;
	JsonbValue		 key = {.type = jbvString};
	JsonbValue		 value = {.type = jbvNumeric};
	int64			 count;

	for (int i = 0; i < (int) lengthof(kind_names); i++)
	{
		if (!read_series(totals, kind_names[i].name, days, &count))
			continue;
		if (state == NULL)
			(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		key.val.string.val = unconstify(char *, kind_names[i].kind);
		key.val.string.len = strlen(kind_names[i].kind);
		value.val.numeric = int64_to_numeric(count);
		(void) pushJsonbValue(&state, WJB_KEY, &key);
		(void) pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return state == NULL ? NULL
						 : JsonbValueToJsonb(
							   pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
read_window(const JsonbValue *totals, int days, CsLacWindow *window)
{
	memset(window, 0, sizeof(*window));
	window->days = days;
	for (int i = 0; i < (int) lengthof(series_names); i++)
	{
		CsLacSeries series = series_names[i].series;

		if (!window->has[series])
			window->has[series] = read_series(totals, series_names[i].name,
											  days, &window->count[series]);
	}
	window->by_kind = read_kinds(totals, days);
}

/* --- windows --- */

static int
compare_days(const void *a, const void *b)
{
	int left = *(const int *) a;
	int right = *(const int *) b;

	return (left > right) - (left < right);
}

/* The days of all counts of an object, each once, sorted; how many. */
static int
collect_days(const JsonbValue *totals, int **days)
{
	JsonbIterator	  *iterator = JsonbIteratorInit(totals->val.binary.data);
	JsonbIteratorToken token;
	JsonbValue		   key;
	int				   n = 0;
	int				   unique = 0;

	*days = palloc(Max(cs_jsonb_read_count(totals), 1) * sizeof(int));
	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		(*days)[n] = window_of(key.val.string.val, key.val.string.len);
		n += (*days)[n] != 0;
	}
	qsort(*days, n, sizeof(int), compare_days);
	for (int i = 0; i < n; i++)
		if (i == 0 || (*days)[i] != (*days)[i - 1])
			(*days)[unique++] = (*days)[i];
	return unique;
}

int
cs_answer_lac_windows(const JsonbValue *answer, CsLacWindow **windows)
{
	CsProductReader reader;
	JsonbValue		product;
	JsonbValue		totals;
	int			   *days;
	int				n = 0;

	(void) cs_answer_lac_open(&reader, answer);
	while (n == 0 && cs_answer_lac_next(&reader, &product))
	{
		/* a list of pairs may leave out the level of cvTotals */
		if (!cs_answer_lac_get_object(&product, "cvTotals", &totals))
			totals = product;
		n = collect_days(&totals, &days);
	}
	*windows = n > 0 ? palloc(n * sizeof(CsLacWindow)) : NULL;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_window(&totals, days[i], &(*windows)[i]);
	}
	return n;
}
