/*-------------------------------------------------------------------------
 * jsonb_digest.h
 *	  The digest by which an answer is known again.
 *------------------------------------------------------------------------- */
#ifndef CS_JSONB_DIGEST_H
#define CS_JSONB_DIGEST_H

#include "postgres.h"

#include "common/sha2.h"
#include "utils/jsonb.h"

#define CS_JSONB_DIGEST_LENGTH PG_SHA256_DIGEST_LENGTH

/*
 * SHA-256 of the value's bytes as PostgreSQL keeps them, without the length
 * word, so that it does not matter how they are stored.  They are the same for
 * the same JSON, in whatever order its members came.
 */
extern void
cs_jsonb_digest(const Jsonb *value, uint8 out[CS_JSONB_DIGEST_LENGTH]);

#endif /* CS_JSONB_DIGEST_H */
