/*-------------------------------------------------------------------------
 * sql_sms.c
 *	  The SQL functions that read the messages of a phone: rows, features, and
 *	  the forms that are known.
 *
 * Works without preload, and in parallel workers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "features/local_features.h"
#include "features/party.h"
#include "features/sms_features.h"
#include "features/sms_form.h"
#include "features/sms_message.h"
#include "features/sms_party.h"
#include "features/sms_rows.h"
#include "reading/feature_catalogue.h"
#include "reading/feature_row.h"
#include "reading/jsonb_read.h"
#include "sql/row.h"
#include "sql/transaction_rows.h"

PG_FUNCTION_INFO_V1(credscore_sms_features);
PG_FUNCTION_INFO_V1(credscore_sms_transactions);
PG_FUNCTION_INFO_V1(credscore_sms_forms);

/* --- features --- */

/*
 * credscore_sms_features(sms jsonb, utc_endtime timestamptz)
 * returns setof the columns of credscore_statement_features
 */
Datum
credscore_sms_features(PG_FUNCTION_ARGS)
{
	ReturnSetInfo	 *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const TimestampTz utc_endtime =
		PG_ARGISNULL(1) ? 0 : PG_GETARG_TIMESTAMPTZ(1);
	MemoryContext own = AllocSetContextCreate(
		CurrentMemoryContext, "credscore SMS", ALLOCSET_DEFAULT_SIZES);
	MemoryContext  caller;
	CsSmsFeatures *features;
	CsSmsMessages  messages;
	JsonbValue	   root;
	CsFeature	   feature;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (!PG_ARGISNULL(1))
		cs_transaction_rows_check_endtime(utc_endtime);
	caller = MemoryContextSwitchTo(own);
	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), &root);
	if (cs_sms_message_read(&root, cs_transaction_rows_parties(fcinfo->flinfo),
							&messages))
	{
		features = cs_sms_features_compute(
			&messages, PG_ARGISNULL(1) ? NULL : &utc_endtime);
		for (int i = 0; cs_local_features_at(i, &feature); i++)
			cs_feature_row_put_computed(
				rsinfo, &feature, cs_sms_features_number(features, &feature),
				cs_sms_features_text(features, &feature));
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(own);
	return (Datum) 0;
}

/* --- messages --- */

static const char *const alerts[CS_SMS_ALERTS] = {
	[CS_SMS_INSUFFICIENT] = "insufficient_funds",
	[CS_SMS_DECLINED] = "loan_declined",
	[CS_SMS_MISSED] = "loan_missed_payment",
	[CS_SMS_DEFAULTED] = "loan_defaulted",
};

static void
put_span(CsRow *row, const CsSmsSpan *span)
{
	cs_row_text_of(row, span->len > 0 ? span->text : NULL, (int) span->len);
}

static void
put_amount(CsRow *row, const CsSmsAmount *amount)
{
	cs_row_pointer(row, amount->there
							? cs_amount_numeric(cs_sms_rows_amount(amount))
							: NULL);
}

static void
put_time(CsRow *row, const CsSmsMessage *message)
{
	int64 local = message->time +
				  cs_sms_form_issuers[message->issuer].zone * USECS_PER_HOUR;
	int64 day = local / USECS_PER_DAY;

	if (local % USECS_PER_DAY < 0)
		day--;
	cs_row_put(row, TimestampTzGetDatum(message->time), !message->has_time);
	cs_row_put(row, DateADTGetDatum((DateADT) day), !message->has_time);
}

static void
put_party(CsRow *row, const CsSmsMessage *message)
{
	CsPartyParts parts;

	cs_sms_party_parts(message, &parts);
	cs_row_text_of(row, parts.number_len > 0 ? parts.number : NULL,
				   (int) parts.number_len);
	cs_row_text_of(row, parts.name_len > 0 ? parts.name : NULL,
				   (int) parts.name_len);
}

