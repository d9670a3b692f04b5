/*-------------------------------------------------------------------------
 * sql_worth.c
 *	  The aggregates that say what scores are worth.
 *
 * They share one state: two samples, of good and bad loans, or of expected and
 * actual values.  Aggregates over the same columns share it also in one query,
 * so their final functions leave it as it is, but sorted, which says the same.
 * A parallel worker sorts what it hands over, and the leader merges.
 *
 * Works without preload, and in parallel workers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "features/worth.h"

PG_FUNCTION_INFO_V1(credscore_worth_add_score);
PG_FUNCTION_INFO_V1(credscore_worth_add_value);
PG_FUNCTION_INFO_V1(credscore_worth_add_probability);
PG_FUNCTION_INFO_V1(credscore_worth_combine);
PG_FUNCTION_INFO_V1(credscore_worth_serialize);
PG_FUNCTION_INFO_V1(credscore_worth_deserialize);
PG_FUNCTION_INFO_V1(credscore_worth_auc);
PG_FUNCTION_INFO_V1(credscore_worth_gini);
PG_FUNCTION_INFO_V1(credscore_worth_ks);
PG_FUNCTION_INFO_V1(credscore_worth_psi);
PG_FUNCTION_INFO_V1(credscore_worth_calibration);

typedef struct State
{
	int		 nbins; /* of calibration; 0: not told so far */
	CsSample samples[2];
} State;

/* --- adding a row --- */

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "called outside of an aggregate");
	return context;
}

static State *
get_state(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL
								  : (State *) PG_GETARG_POINTER(argument);
}

static State *
get_own_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	State *state = get_state(fcinfo, 0);

	return state != NULL ? state
						 : MemoryContextAllocZero(context, sizeof(State));
}

static void
add(State *state, MemoryContext context, int which, double value)
{
	MemoryContext caller = MemoryContextSwitchTo(context);

	cs_sample_add(&state->samples[which], value);
	MemoryContextSwitchTo(caller);
}

/* worth_add(internal, score float8, bad boolean) returns internal */
Datum
credscore_worth_add_score(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	State		 *state = get_own_state(fcinfo, context);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		add(state, context, PG_GETARG_BOOL(2) ? CS_WORTH_BAD : CS_WORTH_GOOD,
			PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* worth_add(internal, expected float8, actual float8) returns internal */
Datum
credscore_worth_add_value(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	State		 *state = get_own_state(fcinfo, context);

	if (!PG_ARGISNULL(1))
		add(state, context, CS_WORTH_EXPECTED, PG_GETARG_FLOAT8(1));
	if (!PG_ARGISNULL(2))
		add(state, context, CS_WORTH_ACTUAL, PG_GETARG_FLOAT8(2));
	PG_RETURN_POINTER(state);
}

static void
take_nbins(State *state, int nbins)
{
	if (nbins < 1 || nbins > CS_WORTH_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"bins\": %d", nbins),
				 errdetail("It must be 1 to %d.", CS_WORTH_MAX_BINS)));
	if (state->nbins != 0 && state->nbins != nbins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"bins\" must be the same in all rows"),
				 errdetail("It was %d, and then %d.", state->nbins, nbins)));
	state->nbins = nbins;
}

/* Not NaN, either. */
static double
checked_probability(double probability)
{
	if (!(probability >= 0 && probability <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"probability\": %s",
						DatumGetCString(DirectFunctionCall1(
							float8out, Float8GetDatum(probability)))),
				 errdetail("It must be 0 to 1."),
				 errhint("Divide what is in percent by 100.")));
	return probability;
}

/*
 * worth_add(internal, probability float8, bad boolean, bins int)
 * returns internal
 */
Datum
credscore_worth_add_probability(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	State		 *state = get_own_state(fcinfo, context);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_POINTER(state);
	take_nbins(state, PG_GETARG_INT32(3));
	add(state, context, PG_GETARG_BOOL(2) ? CS_WORTH_BAD : CS_WORTH_GOOD,
		checked_probability(PG_GETARG_FLOAT8(1)));
	PG_RETURN_POINTER(state);
}

/* --- parallel workers --- */

/* worth_combine(internal, internal) returns internal */
Datum
credscore_worth_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	State		 *state = get_own_state(fcinfo, context);
	State		 *other = get_state(fcinfo, 1);
	MemoryContext caller;

	if (other == NULL)
		PG_RETURN_POINTER(state);
	if (other->nbins != 0)
		take_nbins(state, other->nbins);
	caller = MemoryContextSwitchTo(context);
	for (int i = 0; i < 2; i++)
	{
		cs_sample_sort(&other->samples[i]);
		cs_sample_add_sorted(&state->samples[i], other->samples[i].keys,
							 other->samples[i].n);
	}
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(state);
}

/* What a state is on its way from a worker; its keys follow. */
typedef struct Header
{
	int	  nbins;
	int64 n[2];
} Header;

static Size
checked_size(const State *state)
{
	Size size =
		VARHDRSZ + sizeof(Header) +
		sizeof(uint64) * (Size) (state->samples[0].n + state->samples[1].n);

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many values for a parallel worker to hand over"),
				 errdetail("Its %zu bytes exceed the limit of 1 GB.", size),
				 errhint("SET max_parallel_workers_per_gather = 0.")));
	return size;
}

