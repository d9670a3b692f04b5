/*-------------------------------------------------------------------------
 * amount.h
 *	  Exact sums of money, fast while they are of the usual size.
 *
 * An amount is an integer of millionths as long as it fits, and a Numeric
 * else; which of the two never shows in a result.  Numerics are taken from
 * the current memory context.
 *------------------------------------------------------------------------- */
#ifndef CS_AMOUNT_H
#define CS_AMOUNT_H

#include "postgres.h"

#include "utils/numeric.h"

/* Neither before nor behind its point has an amount more digits. */
#define CS_AMOUNT_DIGITS 24

typedef struct CsAmount
{
	int64	millionths;
	Numeric large; /* the amount, if not NULL */
	int		scale; /* digits to show behind the point */
} CsAmount;

extern const CsAmount cs_amount_zero;

/* False when the number has more digits than an amount. */
extern bool cs_amount_read(Numeric number, CsAmount *amount);

extern CsAmount cs_amount_add(CsAmount a, CsAmount b);
extern CsAmount cs_amount_subtract(CsAmount a, CsAmount b);

/* Below, at or above zero, as a is less than, equal to or more than b. */
extern int cs_amount_compare(CsAmount a, CsAmount b);

extern Numeric cs_amount_numeric(CsAmount amount);

#endif /* CS_AMOUNT_H */
