/*-------------------------------------------------------------------------
 * identity.h
 *	  What a server and an account are known by: the keys of their limits,
 *	  tokens and answers.
 *
 * Digests that differ with each start of the server; they need shared memory.
 *------------------------------------------------------------------------- */
#ifndef CS_IDENTITY_H
#define CS_IDENTITY_H

#include "postgres.h"

#include "settings/settings.h"

/* Whose limits hold: takes provider, address and name of *settings. */
extern void cs_identity_server(const CsSettings *settings, CsKey *key);

/*
 * Whose tokens and answers: an account's answers serve any server name.  With
 * another client certificate, as `certificate` names or shows it, it is another
 * account; NULL: it has none.
 */
extern void cs_identity_account(const CsSettings *settings,
								const char *certificate, CsKey *key);

#endif /* CS_IDENTITY_H */
