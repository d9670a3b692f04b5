/*-------------------------------------------------------------------------
 * journal_reader.h
 *	  Reading the records of the journal, one after the other.
 *
 * Failures are errno; nothing raises.  Records are read from the file, so that a
 * process can read what another has written a moment ago.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_READER_H
#define CS_JOURNAL_READER_H

#include "postgres.h"

#include "shared/journal_file.h"

/* Where somebody reads; all zero but `at` before it is first used. */
typedef struct CsJournalReader
{
	CsJournalPosition at;	/* of the next record */
	bool			  open; /* fd is */
	int				  fd;	/* of `segment` */
	uint64			  segment;
	char			 *buffer; /* malloc'd */
	size_t			  filled;
	CsJournalPosition buffered; /* what the buffer begins with */
} CsJournalReader;

typedef enum CsJournalRead
{
	CS_JOURNAL_RECORD,		/* here it is, until the next call */
	CS_JOURNAL_END,			/* none before the limit */
	CS_JOURNAL_SEGMENT_END, /* none in this segment: see cs_journal_reader_skip */
	CS_JOURNAL_BROKEN,		/* what is there is no record, and no end */
	CS_JOURNAL_UNREADABLE /* errno says why */
} CsJournalRead;

/*
 * The next record before `limit`, in the segment that `at` is in; `at` is then
 * behind it.  `position` is where it begins.
 */
extern CsJournalRead
cs_journal_reader_next(CsJournalReader *reader, CsJournalPosition limit,
					   CsJournalPosition	*position,
					   const CsJournalHead **head);

/* On to the first record of the next segment. */
extern void cs_journal_reader_skip(CsJournalReader *reader);

/* Lets go of file and memory. */
extern void cs_journal_reader_close(CsJournalReader *reader);

#endif /* CS_JOURNAL_READER_H */
