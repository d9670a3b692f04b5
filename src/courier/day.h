/*-------------------------------------------------------------------------
 * day.h
 *	  Days of a time zone: from a midnight to the next.
 *------------------------------------------------------------------------- */
#ifndef CS_DAY_H
#define CS_DAY_H

#include "postgres.h"

#include "courier/budget_book.h"

/*
 * Fills *day with the day of an instant in a zone, unless it holds it already.
 * A name that PostgreSQL does not know (any more) is UTC.
 */
extern void cs_day_at(CsBudgetDay *day, const char *zone_name, CsInstant now);

/* "2026-03-29 00:00 EAT": an instant in a zone, for messages. */
extern void
cs_day_show(CsInstant at, const char *zone_name, char *out, size_t size);

#endif /* CS_DAY_H */
