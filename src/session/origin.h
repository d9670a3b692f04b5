/*-------------------------------------------------------------------------
 * origin.h
 *	  Where an answer came from: which call gave it, when, and from where this
 *	  session has it.
 *------------------------------------------------------------------------- */
#ifndef CS_ORIGIN_H
#define CS_ORIGIN_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/uuid.h"

#include "shared/reply.h"

typedef enum CsOriginSource
{
	CS_ORIGIN_NONE,	  /* there is no answer */
	CS_ORIGIN_CALL,	  /* this statement's own call */
	CS_ORIGIN_SHARED, /* a call that was on its way for others */
	CS_ORIGIN_MEMORY, /* the cache in shared memory */
	CS_ORIGIN_KEPT	  /* the database, which keeps answers */
} CsOriginSource;

typedef struct CsOrigin
{
	pg_uuid_t	request_id;	 /* of the call that gave the answer */
	TimestampTz received_at; /* when its reply came */
	uint8		source;		 /* CsOriginSource */
} CsOrigin;

/* The origin of what a reply is read as. */
extern CsOrigin cs_origin_of_outcome(const CsOutcome *outcome);

/* That of an answer which is kept. */
extern CsOrigin
cs_origin_of_kept(const pg_uuid_t *request_id, TimestampTz received_at);

/* A source as users know it; NULL: CS_ORIGIN_NONE. */
extern const char *cs_origin_source(CsOriginSource source);

#endif /* CS_ORIGIN_H */
