/*-------------------------------------------------------------------------
 * entity.h
 *	  What providers remember between requests: things of named kinds, each
 *	  with a key, a JSON document, and an age.
 *
 * A provider lists its kinds (SbProvider.kinds), so that tests can count, look
 * at and forget its entities through /control.  The store owns an entity, its
 * key and its document; a pointer to one is good until it is forgotten, or
 * another put under its key.  Age goes by the sandbox's time of day, which
 * tests put forward.
 *
 * A document is kept as text, which is a tenth of what a tree takes: a million
 * entities with documents of 130 bytes are 350 MB.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_ENTITY_H
#define SANDBOX_ENTITY_H

#include <json-c/json.h>

#include "core/types.h"

/* One kind; keys are unique within it. */
typedef struct SbEntityKind
{
	const char *name; /* "statement" */
} SbEntityKind;

typedef struct SbEntity
{
	const SbEntityKind *kind;
	const char		   *key;
	char			   *document; /* JSON, or NULL */
	uint64_t			made_ms;  /* Unix time in milliseconds */
} SbEntity;

/*
 * Makes an entity of this moment; takes the document over.  One that is there
 * under the key is forgotten first.
 */
extern SbEntity *sb_entity_put(const SbEntityKind *kind, const char *key,
							   json_object *document);

/* NULL when there is none. */
extern SbEntity *sb_entity_find(const SbEntityKind *kind, const char *key);

/* Its document as a tree, which the caller puts away; NULL: it has none. */
extern json_object *sb_entity_read(const SbEntity *entity);

/* Gives it another document, which is taken over; its age stays. */
extern void sb_entity_write(SbEntity *entity, json_object *document);

/* Adds one to a number of its document, which begins at 0; returns it. */
extern int64_t sb_entity_count_up(SbEntity *entity, const char *member);

extern int64_t sb_entity_age_ms(const SbEntity *entity);

extern size_t sb_entity_count(const SbEntityKind *kind);

/* Walks a kind's entities, the oldest first: the one after it, or the first. */
extern const SbEntity *
sb_entity_next(const SbEntityKind *kind, const SbEntity *after);

/*
 * Forgets the one with this key, or all when it is NULL, of one kind, or of
 * all when it is NULL; returns how many.
 */
extern int sb_entity_forget(const SbEntityKind *kind, const char *key);

#endif /* SANDBOX_ENTITY_H */
