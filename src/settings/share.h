/*-------------------------------------------------------------------------
 * share.h
 *	  From settings to an account in shared memory.
 *------------------------------------------------------------------------- */
#ifndef CS_SHARE_H
#define CS_SHARE_H

#include "postgres.h"

#include "settings/settings.h"
#include "shared/account.h"

/*
 * The account that settings describe, with a reference: the one that is there,
 * or a new one.  Raises what building the log-in or the credentials refuses,
 * and 53200.
 */
extern CsAccountId cs_share_account(const CsSettings *settings);

/* Raises what building the log-in or the credentials refuses; shares nothing. */
extern void cs_share_try(const CsSettings *settings);

#endif /* CS_SHARE_H */
