/*-------------------------------------------------------------------------
 * noting.h
 *	  What the ledger is told of a question.
 *------------------------------------------------------------------------- */
#ifndef CS_NOTING_H
#define CS_NOTING_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "session/origin.h"
#include "session/question.h"
#include "shared/note.h"

extern void cs_noting_init(void);

/*
 * The note of a question that is asked for a purpose, which may be NULL; it is
 * valid until the next call.  NULL: the ledger is told nothing, since it is off,
 * the question is free, or the server is a standby.
 */
extern const CsNote *cs_noting_make(const CsAsk *ask, const char *purpose);

/* Is the answer to it to be kept in tables, as far as its server says? */
extern bool cs_noting_keeps(const CsAsk *ask);

/* Is it looked for in the journal before it is asked: as one that is kept, or since an
 * earlier call may be in doubt? */
extern bool cs_noting_looks(const CsAsk *ask);

/* A question's digests, by the database's key: made once, and kept with it. */
extern const CsDigests *cs_noting_digests(const CsAsk *ask);

/*
 * An answer in memory, or one that is kept, was served to a question without a
 * call: it is counted, and the ledger is told at the end of the transaction.  With
 * log_reuse it has a row of its own, too, unless there is no room for it: then that
 * is counted.  Raises what cs_noting_make does.
 */
extern void cs_noting_reused(const CsAsk *ask, const CsOrigin *origin);

/*
 * Tells the ledger which answer the reply to a billed request was read as, so that
 * it can say of an answer where it comes from, and what the provider calls it; "":
 * it has no name.  The answer may have come later than that reply: by free looks,
 * which the ledger is not told of.
 */
extern void
cs_noting_answer(const CsSettings *settings, const char *request_id,
				 const Jsonb *answer, const char *reference);

#endif /* CS_NOTING_H */
