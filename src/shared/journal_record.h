/*-------------------------------------------------------------------------
 * journal_record.h
 *	  What the records of the journal say.
 *
 * They are written and read by the same server only, so they are plain structures;
 * each is complete by itself, so that a reader may begin at any of them.
 *------------------------------------------------------------------------- */
#ifndef CS_JOURNAL_RECORD_H
#define CS_JOURNAL_RECORD_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/uuid.h"

#include "shared/journal_chain.h"
#include "shared/journal_file.h"
#include "shared/note.h"

/* How a call ended, to the ledger. */
typedef enum CsCallOutcome
{
	CS_CALL_ANSWERED,
	CS_CALL_REFUSED, /* the provider said no */
	CS_CALL_FAILED,
	CS_CALL_UNKNOWN,
	CS_CALL_UNSENT /* recorded, and did not leave: the ledger has no row */
} CsCallOutcome;

/* Where a question has its answer from, to the ledger. */
typedef enum CsCallSource
{
	CS_SOURCE_CALL,
	CS_SOURCE_SHARED, /* another's call */
	CS_SOURCE_MEMORY,
	CS_SOURCE_KEPT
} CsCallSource;

#define CS_SQLSTATE_SIZE 6 /* five characters and NUL */

/* CS_JOURNAL_SENT and CS_JOURNAL_ENDED; a note follows. */
typedef struct CsCallRecord
{
	CsJournalLink link; /* where the record is linked; else zero */
	CsJournalPosition
				sent; /* ENDED: where the SENT is; 0: there was none, since
							 * it cost nothing */
	uint64		run;  /* of who sent it */
	TimestampTz called_at;
	pg_uuid_t	request_id;
	int32		duration_us;
	int32		bytes;						/* of the reply's body */
	int16		http_status;				/* 0: none */
	int16		attempt;					/* from 1 */
	uint8		source;						/* CsCallSource */
	uint8		outcome;					/* CsCallOutcome */
	uint8		billed;						/* CsBilled */
	char		sqlstate[CS_SQLSTATE_SIZE]; /* "" where it was answered */
} CsCallRecord;

#define CS_ANSWER_DIGEST_SIZE 32 /* SHA-256 */

/* CS_JOURNAL_READ; the provider's reference follows, with its NUL. */
typedef struct CsReadRecord
{
	TimestampTz read_at;
	pg_uuid_t	request_id;
	uint8		digest[CS_ANSWER_DIGEST_SIZE]; /* of the answer */
} CsReadRecord;

/* CS_JOURNAL_REUSED; a note follows, without subject. */
typedef struct CsReusedRecord
{
	TimestampTz at;
	int64		count;
} CsReusedRecord;

/* A UUID as requests have it; what is none gives zeros at its end. */
extern void cs_journal_record_uuid(const char *text, pg_uuid_t *uuid);

/* CS_JOURNAL_KEPT; the names of server, provider and endpoint follow, each with its
 * NUL, then what can be wiped: the subject, with its NUL, and the end of the reply.
 * See shared/kept_reply.h. */
typedef struct CsKeptRecord
{
	CsJournalLink	  link;
	CsKey			  question; /* by the database's key */
	TimestampTz		  answered_at;
	TimestampTz		  expires_at;
	CsJournalPosition pieces; /* where to look for the first one; 0: none */
	pg_uuid_t		  request_id;
	int32			  http_status;
	uint32			  total; /* bytes of the reply, */
	uint32			  last;	 /* and of its end, which is here */
	uint32			  sum;	 /* of subject and reply */
} CsKeptRecord;

/* CS_JOURNAL_FORGOTTEN */
typedef struct CsForgottenRecord
{
	CsJournalLink link;
	TimestampTz	  at;
} CsForgottenRecord;

/* CS_JOURNAL_PIECE; the bytes follow, and can be wiped. */
typedef struct CsPieceRecord
{
	pg_uuid_t request_id;
	uint32	  offset; /* in the reply */
	uint32	  len;
} CsPieceRecord;

/* Its text form; `text` has room for 37 bytes. */
extern void cs_journal_record_uuid_text(const pg_uuid_t *uuid, char *text);

/* The bytes that follow the head, and how many: some may be padding. */
#define cs_journal_record_body(head) ((const char *) ((head) + 1))
#define cs_journal_record_len(head)	 ((head)->len - sizeof(CsJournalHead))

#endif /* CS_JOURNAL_RECORD_H */
