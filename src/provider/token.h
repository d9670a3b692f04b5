/*-------------------------------------------------------------------------
 * token.h
 *	  Tokens of log-ins.
 *------------------------------------------------------------------------- */
#ifndef CS_TOKEN_H
#define CS_TOKEN_H

#include "base/core.h"
#include "provider/template.h"

struct json_object;

/* Longest token accepted, in bytes; JWTs seen are below 2 kB. */
#define CS_TOKEN_MAX 8192

typedef struct CsToken
{
	char	text[CS_TOKEN_MAX + 1];
	int64_t expires_at; /* Unix seconds, always set */
} CsToken;

/* exp of a JWT (RFC 7519 section 4.1.4); false when it is none. */
extern bool cs_token_jwt_expiry(const char *token, int64_t *expires_at);

/*
 * Makes `text` the token: visible ASCII of at most CS_TOKEN_MAX bytes, else
 * CS_ERR_NOT_UNDERSTOOD.  expires_at comes from the token's own exp, else
 * from expires_in, else from expires_at of `object` (may be NULL; seconds, or
 * milliseconds beyond 1e11), else it is now + lifetime.
 */
extern CsStatus
cs_token_set(CsToken *token, const char *text, struct json_object *object,
			 int64_t now, int64_t lifetime, CsError *err);

/* Reads the reply of an OAuth token endpoint (RFC 6749 section 5.1). */
extern CsStatus
cs_token_read_oauth(const CsReply *reply, int64_t now, int64_t lifetime,
					CsToken *token, CsError *err);

#endif /* CS_TOKEN_H */
