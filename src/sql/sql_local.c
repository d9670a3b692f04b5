/*-------------------------------------------------------------------------
 * sql_local.c
 *	  The SQL functions that know what is in a statement: features, rows,
 *	  what it covers, whose it is, who a party is.
 *
 * Works without preload, and in parallel workers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "features/local_features.h"
#include "features/party.h"
#include "features/tally.h"
#include "reading/answer_identity.h"
#include "reading/feature_catalogue.h"
#include "reading/feature_row.h"
#include "reading/jsonb_read.h"
#include "reading/plain.h"
#include "sql/row.h"
#include "sql/transaction_rows.h"

PG_FUNCTION_INFO_V1(credscore_statement_features);
PG_FUNCTION_INFO_V1(credscore_transactions);
PG_FUNCTION_INFO_V1(credscore_coverage);
PG_FUNCTION_INFO_V1(credscore_identity);
PG_FUNCTION_INFO_V1(credscore_party_match);

/*
 * credscore_statement_features(statement jsonb, utc_endtime timestamptz)
 * returns setof (feature text, from_days int, to_days int, value numeric,
 *				  text_value text, was_imputed boolean, unit text,
 *				  in_catalogue boolean)
 *
 * Every feature of the catalogue, computed from a statement's transactions,
 * and ours.
 */
Datum
credscore_statement_features(PG_FUNCTION_ARGS)
{
	ReturnSetInfo	 *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const TimestampTz utc_endtime =
		PG_ARGISNULL(1) ? 0 : PG_GETARG_TIMESTAMPTZ(1);
	MemoryContext own =
		AllocSetContextCreate(CurrentMemoryContext, "credscore local features",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext	 caller;
	CsLocalFeatures *features;
	CsTransactions	 transactions;
	JsonbValue		 root;
	CsFeature		 feature;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (!PG_ARGISNULL(1))
		cs_transaction_rows_check_endtime(utc_endtime);
	caller = MemoryContextSwitchTo(own);
	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), &root);
	if (cs_transactions_read(
			&root, cs_transaction_rows_parties(fcinfo->flinfo), &transactions))
	{
		features = cs_local_features_compute(
			&transactions, PG_ARGISNULL(1) ? NULL : &utc_endtime);
		for (int i = 0; cs_local_features_at(i, &feature); i++)
			cs_feature_row_put_computed(
				rsinfo, &feature, cs_local_features_number(features, &feature),
				cs_local_features_text(features, &feature));
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(own);
	return (Datum) 0;
}

/*
 * credscore_transactions(statement jsonb, utc_endtime timestamptz)
 * returns setof the columns of transaction_rows.h
 *
 * Each row of a statement as the features read it, the oldest first.
 */
Datum
credscore_transactions(PG_FUNCTION_ARGS)
{
	const TimestampTz utc_endtime =
		PG_ARGISNULL(1) ? 0 : PG_GETARG_TIMESTAMPTZ(1);
	CsTransactions transactions;
	JsonbValue	   root;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (!PG_ARGISNULL(1))
		cs_transaction_rows_check_endtime(utc_endtime);
	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), &root);
	if (cs_transactions_read(
			&root, cs_transaction_rows_parties(fcinfo->flinfo), &transactions))
		cs_transaction_rows_put(fcinfo, &transactions,
								PG_ARGISNULL(1) ? NULL : &utc_endtime);
	return (Datum) 0;
}

/* --- what a statement is --- */

/* One row of a function that returns one. */
static Datum
form_row(FunctionCallInfo fcinfo, CsRow *row)
{
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	while (row->n < desc->natts)
		cs_row_pointer(row, NULL);
	return HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), row->values, row->nulls));
}

static void
put_moment(CsRow *row, int64 time, bool known)
{
	cs_row_put(row, TimestampTzGetDatum(time - CS_EAT), !known);
}

