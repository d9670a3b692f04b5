/*-------------------------------------------------------------------------
 * sql_ledger.c
 *	  The SQL functions of the ledger that are written in C.
 *
 * They work without preload, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#include "pg/jsonb_digest.h"
#include "store/ledger.h"

/* Bytes of a note; who has more to say says where it is written. */
#define NOTE_MAX 1000

PG_FUNCTION_INFO_V1(credscore_answer_digest);
PG_FUNCTION_INFO_V1(credscore_resolve);

/* credscore.answer_digest(answer jsonb) returns bytea */
Datum
credscore_answer_digest(PG_FUNCTION_ARGS)
{
	Jsonb *answer = PG_GETARG_JSONB_P(0);
	bytea *digest = palloc(VARHDRSZ + CS_JSONB_DIGEST_LENGTH);

	SET_VARSIZE(digest, VARHDRSZ + CS_JSONB_DIGEST_LENGTH);
	cs_jsonb_digest(answer, (uint8 *) VARDATA(digest));
	PG_RETURN_BYTEA_P(digest);
}

/* A text argument; "" for NULL. */
static const char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static void
require_choice(const char *argument, const char *value, const char *first,
			   const char *second)
{
	if (strcmp(value, first) != 0 && strcmp(value, second) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for %s: \"%s\"", argument, value),
				 errhint("It is %s or %s.", first, second)));
}

static void
require_note(const char *note)
{
	size_t len = strlen(note);

	if (len == strspn(note, " \t\r\n") || len > NOTE_MAX)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a note is needed, of at most %d bytes", NOTE_MAX),
			 errhint(
				 "Say why it is known, as in the number of the invoice.")));
}

static void
require_monitor(void)
{
	if (!has_privs_of_role(GetUserId(),
						   get_role_oid("credscore_monitor", false)))
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to resolve a call"),
			 errdetail(
				 "Only members of credscore_monitor see the calls of all roles.")));
}

/*
 * credscore_resolve(request_id uuid, billed text, note text, word text)
 *		returns boolean
 *
 * The call's row stays as it is; what is said of it is a row of its own.
 */
Datum
credscore_resolve(PG_FUNCTION_ARGS)
{
	CsLedgerWord word = {.billed = text_argument(fcinfo, 1),
						 .note = text_argument(fcinfo, 2),
						 .word = text_argument(fcinfo, 3),
						 .by = GetUserNameFromId(GetUserId(), false)};

	require_monitor();
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the id of a request is needed"),
						errhint("The view credscore_unresolved has those.")));
	require_choice("billed", word.billed, "yes", "no");
	require_choice("word", word.word, "person", "invoice");
	require_note(word.note);
	PreventCommandIfReadOnly("credscore_resolve()");
	PG_RETURN_BOOL(cs_ledger_resolve(PG_GETARG_UUID_P(0), &word) > 0);
}
