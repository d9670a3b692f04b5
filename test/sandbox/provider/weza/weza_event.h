/*-------------------------------------------------------------------------
 * weza_event.h
 *	  Weza's events: personal data that was captured for a borrower.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_EVENT_H
#define SANDBOX_WEZA_EVENT_H

#include "core/types.h"

extern void sb_weza_event_create(SbRequest *request);
extern void sb_weza_event_show(SbRequest *request);
extern void sb_weza_event_list(SbRequest *request);

/* Has the account any, in the request's app? */
extern bool sb_weza_event_any(const SbRequest *request, const char *account);

#endif /* SANDBOX_WEZA_EVENT_H */
