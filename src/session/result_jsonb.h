/*-------------------------------------------------------------------------
 * result_jsonb.h
 *	  From a parsed reply, or a failure, to jsonb.
 *------------------------------------------------------------------------- */
#ifndef CS_RESULT_JSONB_H
#define CS_RESULT_JSONB_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "session/failure.h"

struct json_object;

/*
 * A provider's JSON as jsonb, numbers exactly as sent.  NULL with *err filled
 * (CS_ERR_NOT_UNDERSTOOD) when a text has no equivalent in the database's
 * encoding.  root may be NULL: a JSON null.
 */
extern Jsonb *cs_result_jsonb(struct json_object *root, CsError *err);

/* {"error": {...}} as on_error => 'report' gives it. */
extern Jsonb *cs_result_jsonb_report(const CsFailure *failure);

/* The same with an SQLSTATE that no code of ours has. */
extern Jsonb *
cs_result_jsonb_report_as(const CsFailure *failure, int sqlstate);

#endif /* CS_RESULT_JSONB_H */
