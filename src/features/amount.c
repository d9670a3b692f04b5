/*-------------------------------------------------------------------------
 * amount.c
 *	  Exact sums of money; see amount.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/amount.h"

#include "common/int.h"
#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/fmgrprotos.h"

/* Digits behind the point that millionths have. */
#define SMALL_SCALE 6

/* A Numeric's digits are of base 10000; these integer ones fit, and more. */
#define BASE			 10000
#define DIGITS_PER_WORD	 4
#define SMALL_MAX_WEIGHT 2

const CsAmount cs_amount_zero = {0, NULL, 0};

/* What numeric_send writes, of which all words are of 16 bits. */
typedef struct Wire
{
	bytea *bytes;
	int	   nwords;
	int	   weight; /* of the first word, in words before the point */
	int	   sign;
	int	   scale;
} Wire;

#define WIRE_HEADER	  4
#define WIRE_POSITIVE 0x0000
#define WIRE_NEGATIVE 0x4000

static int16
wire_word(const Wire *wire, int i)
{
	uint16 word;

	memcpy(&word, VARDATA_ANY(wire->bytes) + i * sizeof(word), sizeof(word));
	return (int16) pg_ntoh16(word);
}

static void
open_wire(Numeric number, Wire *wire)
{
	wire->bytes = DatumGetByteaPP(
		DirectFunctionCall1(numeric_send, NumericGetDatum(number)));
	wire->nwords = wire_word(wire, 0);
	wire->weight = wire_word(wire, 1);
	wire->sign = (uint16) wire_word(wire, 2);
	wire->scale = wire_word(wire, 3);
}

/* The word that stands so many words before the point. */
static int
word_at(const Wire *wire, int weight)
{
	int i = wire->weight - weight;

	return i >= 0 && i < wire->nwords ? wire_word(wire, WIRE_HEADER + i) : 0;
}

static int64
small_of(const Wire *wire)
{
	int64 value = 0;

	for (int weight = SMALL_MAX_WEIGHT; weight >= -1; weight--)
		value = value * BASE + word_at(wire, weight);
	/* four digits behind the point so far; two more of the next word */
	value = value * 100 + word_at(wire, -2) / 100;
	return wire->sign == WIRE_NEGATIVE ? -value : value;
}

bool
cs_amount_read(Numeric number, CsAmount *amount)
{
	Wire wire;

	open_wire(number, &wire);
	if (wire.scale > CS_AMOUNT_DIGITS)
	{
		/* zeroes at the end are no digits of an amount */
		pfree(wire.bytes);
		number = DatumGetNumeric(
			DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(number)));
		open_wire(number, &wire);
	}
	*amount = cs_amount_zero;
	amount->scale = wire.scale;
	if (wire.scale > SMALL_SCALE || wire.weight > SMALL_MAX_WEIGHT)
		amount->large = number;
	else
		amount->millionths = small_of(&wire);
	pfree(wire.bytes);
	return (wire.sign == WIRE_POSITIVE || wire.sign == WIRE_NEGATIVE) &&
		   wire.scale <= CS_AMOUNT_DIGITS &&
		   wire.weight < CS_AMOUNT_DIGITS / DIGITS_PER_WORD;
}

Numeric
cs_amount_numeric(CsAmount amount)
{
	static const int64 units[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

	StaticAssertDecl(lengthof(units) == SMALL_SCALE + 1, "one unit per scale");

	if (amount.large != NULL)
		return amount.large;
	if (amount.scale % 4 != 0)
		return int64_div_fast_to_numeric(
			amount.millionths / units[amount.scale], amount.scale);
	/* Before 15.2 that function gets a scale wrong that is a multiple of 4. */
	return DatumGetNumeric(
		DirectFunctionCall2(numeric_trunc,
							NumericGetDatum(int64_div_fast_to_numeric(
								amount.millionths, SMALL_SCALE)),
							Int32GetDatum(amount.scale)));
}

static Datum
amount_datum(CsAmount amount)
{
	return NumericGetDatum(cs_amount_numeric(amount));
}

/* Would adding b leave a as it is, the digits to show included? */
static bool
is_nothing(CsAmount a, CsAmount b)
{
	return b.large == NULL && b.millionths == 0 && b.scale <= a.scale;
}

static CsAmount
large_amount(Datum number, int scale)
{
	CsAmount amount = {0, DatumGetNumeric(number), scale};

	return amount;
}

CsAmount
cs_amount_add(CsAmount a, CsAmount b)
{
	CsAmount sum = {0, NULL, Max(a.scale, b.scale)};

	if (a.large == NULL && b.large == NULL &&
		!pg_add_s64_overflow(a.millionths, b.millionths, &sum.millionths))
		return sum;
	if (is_nothing(a, b))
		return a;
	return large_amount(
		DirectFunctionCall2(numeric_add, amount_datum(a), amount_datum(b)),
		sum.scale);
}

CsAmount
cs_amount_subtract(CsAmount a, CsAmount b)
{
	CsAmount rest = {0, NULL, Max(a.scale, b.scale)};

	if (a.large == NULL && b.large == NULL &&
		!pg_sub_s64_overflow(a.millionths, b.millionths, &rest.millionths))
		return rest;
	if (is_nothing(a, b))
		return a;
	return large_amount(
		DirectFunctionCall2(numeric_sub, amount_datum(a), amount_datum(b)),
		rest.scale);
}

int
cs_amount_compare(CsAmount a, CsAmount b)
{
	if (a.large == NULL && b.large == NULL)
		return (a.millionths > b.millionths) - (a.millionths < b.millionths);
	return DatumGetInt32(
		DirectFunctionCall2(numeric_cmp, amount_datum(a), amount_datum(b)));
}
