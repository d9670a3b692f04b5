/*-------------------------------------------------------------------------
 * wait.h
 *	  GET /control/wait: a reply that comes when a condition holds.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WAIT_H
#define SANDBOX_WAIT_H

#include "core/types.h"

/* Replies at once, or suspends the request until its condition holds. */
extern void sb_wait_begin(SbRequest *request);

/* Makes the reply and forgets the waiter. */
extern void sb_wait_end(SbRequest *request);

/* Some counter changed: resumes the waiters whose condition now holds. */
extern void sb_wait_check(void);

#endif /* SANDBOX_WAIT_H */
