/*-------------------------------------------------------------------------
 * control.h
 *	  /control: how tests script the simulator and read its counters.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include <json-c/json.h>

#include "core/types.h"

/* Makes the reply to a request that no provider has. */
extern void sb_control(SbRequest *request);

extern void
sb_control_error(SbRequest *request, int status, const char *message);

/* Replies with the object, which it takes over. */
extern void sb_control_json(SbRequest *request, json_object *object);

/* Replies with an object of one number. */
extern void sb_control_count(SbRequest *request, const char *what, int64_t n);

/* A member of what came in; NULL when it is not there. */
extern json_object *sb_control_member(json_object *in, const char *name);

extern json_object *sb_control_counter(const SbCounter *counter);

#endif /* SANDBOX_CONTROL_H */
