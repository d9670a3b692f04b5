/*-------------------------------------------------------------------------
 * weza_rules.h
 *	  What must hold of a body: what is there and of which type, and what
 *	  values are.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_RULES_H
#define SANDBOX_WEZA_RULES_H

#include "core/json.h"

/* A table of them ends with a NULL path. */
typedef struct SbWezaRule
{
	const char *path;
	SbJsonCheck check;
	int			status; /* of the refusal: 400 malformed, 422 not allowed */
	const char *message;
} SbWezaRule;

/* "2019-05-12T12:00:00+03:00" */
extern bool sb_weza_rules_moment(json_object *value);

/* A string that is one of a list, which ends with NULL. */
extern bool
sb_weza_rules_one_of(json_object *value, const char *const *choices);

/*
 * Refuses a tree that breaks a rule, the types' first: false then.
 */
extern bool
sb_weza_rules_obeyed(SbRequest *request, json_object *tree,
					 const SbJsonRule *types, const SbWezaRule *values);

#endif /* SANDBOX_WEZA_RULES_H */
