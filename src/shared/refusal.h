/*-------------------------------------------------------------------------
 * refusal.h
 *	  Accounts that their provider refused, in shared memory, until it accepts
 *	  them.
 *
 * The courier notes, views look.  Accounts are known by their proof_key, which
 * another credential or certificate changes, so that nothing need be taken back
 * when it is corrected.
 *------------------------------------------------------------------------- */
#ifndef CS_REFUSAL_H
#define CS_REFUSAL_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "base/core.h"
#include "shared/key.h"

extern void cs_refusal_init(void);

/* Who was refused where. */
typedef struct CsRefused
{
	CsKey		server;
	CsKey		account;
	CsErrorCode code; /* CS_ERR_CREDENTIALS or CS_ERR_SERVER_REFUSED */
	TimestampTz since;
} CsRefused;

/*
 * An account was refused, or accepted.  True when it was not before: that is
 * news.  For the courier; neither raises.
 */
extern bool
cs_refusal_note(const CsKey *server, const CsKey *account, CsErrorCode code);
extern bool cs_refusal_lift(const CsKey *server, const CsKey *account);

/* Is it refused?  Copies what is known. */
extern bool
cs_refusal_find(const CsKey *server, const CsKey *account, CsRefused *refused);

#endif /* CS_REFUSAL_H */
