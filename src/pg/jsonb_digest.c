/*-------------------------------------------------------------------------
 * jsonb_digest.c
 *	  The digest by which an answer is known again.
 *
 * Members stand in one order, and numbers keep the zeros that they were sent
 * with: 15 and 15.00 are different answers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/jsonb_digest.h"

#include "common/cryptohash.h"

void
cs_jsonb_digest(const Jsonb *value, uint8 out[CS_JSONB_DIGEST_LENGTH])
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) VARDATA(value),
							 VARSIZE(value) - VARHDRSZ) < 0 ||
		pg_cryptohash_final(ctx, out, CS_JSONB_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not make the digest of an answer");
	pg_cryptohash_free(ctx);
}
