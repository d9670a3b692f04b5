/*-------------------------------------------------------------------------
 * json.h
 *	  JSON trees of any depth: reading, reaching into them, checking them.
 *
 * A path names a place: members and places of arrays joined by points, as
 * "individual.phoneNumber" or "loans.0.loanId"; the empty path is the tree
 * itself.  Null counts as absent everywhere.  What is found stays the tree's.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_JSON_H
#define SANDBOX_JSON_H

#include <json-c/json.h>

#include "core/text.h"

typedef enum SbJsonType
{
	SB_JSON_ANY,
	SB_JSON_STRING,
	SB_JSON_FILLED, /* a string that is not empty */
	SB_JSON_NUMBER,
	SB_JSON_BOOLEAN,
	SB_JSON_OBJECT,
	SB_JSON_ARRAY
} SbJsonType;

/*
 * What must hold at a path, where "*" stands for every place of an array.
 * A rule says nothing when what it is inside of is absent or no container:
 * that is for another rule.  A table of them ends with a NULL path.
 */
typedef struct SbJsonRule
{
	const char *path;
	SbJsonType	type;
	bool		required;
} SbJsonRule;

/*
 * Reads a text that is one JSON value; NULL when it is none, or null.  The
 * caller puts the tree away.
 */
extern json_object *sb_json_parse(const char *text, size_t len);

/* What lies at the path; NULL when nothing does. */
extern json_object *sb_json_at(json_object *tree, const char *path);

/* The string at the path, and its length unless NULL; NULL for all else. */
extern const char *
sb_json_string(json_object *tree, const char *path, size_t *len);

/* Is it this string? */
extern bool sb_json_is(json_object *tree, const char *path, const char *value);

extern bool sb_json_has_type(json_object *value, SbJsonType type);

/* What must hold of a value beyond its type. */
typedef bool (*SbJsonCheck)(json_object *value);

/*
 * The first rule that is broken, and at which path ("loans.2.loanId"); NULL
 * when all hold.
 */
extern const SbJsonRule *
sb_json_broken(json_object *tree, const SbJsonRule *rules, SbText *where);

/*
 * Does all that lies at a path, as rules write it, pass a check?  What is
 * absent does.  If not, at which path is what fails.
 */
extern bool sb_json_passes(json_object *tree, const char *path,
						   SbJsonCheck check, SbText *where);

#endif /* SANDBOX_JSON_H */
