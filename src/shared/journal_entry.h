/*-------------------------------------------------------------------------
 * journal_entry.h
 *	  What is to become a record of the journal.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_ENTRY_H
#define CS_JOURNAL_ENTRY_H

#include "postgres.h"

#include "shared/journal_file.h"

/* What a record says; see shared/journal_record.h. */
typedef enum CsJournalType
{
	CS_JOURNAL_SENT = 1, /* a billed call leaves */
	CS_JOURNAL_ENDED,	 /* it has ended, or another's did that it shared */
	CS_JOURNAL_READ,	 /* its reply was read, and is an answer */
	CS_JOURNAL_REUSED,	 /* answers were served again without a call */
	CS_JOURNAL_PIECE,	 /* of a long reply that is kept */
	CS_JOURNAL_KEPT,	 /* a reply that is kept, or the last piece of it */
	CS_JOURNAL_FORGOTTEN /* what is kept of a subject before it is not */
} CsJournalType;

/* Parts of a record. */
#define CS_JOURNAL_PARTS 4

/* What is appended; all zero but what is said. */
typedef struct CsJournalEntry
{
	CsJournalType type;
	Oid			  database;
	struct
	{
		const void *bytes;
		size_t		len;
	} parts[CS_JOURNAL_PARTS]; /* one after the other */
	int nwiped; /* so many of the last ones are outside of the checksum: what is
				  * before them has a length that is a multiple of 8 */
	bool linked; /* the first part begins with a CsJournalLink: it is found by
				  * its subject, see shared/journal_chain.h */
} CsJournalEntry;

typedef union CsJournalBuffer
{
	CsJournalHead head;
	char		  bytes[CS_JOURNAL_RECORD_MAX];
} CsJournalBuffer;

/* Puts its parts together, all but the checksum; false: it is too long.  Does not
 * raise. */
extern bool cs_journal_entry_assemble(const CsJournalEntry *entry,
									  CsJournalBuffer	   *record);

#endif /* CS_JOURNAL_ENTRY_H */
