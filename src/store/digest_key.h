/*-------------------------------------------------------------------------
 * digest_key.h
 *	  The database's key, with which digests in its tables are made.
 *
 * Digests in shared memory are made with a key of each server start.  Those in
 * tables must be the same for years, and after a dump and a restore: their key lies
 * in credscore.digest_key, which only its owner may read.
 *------------------------------------------------------------------------- */
#ifndef CS_DIGEST_KEY_H
#define CS_DIGEST_KEY_H

#include "postgres.h"

#include "shared/key.h"

/*
 * HMAC-SHA-256 of a list of texts, cut to the size of a CsKey; NULL differs from
 * the empty text.  Raises 55000 where the database has no key.
 */
extern void
cs_digest_key_make(CsKey *digest, const char *const *parts, int nparts);

#endif /* CS_DIGEST_KEY_H */
