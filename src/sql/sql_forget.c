/*-------------------------------------------------------------------------
 * sql_forget.c
 *	  Forgetting a person.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "pg/compat.h"
#include "pg/shmem.h"
#include "session/announce.h"
#include "session/forgetting.h"
#include "settings/subjects.h"
#include "sql/row.h"
#include "store/answer.h"
#include "store/digest_key.h"
#include "store/ledger.h"
#include "store/queue.h"

PG_FUNCTION_INFO_V1(credscore_subject_forms);
PG_FUNCTION_INFO_V1(credscore_forget);

static List *
forms_of(text *given)
{
	return cs_subjects_of(pg_server_to_any(text_to_cstring(given),
										   VARSIZE_ANY_EXHDR(given), PG_UTF8));
}

/* As an array of texts. */
static Datum
array_of(List *forms)
{
	Datum	 *values = palloc((list_length(forms) + 1) * sizeof(Datum));
	int		  n = 0;
	ListCell *lc;

	foreach(lc, forms)
	{
		const char *form = lfirst(lc);
		char	   *ours = pg_any_to_server(form, (int) strlen(form), PG_UTF8);

		values[n++] = CStringGetTextDatum(ours);
	}
	return PointerGetDatum(
		construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * credscore.subject_forms(subject text) returns text[]
 */
Datum
credscore_subject_forms(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(array_of(forms_of(PG_GETARG_TEXT_PP(0))));
}

static void
refuse_unknown(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 errmsg("no server of this database knows such a subject"),
		 errhint(
			 "Give a telephone number, or the reference or id that was asked about, as the functions that ask take it.")));
}

static void
refuse_held(const char *reason)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg("the person is under a legal hold"),
		 errdetail("Its reason: %s", reason),
		 errhint(
			 "Nothing was removed.  The row of credscore.legal_hold has to go first.")));
}

/* With a snapshot of before, a hold and answers that came later were not seen. */
static void
require_read_committed(void)
{
	if (IsolationUsesXactSnapshot())
		ereport(
			ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("credscore_forget() needs isolation level READ COMMITTED"),
			 errhint("BEGIN ISOLATION LEVEL READ COMMITTED.")));
}

/* What was removed, or will be. */
typedef struct Removed
{
	int64 memory;
	int64 answers;
	int64 requests;
} Removed;

static void
forget_form(const char *form, Removed *removed)
{
	CsForgettable found;
	CsKey		  digest;

	cs_digest_key_make(&digest, &form, 1);
	cs_forgetting_count(form, &found);
	removed->memory += found.memory;
	removed->answers += found.journal + (int64) cs_answer_forget(&digest);
	cs_forgetting_at_commit(form);
}

static int64
forget_requests(Datum forms)
{
	int64 *open;
	int	   nopen;
	int64  requests = (int64) cs_queue_forget(forms, &open, &nopen);

	for (int i = 0; i < nopen; i++)
		cs_announce_row(open[i]);
	return requests;
}

static void
note_forgotten(List *forms, const Removed *removed)
{
	const char *first = linitial(forms);
	CsKey		digest;

	cs_digest_key_make(&digest, &first, 1);
	cs_ledger_forgot(&digest, GetUserNameFromId(GetUserId(), false),
					 removed->answers, removed->requests);
}

static void
ask_for_vacuum(const Removed *removed)
{
	if (removed->answers + removed->requests == 0)
		return;
	ereport(
		NOTICE,
		(errmsg(
			 "what was removed stays in the tables' files until they are written anew"),
		 errhint(
			 "VACUUM (FULL) credscore.answer, credscore.assessment once this is committed.")));
}

static void
put_rows(FunctionCallInfo fcinfo, const Removed *removed)
{
	const struct
	{
		const char *place;
		int64		removed;
	} rows[] = {{"memory", removed->memory},
				{"answers", removed->answers},
				{"requests", removed->requests}};

	InitMaterializedSRF(fcinfo, 0);
	for (size_t i = 0; i < lengthof(rows); i++)
	{
		CsRow row = {0};

		cs_row_text(&row, rows[i].place);
		cs_row_count(&row, rows[i].removed);
		cs_row_emit(fcinfo, &row);
	}
}

/*
 * credscore_forget(subject text) returns setof (place text, removed bigint)
 *
 * Errors: 22023: nobody's subject, or another number in another country; 55000:
 * a legal hold; 55P03: a table was locked for a second; CS429 at the commit: the
 * journal has no room, or cannot be flushed.
 */
Datum
credscore_forget(PG_FUNCTION_ARGS)
{
	List	 *forms;
	Datum	  array;
	char	 *reason;
	Removed	  removed = {0};
	ListCell *lc;

	cs_shmem_require();
	PreventCommandIfReadOnly("credscore_forget()");
	require_read_committed();
	cs_ledger_lock_holds();
	forms = forms_of(PG_GETARG_TEXT_PP(0));
	if (forms == NIL)
		refuse_unknown();
	array = array_of(forms);
	reason = cs_ledger_hold(array);
	if (reason != NULL)
		refuse_held(reason);
	foreach(lc, forms)
		forget_form(lfirst(lc), &removed);
	removed.requests = forget_requests(array);
	note_forgotten(forms, &removed);
	ask_for_vacuum(&removed);
	put_rows(fcinfo, &removed);
	return (Datum) 0;
}
