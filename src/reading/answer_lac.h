/*-------------------------------------------------------------------------
 * answer_lac.h
 *	  Reading a Loan Applications Check that is a jsonb value.
 *
 * What it returns is allocated in the current memory context or points into
 * the jsonb.
 *------------------------------------------------------------------------- */
#ifndef CS_ANSWER_LAC_H
#define CS_ANSWER_LAC_H

#include "postgres.h"

#include "utils/jsonb.h"

/* A reading of the products under `scores`, in the order of their names'
 * lengths and bytes, as jsonb has them. */
typedef struct CsProductReader
{
	JsonbIterator *iterator; /* NULL: at the end */
} CsProductReader;

/*
 * False when the answer's `scores` is neither an object nor a text that names
 * members of the answer, as "911;".
 */
extern bool
cs_answer_lac_open(CsProductReader *reader, const JsonbValue *answer);

/* The next one as an object; products of other forms do not count. */
extern bool cs_answer_lac_next(CsProductReader *reader, JsonbValue *product);

/*
 * A member that is an object, or a list of [name, value] pairs, which becomes
 * one; false for anything else.  May be the same variable.
 */
extern bool cs_answer_lac_get_object(const JsonbValue *object, const char *key,
									 JsonbValue *member);

typedef enum CsLacSeries
{
	CS_LAC_TOTAL,
	CS_LAC_ENTITIES,
	CS_LAC_SAME,
	CS_LAC_OTHERS,
	CS_LAC_BANK,
	CS_LAC_NONBANK,
	CS_LAC_SERIES
} CsLacSeries;

/* The counts of one window. */
typedef struct CsLacWindow
{
	int	   days; /* CS_LAC_ALL_TIME: of all time */
	bool   has[CS_LAC_SERIES];
	int64  count[CS_LAC_SERIES];
	Jsonb *by_kind; /* {"bnpl": 1, ...}; NULL: the form has no kinds */
} CsLacWindow;

/* Stands after every window when sorted. */
#define CS_LAC_ALL_TIME PG_INT32_MAX

/*
 * The windows of the first product that has some, by days; returns how many.
 * A window counts when a member is named after it, whatever its value.
 */
extern int
cs_answer_lac_windows(const JsonbValue *answer, CsLacWindow **windows);

#endif /* CS_ANSWER_LAC_H */
