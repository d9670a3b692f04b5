/*-------------------------------------------------------------------------
 * token.h
 *	  Issues, checks and revokes bearer tokens, and knows who may log in.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_TOKEN_H
#define SANDBOX_TOKEN_H

#include "core/types.h"

/* A log-in.  A table of them ends with a NULL name. */
typedef struct SbAccount
{
	const char *name; /* email or client id */
	const char *secret;
} SbAccount;

extern void sb_token_init(void);

/*
 * A new token for a log-in, which stays valid for its lifetime in seconds.
 * Returns the text to send, good until the next call; what a fault makes of it
 * need not be what is valid.  "account" must outlive the process.
 */
extern const char *sb_token_issue(SbRequest *request, const char *account,
								  int lifetime, int64_t *expires_at);

/* Is it live?  Notes in the request whose it is. */
extern bool sb_token_check(SbRequest *request, const char *token);

/* A key that needs no log-in and never expires. */
extern void sb_token_fixed(const SbProvider *provider, const char *token,
						   const char *account);

/* Returns how many tokens died; keys do when asked, or are all there is. */
extern int sb_token_revoke(const SbProvider *provider, bool fixed);

/* Fixed keys live again; those from log-ins die if asked. */
extern void sb_token_reset(bool issued);

/* The account of this name and secret; NULL when there is none. */
extern const SbAccount *
sb_token_account(const SbAccount *accounts, const char *name, size_t name_len,
				 const char *secret, size_t secret_len);

#endif /* SANDBOX_TOKEN_H */
