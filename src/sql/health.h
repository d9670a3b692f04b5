/*-------------------------------------------------------------------------
 * health.h
 *	  The rows of credscore_health() under construction.
 *
 * A row is known by its check and what that is of; none comes twice, so that a
 * scraper may take the four for labels.  What changes all the time is the
 * row's number; its text says the same as long as the state is the same.
 * Memory is the current context's.
 *------------------------------------------------------------------------- */
#ifndef CS_HEALTH_H
#define CS_HEALTH_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/pg_list.h"

/* What a check is of; NULL where it is of all. */
typedef struct CsHealthOf
{
	const char *server;
	const char *base_url;
	const char *role;
} CsHealthOf;

typedef struct CsHealth
{
	List *rows; /* in the order in which they came */
} CsHealth;

/* The row has no number. */
#define CS_HEALTH_NO_VALUE PG_INT64_MIN

/*
 * Adds a row; `of` NULL: the check is of all.  Of two rows about the same the
 * one that is not ok stays.
 */
extern void cs_health_put(CsHealth *health, const char *check,
						  const CsHealthOf *of, bool ok, int64 value,
						  const char *format, ...) pg_attribute_printf(6, 7);

/* The same with an amount of money, in millionths, for a number. */
extern void
cs_health_put_money(CsHealth *health, const char *check, const CsHealthOf *of,
					bool ok, int64 amount, const char *format, ...)
	pg_attribute_printf(6, 7);

/* Gives all rows to a function that called InitMaterializedSRF. */
extern void cs_health_emit(const CsHealth *health, FunctionCallInfo fcinfo);

#endif /* CS_HEALTH_H */
