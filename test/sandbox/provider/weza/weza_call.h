/*-------------------------------------------------------------------------
 * weza_call.h
 *	  What all of Weza's calls share: who is let in, how they are refused and
 *	  answered, and the names of resources.
 *
 * A resource belongs to an app of a project, and is an entity under its name,
 * "projects/p/apps/a/borrowers/10023": the first two pieces of the URL say
 * which app is meant.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_CALL_H
#define SANDBOX_WEZA_CALL_H

#include "core/entity.h"
#include "core/text.h"

/* The kinds of entities, in the order of their table. */
typedef enum SbWezaKind
{
	SB_WEZA_CALL_BORROWER,
	SB_WEZA_CALL_EVENT,
	SB_WEZA_CALL_ASSESSMENT
} SbWezaKind;

extern const SbEntityKind sb_weza_call_kinds[];

/* Whom a made-up answer is about: nobody that was asked about. */
#define SB_WEZA_CALL_SOMEBODY "of-somebody-else"

/* In Weza's form of error; without a message in the status's own words. */
extern void
sb_weza_call_refuse(SbRequest *request, int status, const char *message);

/* May this be answered?  If not, it has been refused. */
extern bool sb_weza_call_admitted(SbRequest *request);

/* The same of what changes something, whose body is an object then. */
extern bool sb_weza_call_may_write(SbRequest *request);

/* Sends a tree, which is put away. */
extern void
sb_weza_call_answer(SbRequest *request, int status, json_object *tree);

/* The name of a resource of the request's app; with "" that of the list. */
extern void sb_weza_call_name(SbText *name, const SbRequest *request,
							  SbWezaKind kind, const char *id);

/* The resource of the request's app; NULL when there is none. */
extern SbEntity *
sb_weza_call_find(const SbRequest *request, SbWezaKind kind, const char *id);

/* The id at the end of a name. */
extern const char *sb_weza_call_id(const char *name);

/* What every resource has: uid, name, status, createdAt. */
extern json_object *
sb_weza_call_head(const char *name, int status, int64_t made_ms);

/* A moment as a JSON string. */
extern json_object *sb_weza_call_moment(int64_t ms);

/*
 * An id that follows from what it is of, "account;type;ms", as base64 or as
 * an UUID.
 */
extern void sb_weza_call_triple(SbText *id, const char *account,
								const char *type, int64_t ms, bool uuid);

/* Notes whom a call is about: a member of the body, or the id in the URL. */
extern void sb_weza_call_identify_account(SbRequest *request);
extern void sb_weza_call_identify_id(SbRequest *request);

#endif /* SANDBOX_WEZA_CALL_H */
