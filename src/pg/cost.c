/*-------------------------------------------------------------------------
 * cost.c
 *	  What calls cost, as PostgreSQL's numeric: exact, however many they are.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/cost.h"

#include "utils/fmgrprotos.h"

#include "base/money.h"

Numeric
cs_cost_amount(int64 amount)
{
	char text[CS_MONEY_TEXT_SIZE];

	cs_money_show(amount, text);
	return DatumGetNumeric(
		DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

Numeric
cs_cost_of_calls(int64 calls, int64 price)
{
	return DatumGetNumeric(DirectFunctionCall2(
		numeric_mul, NumericGetDatum(cs_cost_amount(price)),
		NumericGetDatum(int64_to_numeric(calls))));
}

Numeric
cs_cost_add(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(a),
											   NumericGetDatum(b)));
}

char *
cs_cost_text(Numeric cost)
{
	return DatumGetCString(
		DirectFunctionCall1(numeric_out, NumericGetDatum(cost)));
}
