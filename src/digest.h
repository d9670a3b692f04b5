/*-------------------------------------------------------------------------
 * digest.h
 *	  Keyed digests of texts.
 *------------------------------------------------------------------------- */
#ifndef CS_DIGEST_H
#define CS_DIGEST_H

#include "postgres.h"

#include "spec.h"

/*
 * Digest of a list of texts, keyed with the secret of this server start, so
 * that nobody who sees it can find the phone number by trying.  NULL differs
 * from the empty text.
 */
extern void cs_digest(CsKey *key, const char *const *parts, int nparts);

#endif							/* CS_DIGEST_H */
