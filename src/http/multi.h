/*-------------------------------------------------------------------------
 * multi.h
 *	  libcurl's multi handle: it moves the transfers of all easy handles.
 *------------------------------------------------------------------------- */
#ifndef CS_MULTI_H
#define CS_MULTI_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/instant.h"

/* After curl_global_init; false when it cannot be had. */
extern bool cs_multi_init(void);

/*
 * A transfer begins: false when there is no memory.  After a failure, true,
 * and it goes nowhere.
 */
extern bool cs_multi_add(CURL *easy);

/* A transfer is over, or not wanted any more; so is one that was not added. */
extern void cs_multi_remove(CURL *easy);

/* Lets libcurl do what is due at a descriptor; `events` are epoll's. */
extern void cs_multi_act(int fd, uint32_t events);

/* Lets libcurl do what time demands: it begins transfers so, too. */
extern void cs_multi_run_timer(void);

/* When cs_multi_run_timer has something to do; CS_NEVER: it has not. */
extern CsInstant cs_multi_due(void);

/* The next transfer that is over, and how it ended; NULL: none is. */
extern CURL *cs_multi_next(CURLcode *rc);

/* Why nothing goes on any more, as a sentence; NULL: it does. */
extern const char *cs_multi_failure(void);

#endif /* CS_MULTI_H */
