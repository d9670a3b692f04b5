/*-------------------------------------------------------------------------
 * unknown.h
 *	  Calls of which nobody knows what came of them, as sessions look for them.
 *------------------------------------------------------------------------- */
#ifndef CS_UNKNOWN_H
#define CS_UNKNOWN_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/uuid.h"

#include "shared/key.h"

/* What they end with. */
#define CS_UNKNOWN_SQLSTATE "CS408"

typedef struct CsUnknownCall
{
	pg_uuid_t	request_id;
	int16		attempt;
	TimestampTz called_at;
} CsUnknownCall;

/*
 * The latest one of a question that left then or later, and of whose bill nothing
 * has come to be known, among those that are loaded.  Raises 55P03 when a table was
 * locked for a second.
 */
extern bool cs_unknown_find(const CsKey *question, TimestampTz since,
							CsUnknownCall *found);

/*
 * Is its end loaded?  It may be though the journal that is here has none: that may be
 * older than the tables, as where a standby was promoted.  Raises the same.
 */
extern bool cs_unknown_has_end(const CsUnknownCall *call);

/* Has somebody said what its bill says?  Raises the same. */
extern bool cs_unknown_is_resolved(const CsUnknownCall *call);

#endif /* CS_UNKNOWN_H */