static void
put_coverage(CsRow *row, const CsTransactions *transactions)
{
	const CsTransactionRow *rows = transactions->rows;
	int						first = 0;
	int						last = transactions->nrows - 1;
	int						unread = 0;
	bool					timed;

	while (first <= last && !rows[first].has_time)
		first++;
	while (last >= first && !rows[last].has_time)
		last--;
	timed = first <= last;
	for (int i = 0; i < transactions->nrows; i++)
		unread += rows[i].unread;
	cs_row_text(
		row, cs_transaction_rows_holder(cs_transactions_holder(transactions)));
	put_moment(row, timed ? rows[first].time : 0, timed);
	put_moment(row, timed ? rows[last].time : 0, timed);
	cs_row_put(
		row,
		Int32GetDatum(
			timed ? (int) cs_tally_age(rows[first].time, rows[last].time) + 1
				  : 0),
		!timed);
	put_moment(row, transactions->complete_from, transactions->has_complete);
	cs_row_int(row, transactions->nrows);
	cs_row_int(row, transactions->duplicates);
	cs_row_int(row, unread);
}

/*
 * credscore_coverage(statement jsonb)
 * returns (kind text, first_at timestamptz, last_at timestamptz, days int,
 *			complete_from timestamptz, transactions int, duplicates int,
 *			unread int)
 */
Datum
credscore_coverage(PG_FUNCTION_ARGS)
{
	CsTransactions transactions;
	JsonbValue	   root;
	CsRow		   row = {0};

	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), &root);
	if (cs_transactions_read(&root, NULL, &transactions))
		put_coverage(&row, &transactions);
	PG_RETURN_DATUM(form_row(fcinfo, &row));
}

/*
 * credscore_identity(statement jsonb)
 * returns (national_id text, phone_number text, registered_id text,
 *			statement_name text[], customer_name text[],
 *			similarity_score numeric, verified_status text, message text)
 */
Datum
credscore_identity(PG_FUNCTION_ARGS)
{
	CsIdentity identity;
	JsonbValue root;
	CsRow	   row = {0};

	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), &root);
	if (cs_answer_identity_read(&root, &identity))
	{
		cs_row_pointer(&row, identity.national_id);
		cs_row_pointer(&row, identity.phone_number);
		cs_row_pointer(&row, identity.registered_id);
		cs_row_pointer(&row, identity.statement_name);
		cs_row_pointer(&row, identity.customer_name);
		cs_row_pointer(&row, identity.similarity_score);
		cs_row_pointer(&row, identity.verified_status);
		cs_row_pointer(&row, identity.message);
	}
	PG_RETURN_DATUM(form_row(fcinfo, &row));
}

/* --- parties --- */

typedef struct Names
{
	FunctionCallInfo fcinfo;
	int				 roles; /* that the party may have */
} Names;

static void
put_name(const char *name, const char *known_as, int roles, void *arg)
{
	Names *names = arg;

	for (int role = 1; role <= CS_PARTY_NONE; role <<= 1)
	{
		CsRow row = {0};

		if ((roles & names->roles & role) == 0)
			continue;
		cs_row_text(&row, cs_party_list_role_name(role));
		cs_row_text(&row, name);
		cs_row_emit(names->fcinfo, &row);
	}
}

/*
 * credscore_party_match(party text)
 * returns setof (role text, name text)
 *
 * Of the text of a row that has a party that one, in the roles that it may
 * have there; any other text is a party itself.
 */
Datum
credscore_party_match(PG_FUNCTION_ARGS)
{
	text	   *party = PG_GETARG_TEXT_PP(0);
	Names		names = {fcinfo, ~0};
	const char *text;
	int			len;
	CsMpesaRow	row;

	InitMaterializedSRF(fcinfo, 0);
	text = cs_plain_text(VARDATA_ANY(party), VARSIZE_ANY_EXHDR(party), &len);
	cs_mpesa_classify(text, len, &row);
	if (row.party != NULL)
	{
		names.roles = row.roles != 0 ? row.roles | CS_PARTY_NONE : 0;
		text = row.party;
		len = (int) row.party_len;
	}
	cs_party_find(cs_transaction_rows_parties(fcinfo->flinfo), text, len,
				  row.rail, put_name, &names);
	return (Datum) 0;
}
