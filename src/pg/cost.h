/*-------------------------------------------------------------------------
 * cost.h
 *	  What calls cost, as PostgreSQL's numeric: exact, however many they are.
 *
 * Prices and other amounts are in millionths (base/money.h), numerics have two
 * decimals, or as many as their amounts.  Memory is the current context's.
 *------------------------------------------------------------------------- */
#ifndef CS_COST_H
#define CS_COST_H

#include "postgres.h"

#include "utils/numeric.h"

extern Numeric cs_cost_amount(int64 amount);

/* Of so many calls at a price. */
extern Numeric cs_cost_of_calls(int64 calls, int64 price);

extern Numeric cs_cost_add(Numeric a, Numeric b);

/* "4035.00" */
extern char *cs_cost_text(Numeric cost);

#endif /* CS_COST_H */
