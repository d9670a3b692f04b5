/*-------------------------------------------------------------------------
 * memo.h
 *	  MEMO: what one execution of one query has asked, and what came out.
 *
 * An entry is a question being asked, or its outcome as bytes.  The latest
 * outcomes, up to work_mem, are in memory, older ones in a temporary file;
 * about 48 bytes per question stay.
 *------------------------------------------------------------------------- */
#ifndef CS_MEMO_H
#define CS_MEMO_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "session/origin.h"
#include "session/scope.h"
#include "shared/spec.h"

typedef enum CsMemoState
{
	CS_MEMO_NEW,
	CS_MEMO_RUNNING, /* value.running */
	CS_MEMO_ANSWER,	 /* the bytes of a Jsonb, and of its origin */
	CS_MEMO_FAILURE	 /* the bytes of a failure */
} CsMemoState;

typedef struct CsMemoEntry
{
	CsKey  key;		/* must be first */
	uint32 state;	/* CsMemoState */
	bool   spilled; /* value.place instead of value.kept */
	union
	{
		void  *running;
		void  *kept;
		uint64 place;
	} value;
} CsMemoEntry;

extern void cs_memo_init(void);

/* The entry of a question in a scope; CS_MEMO_NEW when it was not there. */
extern CsMemoEntry *cs_memo_enter(CsScope *scope, const CsKey *key);

/* Stores an answer, and where it came from; both are copied. */
extern void cs_memo_store_answer(CsScope *scope, CsMemoEntry *entry,
								 const Jsonb *answer, const CsOrigin *origin);

/*
 * Stores the bytes of a failure, or those that were fetched of any outcome; they
 * are copied.
 */
extern void
cs_memo_store_bytes(CsScope *scope, CsMemoEntry *entry, CsMemoState state,
					const void *bytes, uint32 size);

/* Spills in advance what the next outcomes would push out: for idle moments. */
extern void cs_memo_make_room(CsScope *scope);

/*
 * The bytes of an outcome: a copy in the current context, and its size.  Those of
 * an answer can be used as the Jsonb that they begin with.
 */
extern void *
cs_memo_fetch(CsScope *scope, const CsMemoEntry *entry, uint32 *size);

/* The origin among the bytes of an answer that was fetched. */
extern CsOrigin cs_memo_origin(const void *bytes, uint32 size);

extern void cs_memo_remove(CsScope *scope, CsMemoEntry *entry);

#endif /* CS_MEMO_H */
