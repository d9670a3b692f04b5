/*-------------------------------------------------------------------------
 * weza_type.h
 *	  Weza's types of assessments: GET /assessmentTypes.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_TYPE_H
#define SANDBOX_WEZA_TYPE_H

#include "core/types.h"

typedef struct SbWezaType
{
	const char *id;
	const char *in_ids; /* what it is called in the ids of assessments */
	const char *category;
	const char *period;
	const char *title;
	int			status; /* 0 beta, 1 live, 2 deprecated */
} SbWezaType;

/* By the name of the resource, "assessmentTypes/x"; NULL when there is none. */
extern const SbWezaType *sb_weza_type_find(const char *name);

extern void sb_weza_type_list(SbRequest *request);

#endif /* SANDBOX_WEZA_TYPE_H */
