/*-------------------------------------------------------------------------
 * note.h
 *	  What the ledger is told of a question by who asks it.
 *
 * The session makes it, the courier and the journal only pass its bytes on, the
 * loader reads them.  A note has no pointer: a head, then texts one after the
 * other, each with its NUL.  It holds no secret, and of the subject a digest and
 * what may be shown.
 *------------------------------------------------------------------------- */
#ifndef CS_NOTE_H
#define CS_NOTE_H

#include "postgres.h"

#include "shared/key.h"

/* The texts, in their order; "" where there is none. */
typedef enum CsNoteText
{
	CS_NOTE_ROLE,		  /* as whom it was asked */
	CS_NOTE_SESSION_ROLE, /* who had logged in */
	CS_NOTE_APPLICATION,  /* application_name */
	CS_NOTE_SERVER,
	CS_NOTE_PROVIDER,
	CS_NOTE_ENDPOINT,
	CS_NOTE_HOST,	 /* where requests go: host, and port if it is said */
	CS_NOTE_ACCOUNT, /* whose mapping, and a few digits of the account's digest */
	CS_NOTE_TIMEZONE, /* whose midnight ends a day */
	CS_NOTE_PRICE,	  /* of a billed call, a decimal */
	CS_NOTE_CURRENCY,
	CS_NOTE_PURPOSE, /* the texts before it make a context */
	CS_NOTE_MASKED,	 /* the subject, its middle hidden */
	CS_NOTE_NTEXTS
} CsNoteText;

/* Texts are cut at so many bytes, at a character. */
#define CS_NOTE_TEXT_MAX 256

typedef struct CsNote
{
	uint32 len;		 /* of all of it */
	Oid	   database; /* whose ledger it goes to */
	int64  query_id; /* pg_stat_statements'; 0: not computed */
	CsKey  question; /* by the database's key, see store/digest_key.h */
	CsKey  subject;	 /* likewise */
} CsNote;

#define CS_NOTE_MAX (sizeof(CsNote) + CS_NOTE_NTEXTS * (CS_NOTE_TEXT_MAX + 1))

/*
 * Finds the texts in a note of which `len` bytes are there; false: these are not
 * the bytes of a note.
 */
extern bool cs_note_texts(const CsNote *note, size_t len,
						  const char *texts[CS_NOTE_NTEXTS]);

#endif /* CS_NOTE_H */