/* worth_serialize(internal) returns bytea */
Datum
credscore_worth_serialize(PG_FUNCTION_ARGS)
{
	State *state = get_state(fcinfo, 0);
	Size   size = checked_size(state);
	bytea *bytes = palloc(size);
	Header header = {.nbins = state->nbins,
					 .n = {state->samples[0].n, state->samples[1].n}};
	char  *at = VARDATA(bytes);

	(void) aggregate_context(fcinfo);
	SET_VARSIZE(bytes, size);
	memcpy(at, &header, sizeof(header));
	at += sizeof(header);
	for (int i = 0; i < 2; i++)
	{
		Size keys = sizeof(uint64) * (Size) header.n[i];

		cs_sample_sort(&state->samples[i]);
		if (keys > 0)
			memcpy(at, state->samples[i].keys, keys);
		at += keys;
	}
	PG_RETURN_BYTEA_P(bytes);
}

/* The state's keys stay where they are, behind a header that is theirs. */
static void
take_keys(CsSample *sample, const char *keys, int64 n)
{
	if (n == 0)
		return;
	sample->keys = palloc(sizeof(uint64) * (Size) n);
	memcpy(sample->keys, keys, sizeof(uint64) * (Size) n);
	sample->n = n;
	sample->size = n;
	sample->sorted = true;
}

/* worth_deserialize(bytea, internal) returns internal */
Datum
credscore_worth_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	const char *at = VARDATA_ANY(bytes);
	State	   *state = palloc0(sizeof(State));
	Header		header;

	(void) aggregate_context(fcinfo);
	memcpy(&header, at, sizeof(header));
	at += sizeof(header);
	state->nbins = header.nbins;
	take_keys(&state->samples[0], at, header.n[0]);
	take_keys(&state->samples[1], at + sizeof(uint64) * (Size) header.n[0],
			  header.n[1]);
	PG_RETURN_POINTER(state);
}

/* --- figures --- */

/* NULL of one class only: there is nothing to compare with. */
static State *
get_both(FunctionCallInfo fcinfo)
{
	State *state = get_state(fcinfo, 0);

	(void) aggregate_context(fcinfo);
	return state != NULL && state->samples[0].n > 0 && state->samples[1].n > 0
			   ? state
			   : NULL;
}

static Datum
figure(FunctionCallInfo fcinfo, double (*of)(CsSample samples[2]))
{
	State *state = get_both(fcinfo);

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(of(state->samples));
}

/* worth_auc(internal) returns float8, like the next three */
Datum
credscore_worth_auc(PG_FUNCTION_ARGS)
{
	return figure(fcinfo, cs_worth_auc);
}

Datum
credscore_worth_gini(PG_FUNCTION_ARGS)
{
	return figure(fcinfo, cs_worth_gini);
}

Datum
credscore_worth_ks(PG_FUNCTION_ARGS)
{
	return figure(fcinfo, cs_worth_ks);
}

Datum
credscore_worth_psi(PG_FUNCTION_ARGS)
{
	State *state = get_both(fcinfo);
	double psi;

	if (state == NULL || !cs_worth_psi(state->samples, &psi))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(psi);
}

/* --- calibration --- */

/* Columns of credscore.calibration_bin, as the install script has them. */
#define COLUMNS 7

static Datum
bin_datum(TupleDesc columns, const CsWorthBin *bin, int number)
{
	int64 loans = bin->n[CS_WORTH_GOOD] + bin->n[CS_WORTH_BAD];
	int64 bad = bin->n[CS_WORTH_BAD];
	Datum values[COLUMNS] = {
		Int32GetDatum(number),
		Int64GetDatum(loans),
		Int64GetDatum(bad),
		Float8GetDatum(bin->low),
		Float8GetDatum(bin->high),
		Float8GetDatum(bin->sum / (double) loans),
		Float8GetDatum((double) bad / (double) loans),
	};
	bool nulls[COLUMNS] = {false};

	return HeapTupleGetDatum(heap_form_tuple(columns, values, nulls));
}

static Datum
bins_datum(Oid type, const CsWorthBin *bins, int nbins)
{
	TupleDesc columns = lookup_rowtype_tupdesc(type, -1);
	Datum	 *elements = palloc(sizeof(Datum) * nbins);

	if (columns->natts != COLUMNS)
		elog(ERROR, "credscore.calibration_bin has %d columns, not %d",
			 columns->natts, COLUMNS);
	for (int i = 0; i < nbins; i++)
		elements[i] = bin_datum(columns, &bins[i], i + 1);
	ReleaseTupleDesc(columns);
	return PointerGetDatum(
		construct_array(elements, nbins, type, -1, false, TYPALIGN_DOUBLE));
}

/* worth_calibration(internal) returns credscore.calibration_bin[] */
Datum
credscore_worth_calibration(PG_FUNCTION_ARGS)
{
	State	   *state = get_state(fcinfo, 0);
	CsWorthBin *bins;
	int			nbins;

	(void) aggregate_context(fcinfo);
	if (state == NULL || state->nbins == 0)
		PG_RETURN_NULL();
	bins = palloc(sizeof(CsWorthBin) * state->nbins);
	nbins = cs_worth_calibrate(state->samples, state->nbins, bins);
	return bins_datum(get_element_type(get_fn_expr_rettype(fcinfo->flinfo)),
					  bins, nbins);
}
