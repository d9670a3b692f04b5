/*-------------------------------------------------------------------------
 * key.c
 *	  Keys: digests of a question, an account, a server.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/key.h"

#include "common/cryptohash.h"
#include "common/sha2.h"

#include "pg/shmem.h"

void
cs_key_digest(CsKey *key, const char *const *parts, int nparts)
{
	uint8			   digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	bool			   ok = pg_cryptohash_init(ctx) >= 0 &&
			  pg_cryptohash_update(ctx, cs_shmem_cluster_key(),
								   CS_CLUSTER_KEY_SIZE) >= 0;

	for (int i = 0; ok && i < nparts; i++)
	{
		/* Length first; an absent part differs from an empty one. */
		uint32 len = parts[i] ? (uint32) strlen(parts[i]) : UINT32_MAX;

		ok = pg_cryptohash_update(ctx, (const uint8 *) &len, sizeof(len)) >= 0;
		if (ok && parts[i] != NULL)
			ok = pg_cryptohash_update(ctx, (const uint8 *) parts[i], len) >= 0;
	}
	ok = ok && pg_cryptohash_final(ctx, digest, sizeof(digest)) >= 0;
	pg_cryptohash_free(ctx);
	if (!ok)
		elog(ERROR, "could not compute a digest");
	memcpy(key->bytes, digest, sizeof(key->bytes));
}
