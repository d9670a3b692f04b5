/*-------------------------------------------------------------------------
 * answer_statement.c
 *	  Reading the report on an M-Pesa statement; see answer_statement.h.
 *
 * Names of fields: https://docs.patascore.com/ , "Scoring Results".  One pass
 * over the transactions, for a statement may have a hundred thousand.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/answer_statement.h"

#include "miscadmin.h"

#include "reading/jsonb_read.h"

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

	reader->iterator = NULL;
	if (!cs_answer_statement_person(answer, &person) ||
		!cs_jsonb_read_get(&person, "statement_details", &details) ||
		!cs_jsonb_read_is_array(&details))
		return false;
	reader->iterator = JsonbIteratorInit(details.val.binary.data);
	return true;
}

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

static void
read_transaction(const JsonbValue *object, CsTransaction *transaction)
{
	JsonbValue time;

	transaction->id = get_text(object, "transaction_id", &transaction->id_len);
	transaction->type =
		get_text(object, "transaction_type", &transaction->type_len);
	transaction->received =
		cs_jsonb_read_get_number(object, "received_amount");
	transaction->sent = cs_jsonb_read_get_number(object, "sent_amount");
	transaction->balance = cs_jsonb_read_get_number(object, "balance_then");
	(void) cs_jsonb_read_get(object, "transaction_datetime", &time);
	transaction->has_time = cs_jsonb_read_timestamp(&time, &transaction->time,
													&transaction->has_offset,
													&transaction->offset);
}

bool
cs_answer_statement_next(CsTransactionReader *reader,
						 CsTransaction		 *transaction)
{
	JsonbIteratorToken token;
	JsonbValue		   element;

	while (reader->iterator != NULL &&
		   (token = JsonbIteratorNext(&reader->iterator, &element, true)) !=
			   WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token != WJB_ELEM || !cs_jsonb_read_is_object(&element))
			continue;
		read_transaction(&element, transaction);
		return true;
	}
	return false;
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
