/*-------------------------------------------------------------------------
 * origin.c
 *	  Where an answer came from; see origin.h.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/origin.h"

#include "shared/journal_record.h"

static CsOriginSource
source_of(const CsOutcome *outcome)
{
	if (outcome->cached)
		return outcome->kept ? CS_ORIGIN_KEPT : CS_ORIGIN_MEMORY;
	return outcome->shared ? CS_ORIGIN_SHARED : CS_ORIGIN_CALL;
}

/* It is stored as bytes, the padding among them. */
static CsOrigin
make(const pg_uuid_t *request_id, TimestampTz received_at,
	 CsOriginSource source)
{
	CsOrigin origin;

	memset(&origin, 0, sizeof(origin));
	origin.request_id = *request_id;
	origin.received_at = received_at;
	origin.source = source;
	return origin;
}

CsOrigin
cs_origin_of_outcome(const CsOutcome *outcome)
{
	pg_uuid_t request_id;

	cs_journal_record_uuid(outcome->request_id, &request_id);
	return make(&request_id, outcome->received_at, source_of(outcome));
}

CsOrigin
cs_origin_of_kept(const pg_uuid_t *request_id, TimestampTz received_at)
{
	return make(request_id, received_at, CS_ORIGIN_KEPT);
}

const char *
cs_origin_source(CsOriginSource source)
{
	switch (source)
	{
		case CS_ORIGIN_NONE:
			break;
		case CS_ORIGIN_CALL:
			return "call";
		case CS_ORIGIN_SHARED:
			return "shared";
		case CS_ORIGIN_MEMORY:
			return "memory";
		case CS_ORIGIN_KEPT:
			return "kept";
	}
	return NULL;
}
