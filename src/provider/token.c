/*-------------------------------------------------------------------------
 * token.c
 *	  Tokens of log-ins.
 *
 * Pure functions; trees of JSON are freed where they are parsed.
 *------------------------------------------------------------------------- */
#include "provider/token.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"

/* Claims of a JWT take less than a token; base64 takes four bytes for three. */
#define JWT_CLAIMS_MAX (CS_TOKEN_MAX / 4 * 3)

/* A Unix time beyond this is in milliseconds (in seconds: the year 5138). */
#define LARGEST_SECONDS INT64_C(100000000000)

/* A lifetime beyond this is not believed; nobody's token lasts ten years. */
#define LONGEST_LIFETIME INT64_C(315360000)

/* Value of a base64url digit (RFC 4648 section 5); -1 for others. */
static int
base64url_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int) (found - digits) : -1;
}

/* Decodes without padding; out holds JWT_CLAIMS_MAX bytes. */
static bool
base64url_decode(const char *in, size_t len, char *out, size_t *outlen)
{
	uint32_t bits = 0;
	int		 nbits = 0;

	*outlen = 0;
	for (size_t i = 0; i < len; i++)
	{
		int value = base64url_value(in[i]);

		if (value < 0 || *outlen == JWT_CLAIMS_MAX)
			return false;
		bits = (bits << 6 | (uint32_t) value) & 0xFFFF;
		nbits += 6;
		if (nbits >= 8)
		{
			nbits -= 8;
			out[(*outlen)++] = (char) (bits >> nbits & 0xFF);
		}
	}
	return true;
}

/* NumericDate may have a fraction (RFC 7519 section 2). */
static bool
read_numeric_date(struct json_object *claims, int64_t *seconds)
{
	struct json_object *exp = cs_json_get(claims, "exp");
	double				value;

	if (cs_json_get_int64(claims, "exp", seconds))
		return *seconds > 0 && *seconds < LARGEST_SECONDS;
	if (!json_object_is_type(exp, json_type_double))
		return false;
	value = cs_json_double(exp);
	if (!(value >= 1 && value < (double) LARGEST_SECONDS))
		return false;
	*seconds = (int64_t) value;
	return true;
}

bool
cs_token_jwt_expiry(const char *token, int64_t *expires_at)
{
	char				text[JWT_CLAIMS_MAX];
	const char		   *first = strchr(token, '.');
	const char		   *second = first != NULL ? strchr(first + 1, '.') : NULL;
	struct json_object *claims;
	size_t				len;
	CsError				ignored;
	bool				found;

	if (second == NULL || strchr(second + 1, '.') != NULL)
		return false;
	if (!base64url_decode(first + 1, (size_t) (second - first - 1), text,
						  &len) ||
		cs_json_parse(text, len, &claims, &ignored) != CS_OK)
		return false;
	found = read_numeric_date(claims, expires_at);
	json_object_put(claims);
	cs_core_wipe(text, sizeof(text));
	return found;
}

CsStatus
cs_token_set(CsToken *token, const char *text, struct json_object *object,
			 int64_t now, int64_t lifetime, CsError *err)
{
	int64_t value;

	if (strlen(text) > CS_TOKEN_MAX || !cs_text_is_visible(text))
	{
		cs_core_error(err, CS_ERR_NOT_UNDERSTOOD,
					  "log-in gave a token that cannot be used");
		cs_core_detail(err, "A token has 1 to %d visible ASCII characters.",
					   CS_TOKEN_MAX);
		return CS_FAIL;
	}
	snprintf(token->text, sizeof(token->text), "%s", text);
	token->expires_at = now + lifetime;
	if (cs_token_jwt_expiry(text, &value))
		token->expires_at = value;
	else if (cs_json_get_int64(object, "expires_in", &value) && value > 0 &&
			 value <= LONGEST_LIFETIME)
		token->expires_at = now + value;
	else if (cs_json_get_int64(object, "expires_at", &value) && value > 0)
		token->expires_at = value > LARGEST_SECONDS ? value / 1000 : value;
	return CS_OK;
}

CsStatus
cs_token_read_oauth(const CsReply *reply, int64_t now, int64_t lifetime,
					CsToken *token, CsError *err)
{
	struct json_object *root;
	const char		   *text;
	const char		   *type;
	CsStatus			status;

	if (cs_json_parse(reply->body, reply->len, &root, err) != CS_OK)
		return CS_FAIL;
	text = cs_json_get_text(root, "access_token");
	type = cs_json_get_text(root, "token_type");
	if (text == NULL)
		status = cs_core_error(err, CS_ERR_NOT_UNDERSTOOD,
							   "log-in gave no access token");
	else if (type != NULL && strcasecmp(type, "Bearer") != 0)
		status = cs_core_error(err, CS_ERR_NOT_UNDERSTOOD,
							   "log-in gave no bearer token");
	else
		status = cs_token_set(token, text, root, now, lifetime, err);
	json_object_put(root);
	return status;
}
