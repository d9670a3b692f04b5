/*-------------------------------------------------------------------------
 * answer_statement.c
 *	  Reading the report on an M-Pesa statement; see answer_statement.h.
 *
 * Names of fields: https://docs.patascore.com/ , "Scoring Results".  One pass
 * over the transactions, for a statement may have a hundred thousand.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/answer_statement.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "reading/jsonb_read.h"
#include "reading/plain.h"

/* data, an array in it, its element, a member of that: no deeper. */
#define PERSON_MAX_DEPTH 3

/* --- the person --- */

/* The persons found, and one of them. */
typedef struct Persons
{
	int		   count;
	JsonbValue person;
} Persons;

static bool
is_person(const JsonbValue *value)
{
	static const char *const scores[] = {"score_data", "score_output"};
	JsonbValue				 member;

	for (int i = 0; i < (int) lengthof(scores); i++)
		if (cs_jsonb_read_get(value, scores[i], &member) &&
			cs_jsonb_read_is_object(&member))
			return true;
	return cs_jsonb_read_get(value, "statement_details", &member) &&
		   cs_jsonb_read_is_array(&member);
}

/*
 * Looks at a value, the elements of a list, the members of an object; not
 * into a person, and not into fraud_data, which tells of the same person.
 */
static void
find_persons(const JsonbValue *value, int depth, Persons *persons)
{
	JsonbIterator	  *iterator;
	JsonbIteratorToken token;
	JsonbValue		   inner;
	bool			   skip = false;

	if (is_person(value))
	{
		persons->count++;
		persons->person = *value;
		return;
	}
	if (depth == PERSON_MAX_DEPTH || value->type != jbvBinary)
		return;
	iterator = JsonbIteratorInit(value->val.binary.data);
	while (persons->count <= 1 &&
		   (token = JsonbIteratorNext(&iterator, &inner, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			skip = inner.val.string.len == strlen("fraud_data") &&
				   memcmp(inner.val.string.val, "fraud_data",
						  strlen("fraud_data")) == 0;
		else if (token == WJB_ELEM || (token == WJB_VALUE && !skip))
			find_persons(&inner, depth + 1, persons);
	}
}

bool
cs_answer_statement_person(const JsonbValue *answer, JsonbValue *person)
{
	Persons	   persons = {0};
	JsonbValue data;

	if (cs_jsonb_read_get(answer, "data", &data))
		find_persons(&data, 0, &persons);
	if (persons.count == 0 && is_person(answer))
	{
		persons.count = 1;
		persons.person = *answer;
	}
	if (persons.count != 1)
		return false;
	*person = persons.person;
	return true;
}

/* --- its transactions --- */

bool
cs_answer_statement_open(CsTransactionReader *reader, const JsonbValue *answer)
{
	JsonbValue person;
	JsonbValue details;

	memset(reader, 0, sizeof(*reader));
	if (!cs_answer_statement_person(answer, &person) ||
		!cs_jsonb_read_get(&person, "statement_details", &details) ||
		!cs_jsonb_read_is_array(&details))
		return false;
	reader->details = details.val.binary.data;
	reader->iterator = JsonbIteratorInit(reader->details);
	return true;
}

/* The next object of the array; false after the last. */
static bool
next_object(JsonbIterator **iterator, JsonbValue *element)
{
	JsonbIteratorToken token;

	while (*iterator != NULL &&
		   (token = JsonbIteratorNext(iterator, element, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM && cs_jsonb_read_is_object(element))
			return true;
	}
	return false;
}

/* --- what is printed in more than one way --- */

static const char *const amount_names[] = {"received_amount", "sent_amount",
										   "balance_then"};

#define TIME_NAME "transaction_datetime"

/* A member, a text in plain characters; false: it is not there, or null. */
static bool
get_cell(const JsonbValue *object, const char *key, JsonbValue *cell)
{
	int len;

	if (!cs_jsonb_read_get(object, key, cell))
		return false;
	if (cell->type == jbvString)
	{
		cell->val.string.val =
			unconstify(char *, cs_plain_text(cell->val.string.val,
											 cell->val.string.len, &len));
		cell->val.string.len = len;
	}
	return true;
}

/*
 * Asks all cells in which way they are printed.  It takes a pass over the
 * array, and few statements have a cell that needs it.
 */
static const CsPrintedForms *
survey(CsTransactionReader *reader)
{
	JsonbIterator *iterator = JsonbIteratorInit(reader->details);
	JsonbValue	   element;
	JsonbValue	   cell;

	while (!reader->surveyed && next_object(&iterator, &element))
	{
		if (get_cell(&element, TIME_NAME, &cell) && cell.type == jbvString)
			cs_printed_survey_time(cell.val.string.val, cell.val.string.len,
								   &reader->forms);
		for (int i = 0; i < (int) lengthof(amount_names); i++)
			if (get_cell(&element, amount_names[i], &cell) &&
				cell.type == jbvString)
				cs_printed_survey_amount(cell.val.string.val,
										 cell.val.string.len, &reader->forms);
	}
	reader->surveyed = true;
	return &reader->forms;
}

/* An amount with commas; NULL: it is none, or could be another one, too. */
static Numeric
read_commas(CsTransactionReader *reader, const JsonbValue *cell)
{
	char	   plain[CS_PRINTED_AMOUNT];
	JsonbValue amount = {.type = jbvString};
	CsPrinted  printed;

	if (cell->type != jbvString)
		return NULL;
	printed = cs_printed_amount(cell->val.string.val, cell->val.string.len,
								&reader->forms, plain);
	if (printed == CS_PRINTED_BY_FORMS && !reader->surveyed)
		printed = cs_printed_amount(cell->val.string.val, cell->val.string.len,
									survey(reader), plain);
	if (printed == CS_PRINTED_NOT || printed == CS_PRINTED_AMBIGUOUS)
		return NULL;
	amount.val.string.val = plain;
	amount.val.string.len = strlen(plain);
	return cs_jsonb_read_number(&amount);
}

static Numeric
get_amount(CsTransactionReader *reader, const JsonbValue *object,
		   const char *key, bool *unread)
{
	JsonbValue cell;
	Numeric	   amount = NULL;

	if (get_cell(object, key, &cell))
	{
		amount = cs_jsonb_read_number(&cell);
		if (amount == NULL)
			amount = read_commas(reader, &cell);
	}
	*unread =
		amount == NULL && cell.type != jbvNull &&
		!(cell.type == jbvString &&
		  cs_jsonb_read_is_blank(cell.val.string.val, cell.val.string.len));
	return amount;
}

static void
take_time(const CsPrintedTime *printed, CsTransaction *transaction)
{
	struct pg_tm tm = {.tm_year = printed->year,
					   .tm_mon = printed->month,
					   .tm_mday = printed->day,
					   .tm_hour = printed->hour,
					   .tm_min = printed->minute,
					   .tm_sec = printed->second};

	transaction->has_time =
		tm2timestamp(&tm, printed->microsecond, NULL, &transaction->time) == 0;
	transaction->has_offset = printed->has_offset;
	transaction->offset = printed->offset;
}

static void
get_time(CsTransactionReader *reader, const JsonbValue *object,
		 CsTransaction *transaction)
{
	CsPrintedTime time;
	CsPrinted	  printed;
	JsonbValue	  cell;

	transaction->has_time = transaction->has_offset = false;
	transaction->offset = 0;
	if (!get_cell(object, TIME_NAME, &cell) || cell.type != jbvString)
		return;
	printed = cs_printed_time(cell.val.string.val, cell.val.string.len,
							  &reader->forms, &time);
	if (printed == CS_PRINTED_AMBIGUOUS && !reader->surveyed)
		printed = cs_printed_time(cell.val.string.val, cell.val.string.len,
								  survey(reader), &time);
	if (printed == CS_PRINTED_READ || printed == CS_PRINTED_BY_FORMS)
		take_time(&time, transaction);
}

/* --- rows --- */

static const char *
get_text(const JsonbValue *object, const char *key, int *len)
{
	JsonbValue member;

	*len = 0;
	if (!cs_jsonb_read_get(object, key, &member) || member.type != jbvString)
		return NULL;
	*len = member.val.string.len;
	return member.val.string.val;
}

/* The receipt; where a cell is wrapped, blanks come along. */
static void
get_id(const JsonbValue *object, CsTransaction *transaction)
{
	JsonbValue id;

	transaction->id = NULL;
	transaction->id_len = 0;
	if (!get_cell(object, "transaction_id", &id) || id.type != jbvString)
		return;
	transaction->id = id.val.string.val;
	transaction->id_len = id.val.string.len;
}

static Numeric
magnitude(Numeric number)
{
	return number == NULL ? NULL
						  : DatumGetNumeric(DirectFunctionCall1(
								numeric_abs, NumericGetDatum(number)));
}

static void
read_transaction(CsTransactionReader *reader, const JsonbValue *object,
				 CsTransaction *transaction)
{
	bool unread;

	get_id(object, transaction);
	transaction->type =
		get_text(object, "transaction_type", &transaction->type_len);
	transaction->received =
		get_amount(reader, object, amount_names[0], &unread);
	transaction->sent =
		magnitude(get_amount(reader, object, amount_names[1], &unread));
	transaction->balance = get_amount(reader, object, amount_names[2],
									  &transaction->balance_unread);
	get_time(reader, object, transaction);
}

bool
cs_answer_statement_next(CsTransactionReader *reader,
						 CsTransaction		 *transaction)
{
	JsonbValue element;

	if (!next_object(&reader->iterator, &element))
		return false;
	read_transaction(reader, &element, transaction);
	return true;
}

/* --- its trends --- */

static const char *const trend_names[CS_TRENDS] = {
	"received_amount_trend", "sent_amount_trend", "balance_amount_trend"};

/* "YYYY-MM-DD"; a length that leaves no room for another spelling. */
static bool
read_date(const JsonbValue *key, DateADT *date)
{
	Timestamp moment;
	bool	  has_offset;
	int		  offset;

	if (key->val.string.len != strlen("YYYY-MM-DD") ||
		!cs_jsonb_read_timestamp(key, &moment, &has_offset, &offset))
		return false;
	*date = (DateADT) (moment / USECS_PER_DAY);
	return true;
}

/* Adds the months of a trend, each with the amount of this trend only. */
static void
read_trend(const JsonbValue *person, CsTrend trend, CsMonth *months, int *n)
{
	JsonbIterator	  *iterator;
	JsonbIteratorToken token;
	JsonbValue		   member;
	bool			   is_month = false;

	if (!cs_jsonb_read_get(person, trend_names[trend], &member) ||
		!cs_jsonb_read_is_object(&member))
		return;
	iterator = JsonbIteratorInit(member.val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &member, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			is_month = read_date(&member, &months[*n].end);
		else if (token == WJB_VALUE && is_month)
			months[(*n)++].amounts[trend] = cs_jsonb_read_number(&member);
	}
}

static int
compare_months(const void *a, const void *b)
{
	DateADT left = ((const CsMonth *) a)->end;
	DateADT right = ((const CsMonth *) b)->end;

	return (left > right) - (left < right);
}

/* Puts what several trends tell of a month together; how many months. */
static int
merge_months(CsMonth *months, int n)
{
	int merged = 0;

	qsort(months, n, sizeof(CsMonth), compare_months);
	for (int i = 0; i < n; i++)
	{
		if (merged == 0 || months[merged - 1].end != months[i].end)
			months[merged++] = months[i];
		for (int trend = 0; trend < CS_TRENDS; trend++)
			if (months[i].amounts[trend] != NULL)
				months[merged - 1].amounts[trend] = months[i].amounts[trend];
	}
	return merged;
}

int
cs_answer_statement_trends(const JsonbValue *answer, CsMonth **months)
{
	JsonbValue person;
	JsonbValue trend;
	uint32	   room = 0;
	int		   n = 0;

	*months = NULL;
	if (!cs_answer_statement_person(answer, &person))
		return 0;
	for (int i = 0; i < CS_TRENDS; i++)
		if (cs_jsonb_read_get(&person, trend_names[i], &trend) &&
			cs_jsonb_read_is_object(&trend))
			room += cs_jsonb_read_count(&trend);
	/* one more, where a key that is no month may be looked at */
	*months = palloc0((room + 1) * sizeof(CsMonth));
	for (int i = 0; i < CS_TRENDS; i++)
		read_trend(&person, (CsTrend) i, *months, &n);
	return merge_months(*months, n);
}
