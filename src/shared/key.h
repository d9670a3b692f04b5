/*-------------------------------------------------------------------------
 * key.h
 *	  Keys: digests of a question, an account, a server.
 *------------------------------------------------------------------------- */
#ifndef CS_KEY_H
#define CS_KEY_H

#include <stdint.h>
#include <string.h>

#define CS_KEY_SIZE 16

/* A digest: of a question, an account, a server. */
typedef struct CsKey
{
	uint8_t bytes[CS_KEY_SIZE];
} CsKey;

#define cs_key_equal(a, b) (memcmp((a), (b), sizeof(CsKey)) == 0)

/*
 * Digest of a list of texts, keyed with the secret of this server start, so
 * that nobody who sees it can find the phone number by trying.  NULL differs
 * from the empty text.
 */
extern void cs_key_digest(CsKey *key, const char *const *parts, int nparts);

#endif /* CS_KEY_H */
