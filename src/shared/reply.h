/*-------------------------------------------------------------------------
 * reply.h
 *	  How a question ended, and the body that came: what the courier leaves
 *	  for all who asked, and for the cache.
 *------------------------------------------------------------------------- */
#ifndef CS_REPLY_H
#define CS_REPLY_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "utils/dsa.h"

#include "base/core.h"

#define CS_OUTCOME_DETAIL_SIZE 320

/* How a question ended, without reading the body. */
typedef struct CsOutcome
{
	CsErrorCode code;			/* CS_ERR_NONE: a complete reply came */
	CsCallEnd	end;			/* of the last call; see `attempts` */
	int			standing;		/* the status that its reply stands for */
	int			http_status;	/* 0: none was received */
	int			attempts;		/* calls that were sent */
	bool		from_login;		/* it was the log-in that failed */
	bool		shared;			/* joined a call that was on its way */
	bool		cached;			/* it comes out of the cache */
	bool		kept;			/* it is in the journal, to be kept */
	int			retry_after_ms; /* what the provider asked for; 0: nothing */
	char		request_id[40]; /* of the call that was made */
	TimestampTz received_at;	/* when it came */
	char		detail[CS_OUTCOME_DETAIL_SIZE]; /* a sentence, or empty */
} CsOutcome;

typedef enum CsBodyForm
{
	CS_BODY_RAW,  /* as it came */
	CS_BODY_JSONB /* an answer, read: a Jsonb in UTF8 */
} CsBodyForm;

/* A reply's body, shared by all who asked; see cs_reply_*. */
typedef struct CsReplyBody
{
	pg_atomic_uint32 refs;
	uint32			 len;
	int16			 form;	  /* CsBodyForm */
	bool			 wipe;	  /* when it is freed */
	int32			 fresh_s; /* CS_BODY_JSONB: as CsVerdict has it */
	char			 bytes[FLEXIBLE_ARRAY_MEMBER]; /* aligned for a Jsonb */
} CsReplyBody;

/*
 * Room for a body of so many bytes, before they are known; the cache gives way
 * for it.  InvalidDsaPointer: no memory.  Ends in cs_reply_fill or
 * cs_reply_unreserve.
 */
extern dsa_pointer cs_reply_reserve(size_t len);
extern void		   cs_reply_unreserve(dsa_pointer reserved);

/* Bytes that a body takes, of which so many are its text's. */
extern Size cs_reply_needed(size_t len);

/*
 * One copy of a body with `refs` owners, in the room that was reserved for it
 * or in other; InvalidDsaPointer: it is larger, and there is no memory even
 * when the cache gives way.  The reservation is gone in any case.
 */
extern dsa_pointer cs_reply_fill(dsa_pointer reserved, const char *bytes,
								 size_t len, uint32 refs);

/* The same without a reservation, and nothing gives way for it. */
extern dsa_pointer cs_reply_create(const char *bytes, size_t len, uint32 refs);

extern void cs_reply_addref(dsa_pointer body);
extern void cs_reply_release(dsa_pointer body);

/* It is wiped when the last reference goes. */
extern void cs_reply_wipe(dsa_pointer body);

/* Bytes that a body takes. */
extern uint32 cs_reply_size(dsa_pointer body);

#endif /* CS_REPLY_H */
