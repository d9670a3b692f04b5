/*-------------------------------------------------------------------------
 * weza_borrower.h
 *	  Weza's borrowers: created, read, listed, changed.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_BORROWER_H
#define SANDBOX_WEZA_BORROWER_H

#include "core/types.h"

extern void sb_weza_borrower_identify(SbRequest *request);
extern void sb_weza_borrower_identify_change(SbRequest *request);

extern void sb_weza_borrower_create(SbRequest *request);
extern void sb_weza_borrower_show(SbRequest *request);
extern void sb_weza_borrower_list(SbRequest *request);
extern void sb_weza_borrower_update(SbRequest *request);

/*
 * Is this the account, "borrower:10023", of a borrower of the request's app?
 * With weza_any_account it need only look so.
 */
extern bool
sb_weza_borrower_known(const SbRequest *request, const char *account);

#endif /* SANDBOX_WEZA_BORROWER_H */
