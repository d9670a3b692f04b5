/*-------------------------------------------------------------------------
 * sql_ledger.c
 *	  The SQL functions of the ledger that are written in C.
 *
 * They work without preload, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "pg/jsonb_digest.h"

PG_FUNCTION_INFO_V1(credscore_answer_digest);

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
