/*-------------------------------------------------------------------------
 * sql_answer.c
 *	  SQL functions that read answers: windows of a Loan Applications Check,
 *	  transactions and trends of a statement, one score out of any answer.
 *
 * They work without preload, ask nobody, and raise nothing because of what an
 * answer holds.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "reading/answer_lac.h"
#include "reading/answer_score.h"
#include "reading/answer_statement.h"
#include "reading/jsonb_read.h"
#include "sql/row.h"

PG_FUNCTION_INFO_V1(credscore_lac_windows);
PG_FUNCTION_INFO_V1(credscore_statement_transactions);
PG_FUNCTION_INFO_V1(credscore_statement_trends);
PG_FUNCTION_INFO_V1(credscore_score);

static void
put_told(CsRow *row, CsTold told)
{
	cs_row_put(row, BoolGetDatum(told == CS_TOLD_YES), told == CS_UNTOLD);
}

static void
get_answer(FunctionCallInfo fcinfo, JsonbValue *answer)
{
	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), answer);
}

/* --- Loan Applications Check --- */

/*
 * credscore_lac_windows(lac jsonb)
 * returns setof (days int, requests_total bigint, unique_entities bigint,
 *				  requests_same bigint, requests_others bigint,
 *				  requests_bank bigint, requests_nonbank bigint,
 *				  requests_by_kind jsonb)
 *
 * By days, the row of all time last.
 */
Datum
credscore_lac_windows(PG_FUNCTION_ARGS)
{
	JsonbValue	 answer;
	CsLacWindow *windows;
	int			 n;

	InitMaterializedSRF(fcinfo, 0);
	get_answer(fcinfo, &answer);
	n = cs_answer_lac_windows(&answer, &windows);
	for (int i = 0; i < n; i++)
	{
		CsRow row = {0};

		cs_row_put(&row, Int32GetDatum(windows[i].days),
				   windows[i].days == CS_LAC_ALL_TIME);
		for (int series = 0; series < CS_LAC_SERIES; series++)
			cs_row_put(&row, Int64GetDatum(windows[i].count[series]),
					   !windows[i].has[series]);
		cs_row_pointer(&row, windows[i].by_kind);
		cs_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}

/* --- statements --- */

static void
put_transaction(CsRow *row, const CsTransaction *transaction)
{
	cs_row_text_of(row, transaction->id, transaction->id_len);
	cs_row_text_of(row, transaction->type, transaction->type_len);
	cs_row_pointer(row, transaction->received);
	cs_row_pointer(row, transaction->sent);
	cs_row_pointer(row, transaction->balance);
	cs_row_put(row, TimestampGetDatum(transaction->time),
			   !transaction->has_time);
}

/*
 * credscore_statement_transactions(statement jsonb)
 * returns setof (transaction_id text, transaction_type text,
 *				  received_amount numeric, sent_amount numeric,
 *				  balance numeric, transaction_time timestamp)
 *
 * In the order of the statement.
 */
Datum
credscore_statement_transactions(PG_FUNCTION_ARGS)
{
	JsonbValue			answer;
	CsTransactionReader reader;
	CsTransaction		transaction;
	MemoryContext		per_row;
	MemoryContext		caller;

	InitMaterializedSRF(fcinfo, 0);
	get_answer(fcinfo, &answer);
	(void) cs_answer_statement_open(&reader, &answer);
	per_row = AllocSetContextCreate(CurrentMemoryContext, "transaction",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(per_row);
	while (cs_answer_statement_next(&reader, &transaction))
	{
		CsRow row = {0};

		put_transaction(&row, &transaction);
		cs_row_emit(fcinfo, &row);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(per_row);
	return (Datum) 0;
}

/*
 * credscore_statement_trends(statement jsonb)
 * returns setof (month_end date, received numeric, sent numeric,
 *				  balance numeric)
 *
 * The months of all three trends, ascending.
 */
Datum
credscore_statement_trends(PG_FUNCTION_ARGS)
{
	JsonbValue answer;
	CsMonth	  *months;
	int		   n;

	InitMaterializedSRF(fcinfo, 0);
	get_answer(fcinfo, &answer);
	n = cs_answer_statement_trends(&answer, &months);
	for (int i = 0; i < n; i++)
	{
		CsRow row = {0};

		cs_row_put(&row, DateADTGetDatum(months[i].end), false);
		for (int trend = 0; trend < CS_TRENDS; trend++)
			cs_row_pointer(&row, months[i].amounts[trend]);
		cs_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}

/* --- one score --- */

static ArrayType *
make_reasons(const CsScore *score)
{
	Datum elements[CS_MAX_REASONS];

	for (int i = 0; i < score->nreasons; i++)
		elements[i] = PointerGetDatum(score->reasons[i]);
	return score->nreasons == 0
			   ? NULL
			   : construct_array(elements, score->nreasons, TEXTOID, -1, false,
								 TYPALIGN_INT);
}

/*
 * credscore_score(answer jsonb)
 * returns (provider text, score numeric, score_min numeric,
 *			score_max numeric, higher_is_better boolean, probability numeric,
 *			grade text, band int, limit_low numeric, limit_high numeric,
 *			reasons text[], ready boolean, decision text, risk_level text,
 *			risk_score numeric, telco_score numeric, telco_band int)
 */
Datum
credscore_score(PG_FUNCTION_ARGS)
{
	JsonbValue answer;
	CsScore	   score;
	TupleDesc  desc;
	CsRow	   row = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	get_answer(fcinfo, &answer);
	cs_answer_score_read(&answer, &score);
	cs_row_text(&row, score.provider);
	cs_row_pointer(&row, score.score);
	cs_row_pointer(&row, score.score_min);
	cs_row_pointer(&row, score.score_max);
	put_told(&row, score.higher_is_better);
	cs_row_pointer(&row, score.probability);
	cs_row_pointer(&row, score.grade);
	cs_row_put(&row, Int32GetDatum(score.band), score.band == 0);
	cs_row_pointer(&row, score.limit_low);
	cs_row_pointer(&row, score.limit_high);
	cs_row_pointer(&row, make_reasons(&score));
	put_told(&row, score.ready);
	cs_row_pointer(&row, score.decision);
	cs_row_pointer(&row, score.risk_level);
	cs_row_pointer(&row, score.risk_score);
	cs_row_pointer(&row, score.telco_score);
	cs_row_put(&row, Int32GetDatum(score.telco_band), score.telco_band == 0);
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), row.values, row.nulls)));
}
