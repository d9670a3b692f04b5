/*-------------------------------------------------------------------------
 * answer_statement.h
 *	  Reading the report on an M-Pesa statement that is a jsonb value.
 *
 * Where the person lies in a report is not documented.  It is found as
 * provider_patascore.c finds it in a reply: by the fields a person has, at
 * most three steps below `data`; here also as the whole value.
 *------------------------------------------------------------------------- */
#ifndef CS_ANSWER_STATEMENT_H
#define CS_ANSWER_STATEMENT_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "reading/printed.h"

/*
 * The object that has score_data, score_output (objects) or statement_details
 * (an array); false when there is none, or more than one.
 */
extern bool
cs_answer_statement_person(const JsonbValue *answer, JsonbValue *person);

/*
 * One of statement_details; what is absent or malformed is NULL or false, and
 * so is what could be read in two ways where no other row tells in which.
 */
typedef struct CsTransaction
{
	const char *id; /* plain (plain.h), not terminated */
	int			id_len;
	const char *type; /* into the jsonb, not terminated */
	int			type_len;
	Numeric		received; /* may point into the jsonb, like the next two */
	Numeric		sent;	  /* its magnitude, as statements print it negative */
	Numeric		balance;  /* after the transaction */
	bool		balance_unread; /* one is there, but cannot be read */
	bool		has_time;
	bool		has_offset;
	int			offset; /* seconds east of UTC */
	Timestamp	time;	/* as written, the offset apart */
} CsTransaction;

/* A reading of the transactions, from the first to the last. */
typedef struct CsTransactionReader
{
	JsonbIterator  *iterator; /* NULL: at the end */
	JsonbContainer *details;
	bool			surveyed; /* are the forms those of all cells? */
	CsPrintedForms	forms;
} CsTransactionReader;

/*
 * Starts one; false when the answer has no array of transactions, and then
 * cs_answer_statement_next gives none.  Memory is taken from the current context,
 * besides the reader only for texts that are not plain, and for numbers that
 * were sent as strings.
 */
extern bool cs_answer_statement_open(CsTransactionReader *reader,
									 const JsonbValue	 *answer);

/* The next one; false after the last.  Elements that are no objects do not
 * count. */
extern bool cs_answer_statement_next(CsTransactionReader *reader,
									 CsTransaction		 *transaction);

typedef enum CsTrend
{
	CS_TREND_RECEIVED,
	CS_TREND_SENT,
	CS_TREND_BALANCE,
	CS_TRENDS
} CsTrend;

/* A month of the trends. */
typedef struct CsMonth
{
	DateADT end;
	Numeric amounts[CS_TRENDS]; /* NULL: not told */
} CsMonth;

/* The months of all three trends, ascending; returns how many. */
extern int
cs_answer_statement_trends(const JsonbValue *answer, CsMonth **months);

#endif /* CS_ANSWER_STATEMENT_H */
