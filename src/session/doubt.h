/*-------------------------------------------------------------------------
 * doubt.h
 *	  A call whose outcome nobody knows keeps its question from being bought again.
 *------------------------------------------------------------------------- */
#ifndef CS_DOUBT_H
#define CS_DOUBT_H

#include "postgres.h"

#include "session/question.h"
#include "store/unknown.h"

/*
 * Is there such a call, at a server whose ledger is 'sync', that is younger than
 * unknown_ttl and not resolved?  Raises 55P03, and what the database's key of
 * digests does.
 */
extern bool cs_doubt_blocks(const CsAsk *ask, CsUnknownCall *call);

#endif /* CS_DOUBT_H */
