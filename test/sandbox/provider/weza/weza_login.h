/*-------------------------------------------------------------------------
 * weza_login.h
 *	  Weza's log-in: POST /oauth2/token, a form.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_LOGIN_H
#define SANDBOX_WEZA_LOGIN_H

#include "core/types.h"

extern void sb_weza_login_identify(SbRequest *request);
extern void sb_weza_login_answer(SbRequest *request);

/* For SbProvider.login_variants. */
extern const char *const sb_weza_login_variants[];

/* Was the account's token asked for with no scope but for reading? */
extern bool sb_weza_login_reads_only(const char *account);

#endif /* SANDBOX_WEZA_LOGIN_H */
