/*-------------------------------------------------------------------------
 * journal_file.h
 *	  The files of the journal: segments of 16 MB in PGDATA/credscore.journal.
 *
 * A position is a number of bytes from the beginning of time: segment n holds
 * those from n * CS_JOURNAL_SEGMENT on.  A segment begins with a header, records
 * follow; where the length of the next would be zero its records end.  A file is
 * as large as it will be from the beginning on, all zero behind its header, so
 * that a full disk is noticed before anything depends on it.
 *
 * Every process of the server has the data directory as its own.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_FILE_H
#define CS_JOURNAL_FILE_H

#include "postgres.h"

#include "port/pg_crc32c.h"

typedef uint64 CsJournalPosition;

#define CS_JOURNAL_SEGMENT (UINT64CONST(16) * 1024 * 1024)

#define cs_journal_file_of(position)   ((position) / CS_JOURNAL_SEGMENT)
#define cs_journal_file_start(segment) ((segment) *CS_JOURNAL_SEGMENT)

/* Where the first record of a segment is. */
#define cs_journal_file_first(segment) \
	(cs_journal_file_start(segment) + sizeof(CsJournalHeader))

#define CS_JOURNAL_ID_SIZE 16

/* Of each segment. */
typedef struct CsJournalHeader
{
	uint32 magic;
	uint32 version;
	uint8  id[CS_JOURNAL_ID_SIZE]; /* whose records these are: another one in a
									* copy of the data directory, and after a
									* standby was promoted */
	uint64 segment;
	uint64 life; /* a digest of the server's life then */
	uint32 unused;
	uint32 crc; /* of what is before it */
} CsJournalHeader;

/*
 * Of each record; what it says follows.  Records begin at multiples of 8.  The end
 * of one may be outside of the checksum: it has its own, and can be wiped.
 */
typedef struct CsJournalHead
{
	uint32 len; /* of head and what follows, a multiple of 8 */
	uint32 crc; /* of what is behind it, up to `sealed` */
	uint8  type;
	bool   linked;	 /* a CsJournalLink follows, see shared/journal_chain.h */
	uint16 sealed;	 /* from the head's beginning, in units of 8 bytes */
	Oid	   database; /* InvalidOid: all */
} CsJournalHead;

/* A checksum by the processor, where it can. */
static inline uint32
cs_journal_file_sum(const void *bytes, size_t len)
{
	pg_crc32c crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, bytes, len);
	FIN_CRC32C(crc);
	return crc;
}

/* The checksum that a record has to have; `sealed` is within its length. */
static inline uint32
cs_journal_file_crc(const CsJournalHead *head)
{
	const size_t before = offsetof(CsJournalHead, type);

	return cs_journal_file_sum((const char *) head + before,
							   head->sealed * (size_t) 8 - before);
}

/* No record is longer. */
#define CS_JOURNAL_RECORD_MAX (64 * 1024)

/* May these be the first bytes of a record, as far as they tell? */
static inline bool
cs_journal_file_is_head(const CsJournalHead *head)
{
	return head->len >= sizeof(*head) && head->len == MAXALIGN(head->len) &&
		   head->len <= CS_JOURNAL_RECORD_MAX &&
		   head->sealed * (size_t) 8 >= sizeof(*head) &&
		   head->sealed * (size_t) 8 <= head->len;
}

/* Makes the directory, if need be; false, and errno. */
extern bool cs_journal_file_make_directory(void);

/* All segments that are there, in ascending order, palloc'd; -1, and errno. */
extern int cs_journal_file_list(uint64 **segments);

/*
 * Makes a segment with its header (magic, version and crc are filled in), as large
 * as it will be and safe on disk; one that is there is replaced.  False, and errno.
 */
extern bool cs_journal_file_make(const CsJournalHeader *header);

/* Removes a segment; false, and errno. */
extern bool cs_journal_file_remove(uint64 segment);

/* Opens one; -1, and errno.  The descriptor is not PostgreSQL's: close() it. */
extern int cs_journal_file_open(uint64 segment, int flags);

/* Makes what was written to one safe on disk; false, and errno. */
extern bool cs_journal_file_flush(uint64 segment);

/* Writes zeros over what is between, in one segment; false, and errno. */
extern bool cs_journal_file_wipe(CsJournalPosition from, CsJournalPosition to);

/* Reads and checks a header. */
extern bool cs_journal_file_header(uint64 segment, CsJournalHeader *header);

#endif /* CS_JOURNAL_FILE_H */
