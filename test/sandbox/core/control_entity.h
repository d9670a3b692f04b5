/*-------------------------------------------------------------------------
 * control_entity.h
 *	  The commands of /control about time and what providers remember.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_CONTROL_ENTITY_H
#define SANDBOX_CONTROL_ENTITY_H

#include <json-c/json.h>

#include "core/types.h"

/* POST /control/advance: puts the time of day forward. */
extern void sb_control_entity_advance(SbRequest *request, json_object *in);

/* GET /control/entities: how many there are, or those of one kind. */
extern void sb_control_entity_list(SbRequest *request, json_object *in);

/* GET /control/entity: the one under a key. */
extern void sb_control_entity_show(SbRequest *request, json_object *in);

/* POST /control/forget: some, or all. */
extern void sb_control_entity_forget(SbRequest *request, json_object *in);

#endif /* SANDBOX_CONTROL_ENTITY_H */
