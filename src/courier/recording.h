/*-------------------------------------------------------------------------
 * recording.h
 *	  What the courier writes into the journal of one question's calls.
 *
 * Each billed call that leaves is written down before it does, and again when it
 * has ended, before anybody is told its outcome.
 *------------------------------------------------------------------------- */
#ifndef CS_RECORDING_H
#define CS_RECORDING_H

#include "postgres.h"

#include "base/instant.h"
#include "provider/billing.h"
#include "shared/journal.h"
#include "shared/journal_record.h"
#include "shared/spec.h"

/* Of one question; all zero at first. */
typedef struct CsRecording
{
	CsJournalPosition sent;	   /* of the call that has not ended; 0: none was
							  * recorded */
	CsJournalPosition ended;   /* of the last one that ended; 0: none has */
	CsInstant		  left_at; /* when it left, in ticks; 0: it has not yet */
	CsCallRecord	  next;	   /* the last one that was recorded, */
	CsCallRecord	  call;	   /* and that left */
} CsRecording;

/* Its call ended. */
typedef struct CsRecordedEnd
{
	CsErrorCode code; /* what it stands for; CS_ERR_NONE: an answer */
	CsCallEnd	end;
	CsBilled	billed;
	int			http_status;
	size_t		bytes;
} CsRecordedEnd;

/* A call that is to leave. */
typedef struct CsRecordedCall
{
	const CsNote *note;
	const char	 *request_id;
	int			  attempt;
} CsRecordedCall;

/* Before a call leaves; false: it could not be recorded, and must not.  Fit for any
 * callback. */
extern bool
cs_recording_sent(CsRecording *recording, const CsRecordedCall *call);

/* What was recorded leaves.  Fit for any callback. */
extern void cs_recording_left(CsRecording *recording);

/* It did not leave; does nothing where it has, or was not recorded. */
extern void cs_recording_unsent(CsRecording *recording, const CsNote *note);

/*
 * The reply to a call, which came at `answered_at`, is an answer that is kept, in the
 * database that the note names: before its end is recorded.  False: it could not be.
 */
extern bool cs_recording_kept(const pg_uuid_t *request_id, const CsSpec *spec,
							  const CsNote *note, const CsReply *reply,
							  TimestampTz answered_at);

/* It has ended, or did not leave; does nothing where it was not recorded. */
extern void cs_recording_ended(CsRecording *recording, const CsNote *note,
							   const CsRecordedEnd *end);

/* Has a call of that question ended since a position in the journal, and nobody knows
 * how?  Then *request_id is its. */
extern bool cs_recording_in_doubt(const CsNote *note, CsJournalPosition since,
								  pg_uuid_t *request_id);

/* Somebody else had asked the same, and shares what came of the last call. */
extern void
cs_recording_shared(const CsRecording *recording, const CsNote *note);

#endif /* CS_RECORDING_H */
