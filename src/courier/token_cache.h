/*-------------------------------------------------------------------------
 * token_cache.h
 *	  Tokens of log-ins, shared over all sessions, one per account.
 *
 * An account is a digest of server options and credentials, so a changed
 * option or password is another account and nothing needs invalidating.
 *------------------------------------------------------------------------- */
#ifndef CS_TOKEN_CACHE_H
#define CS_TOKEN_CACHE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "shared/key.h"

extern void cs_token_cache_init(void);

/* Is there a live token of an account?  For the courier. */
extern bool cs_token_cache_has(const CsKey *account);

/*
 * Copies the token of an account into `token` (CS_TOKEN_MAX + 1 bytes) and
 * tells its generation; false when there is none that is live.  `stale`: one
 * will do whose time is over.
 */
extern bool cs_token_cache_get(const CsKey *account, bool stale, char *token,
							   uint64 *generation);

/* Stores a token, to be used until `use_until`; returns its generation. */
extern uint64 cs_token_cache_put(const CsKey *account, const char *token,
								 TimestampTz use_until);

/* Drops the token of an account if it still is of that generation. */
extern void cs_token_cache_drop(const CsKey *account, uint64 generation);

#endif /* CS_TOKEN_CACHE_H */
