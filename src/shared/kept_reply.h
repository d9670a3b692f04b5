/*-------------------------------------------------------------------------
 * kept_reply.h
 *	  Replies that are kept, as they lie in the journal until they are loaded.
 *
 * A reply is there before anybody is told of it, with the subject that it has to be
 * about.  What is longer than a record lies in pieces before its last one.
 *------------------------------------------------------------------------- */
#ifndef CS_KEPT_REPLY_H
#define CS_KEPT_REPLY_H

#include "postgres.h"

#include "shared/journal_record.h"

typedef struct CsKeptReply
{
	CsKeptRecord record;
	const char	*server;
	const char	*provider;
	const char	*endpoint;
	const char	*subject; /* normalised */
	const char	*body;	  /* record.total bytes, and a NUL */
} CsKeptReply;

/*
 * Appends it, of the record what says whose it is and when, and all else but the
 * sum and sizes, which are filled in.  False: it could not be written.  Does not
 * raise.
 */
extern bool cs_kept_reply_append(Oid database, CsKeptReply *reply);

/* How many bytes a reply of so many takes there, at most. */
extern size_t cs_kept_reply_room(size_t len);

/*
 * What a record of that kind, at a position, says; palloc'd.  False: it was wiped,
 * or pieces of it are gone.
 */
extern bool cs_kept_reply_read(const CsJournalHead *head,
							   CsJournalPosition position, CsKeptReply *reply);

/*
 * Looks for a reply to a question among those that were written from a position on,
 * and are flushed, if that is asked for; as cs_kept_reply_read.
 */
extern bool cs_kept_reply_find(const CsNote *note, CsJournalPosition from,
							   bool flushed, CsKeptReply *reply);

/* From now on no reply about a subject that lies there counts; false: that could
 * not be written.  `position` may be NULL.  Does not raise. */
extern bool cs_kept_reply_forget(Oid database, const CsKey *subject,
								 CsJournalPosition *position);

/* Wipes all replies about a subject that lie in the files still, loaded or not,
 * before a position: what was bought since then is kept. */
extern void cs_kept_reply_wipe(Oid database, const CsKey *subject,
							   CsJournalPosition before);

#endif /* CS_KEPT_REPLY_H */