/* What only an understood message has. */
static void
put_meaning(CsRow *row, const CsSmsMessage *message)
{
	const CsSmsRead	  *read = &message->read;
	const CsSmsForm	  *form = read->form;
	const CsClassRule *rule = &cs_transactions_classes[message->class];
	bool			   moves = form->way != CS_SMS_STILL;
	int				   roles = message->roles | rule->roles;

	cs_row_text(row, !moves ? NULL : read->is_debit ? "out" : "in");
	put_amount(row, &read->amount);
	put_amount(row, &read->fee);
	put_amount(row, &read->balance);
	put_amount(row, &read->debt);
	cs_row_text(row, cs_sms_form_issuers[message->issuer].currency);
	cs_row_text(row, message->class == CS_MPESA_NOTHING ? NULL : rule->name);
	cs_row_text(row, cs_transaction_rows_rail(form->rail));
	put_party(row, message);
	cs_row_text(row, cs_transaction_rows_role(roles));
	cs_row_text(row, message->known_as);
	cs_row_bool(row, (roles & CS_PARTY_OWN_ACCOUNT) != 0);
	put_span(row, &read->reverses);
	cs_row_bool(row, message->fuliza);
	cs_row_bool(row, moves && rule->counts && read->amount.hundredths > 0);
	cs_row_text(row, alerts[form->alert]);
}

static void
put_message(FunctionCallInfo fcinfo, const CsSmsMessage *message, int n)
{
	const int meanings = 17;
	CsRow	  row = {0};

	cs_row_int(&row, n);
	cs_row_text_of(&row, message->sender, message->sender_len);
	cs_row_text(&row, cs_sms_form_issuers[message->issuer].name);
	cs_row_text(&row,
				message->read.form != NULL ? message->read.form->name : NULL);
	put_span(&row, &message->read.account);
	put_span(&row, &message->read.receipt);
	put_time(&row, message);
	if (message->read.form != NULL)
		put_meaning(&row, message);
	else
		for (int i = 0; i < meanings; i++)
			cs_row_text(&row, NULL);
	cs_row_text_of(&row, message->text, message->text_len);
	cs_row_int(&row, message->line);
	cs_row_emit(fcinfo, &row);
}

/*
 * credscore_sms_transactions(sms jsonb)
 * returns setof (n int, sender text, account text, form text,
 *				  account_number text, transaction_id text, at timestamptz,
 *				  day date, direction text, amount numeric, charge numeric,
 *				  balance numeric, debt numeric, currency text, class text,
 *				  rail text, party_number text, party text, role text,
 *				  known_as text, own boolean, reverses text, fuliza boolean,
 *				  counted boolean, alert text, details text, line int)
 *
 * Each message about money, the oldest first.
 */
Datum
credscore_sms_transactions(PG_FUNCTION_ARGS)
{
	MemoryContext per_row;
	MemoryContext caller;
	CsSmsMessages messages;
	CsSmsRows	  rows;
	JsonbValue	  root;

	InitMaterializedSRF(fcinfo, 0);
	cs_jsonb_read_root(PG_GETARG_JSONB_P(0), &root);
	if (!cs_sms_message_read(
			&root, cs_transaction_rows_parties(fcinfo->flinfo), &messages))
		return (Datum) 0;
	cs_sms_rows_arrange(&messages, &rows);
	per_row = AllocSetContextCreate(CurrentMemoryContext, "credscore SMS",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(per_row);
	for (int i = 0; i < messages.nmessages; i++)
	{
		put_message(fcinfo, &messages.messages[i], i + 1);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(per_row);
	return (Datum) 0;
}

/* --- forms --- */

static const char *const evidences[CS_SMS_EVIDENCES] = {
	[CS_SMS_SAMPLES] = "samples",
	[CS_SMS_PATTERN] = "pattern",
};

/*
 * sms_forms() returns setof (form text, account text, pattern text, class text,
 *							  alert text, evidence text, source text)
 */
Datum
credscore_sms_forms(PG_FUNCTION_ARGS)
{
	const CsSmsForm *form;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; (form = cs_sms_form_at(i)) != NULL; i++)
	{
		CsRow row = {0};

		cs_row_text(&row, form->name);
		cs_row_text(&row, cs_sms_form_issuers[form->issuer].name);
		cs_row_text(&row, form->pattern);
		cs_row_text(&row, form->class == CS_MPESA_NOTHING
							  ? NULL
							  : cs_transactions_classes[form->class].name);
		cs_row_text(&row, alerts[form->alert]);
		cs_row_text(&row, evidences[form->evidence]);
		cs_row_text(&row, form->source);
		cs_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}
