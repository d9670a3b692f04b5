/*-------------------------------------------------------------------------
 * log.h
 *	  The latest requests, for tests that ask what exactly came.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_LOG_H
#define SANDBOX_LOG_H

#include "core/types.h"

/* Numbers the request, too. */
extern void sb_log_received(SbRequest *request);

extern void sb_log_finished(const SbRequest *request, int status);

extern void sb_log_reset(void);

/* The latest n requests, oldest first. */
extern struct json_object *sb_log_json(int n);

#endif /* SANDBOX_LOG_H */
