/*-------------------------------------------------------------------------
 * provider.c
 *	  The registry of providers, and what providers share.
 *
 * Layer 0: pure functions without I/O or state.  Options, phone numbers,
 * requests from templates, tokens; what replies mean is in provider_verdict.c.
 * A CsRequest owns its buffers until cs_request_free; trees of JSON are freed
 * where they are parsed.
 *------------------------------------------------------------------------- */
#include "provider.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json.h"

/* Claims of a JWT take less than a token; base64 takes four bytes for three. */
#define JWT_CLAIMS_MAX		(CS_TOKEN_MAX / 4 * 3)

/* A Unix time beyond this is in milliseconds (in seconds: the year 5138). */
#define LARGEST_SECONDS		INT64_C(100000000000)

/* A lifetime beyond this is not believed; nobody's token lasts ten years. */
#define LONGEST_LIFETIME	INT64_C(315360000)

const char	cs_left_out[] = "";

static const CsProvider *const providers[] = {
#define CS_PROVIDER(name)	&cs_provider_##name,
	CS_PROVIDERS
#undef CS_PROVIDER
};

#define NPROVIDERS	((int) (sizeof(providers) / sizeof(providers[0])))

/* ---------- registry ---------- */

const CsProvider *
cs_provider_at(int index)
{
	return index >= 0 && index < NPROVIDERS ? providers[index] : NULL;
}

const CsProvider *
cs_provider_by_name(const char *name)
{
	for (int i = 0; i < NPROVIDERS; i++)
	{
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	}
	return NULL;
}

/* -1 when it is not registered. */
int
cs_provider_index(const CsProvider *provider)
{
	for (int i = 0; i < NPROVIDERS; i++)
	{
		if (providers[i] == provider)
			return i;
	}
	return -1;
}

const CsEndpoint *
cs_endpoint_by_name(const CsProvider *provider, const char *name)
{
	for (const CsEndpoint *e = provider->endpoints; e->name != NULL; e++)
	{
		if (strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

/* ---------- accounts, arguments, options ---------- */

const char *
cs_account_get(const CsAccount *account, const char *name)
{
	return cs_pair_get(account->pairs, account->npairs, name);
}

const char *
cs_argument_get(const CsArguments *args, const char *name)
{
	return cs_pair_get(args->pairs, args->npairs, name);
}

bool
cs_check_visible(const char *value)
{
	const char *c = value;

	while (*c > 0x20 && *c < 0x7F)
		c++;
	return c > value && *c == '\0';
}

/* "/api/v1/telco/score": no query, no fragment, no way up. */
bool
cs_check_path(const char *value)
{
	return value[0] == '/' && cs_check_visible(value) &&
		strpbrk(value, "?#\\") == NULL && strstr(value, "..") == NULL;
}

CsStatus
cs_credential_check(const CsAccount *account, const char *name, CsError *err)
{
	const char *value = cs_account_get(account, name);

	if (value == NULL || *value == '\0')
		return cs_error_set(err, CS_ERR_MAPPING,
							"user mapping lacks \"%s\"", name);
	if (!cs_check_visible(value))
	{
		cs_error_set(err, CS_ERR_MAPPING,
					 "credential \"%s\" cannot be sent", name);
		cs_error_detail(err, "It has spaces, control characters or "
						"characters beyond ASCII.");
		return CS_FAIL;
	}
	return CS_OK;
}

/* ---------- phone numbers ---------- */

CsStatus
cs_phone_digits(const char *phone, char *out, size_t outlen, CsError *err)
{
	size_t		used = 0;
	const char *c = phone + strspn(phone, " ");

	if (*c == '+')
		c++;
	for (; *c != '\0'; c++)
	{
		if (*c == ' ' || *c == '-')
			continue;
		if (*c < '0' || *c > '9' || used + 1 >= outlen)
		{
			cs_error_set(err, CS_ERR_ARGUMENT, "malformed phone number");
			cs_error_detail(err, "A phone number has digits, spaces, dashes "
							"and a leading plus sign only.");
			return CS_FAIL;
		}
		out[used++] = *c;
	}
	out[used] = '\0';
	if (used == 0)
	{
		cs_error_set(err, CS_ERR_ARGUMENT, "malformed phone number");
		cs_error_detail(err, "It has no digits.");
		return CS_FAIL;
	}
	return CS_OK;
}

/* Copies the last n digits of a text; false when there are fewer. */
static bool
last_digits(const char *text, char *out, int n)
{
	int			found = 0;

	out[n] = '\0';
	for (size_t i = strlen(text); i > 0 && found < n; i--)
	{
		if (text[i - 1] >= '0' && text[i - 1] <= '9')
			out[n - ++found] = text[i - 1];
	}
	return found == n;
}

bool
cs_same_last_digits(const char *a, const char *b, int n)
{
	char		last_a[32];
	char		last_b[32];

	if (n >= (int) sizeof(last_a) ||
		!last_digits(a, last_a, n) ||
		!last_digits(b, last_b, n))
		return true;
	return strcmp(last_a, last_b) == 0;
}

/* ---------- requests ---------- */

void
cs_request_free(CsRequest *request)
{
	cs_buf_free(&request->url);
	cs_buf_free(&request->headers);
	cs_buf_free(&request->body);
}

CsStatus
cs_request_check(const CsRequest *request, CsError *err)
{
	if (request->url.failed || request->headers.failed ||
		request->body.failed)
		return cs_error_set(err, CS_ERR_MEMORY,
							"no memory for the request, or it is too large");
	return CS_OK;
}

/* What a template is filled from. */
typedef struct Source
{
	const CsAccount *account;
	const CsArguments *args;	/* NULL for a log-in */
} Source;

/* The text of a field that is not a file; NULL when absent. */
static const char *
field_text(const Source *source, CsFieldSource from, const char *key)
{
	switch (from)
	{
		case CS_FROM_LITERAL:
			return key;
		case CS_FROM_OPTION:
			return cs_account_get(source->account, key);
		case CS_FROM_ARGUMENT:
			return source->args ? cs_argument_get(source->args, key) : NULL;
		case CS_FROM_REQUEST_ID:
			return source->args ? source->args->request_id : NULL;
		case CS_FROM_FILE:
			break;
	}
	return NULL;
}

static CsStatus
missing(const char *name, CsError *err)
{
	return cs_error_set(err, CS_ERR_ARGUMENT, "\"%s\" is missing", name);
}

/* One {name} or {+name}; `name` has `len` bytes. */
static CsStatus
put_path_value(CsBuf *url, const Source *source, const char *name, size_t len,
			   CsError *err)
{
	bool		raw = *name == '+';
	char		key[64];
	const char *value;

	snprintf(key, sizeof(key), "%.*s", (int) len - raw, name + raw);
	value = field_text(source, CS_FROM_OPTION, key);
	if (value == NULL)
		value = field_text(source, CS_FROM_ARGUMENT, key);
	if (value == NULL)
		return missing(key, err);
	if (raw)
		cs_buf_puts(url, value);
	else
		cs_buf_put_urlencoded(url, value);
	return CS_OK;
}

static CsStatus
put_path(CsBuf *url, const Source *source, const char *path, CsError *err)
{
	const char *open;

	while ((open = strchr(path, '{')) != NULL)
	{
		size_t		len = strcspn(open + 1, "}");

		cs_buf_append(url, path, (size_t) (open - path));
		if (put_path_value(url, source, open + 1, len, err) != CS_OK)
			return CS_FAIL;
		path = open + 1 + len + 1;
	}
	cs_buf_puts(url, path);
	return CS_OK;
}

static CsStatus
put_query(CsBuf *url, const Source *source, const CsField *fields,
		  CsError *err)
{
	const char *separator = "?";

	for (; fields->name != NULL; fields++)
	{
		const char *value = field_text(source, fields->source, fields->key);

		if (value == NULL)
			value = fields->when_absent;
		if (value == cs_left_out)
			continue;
		if (value == NULL)
			return missing(fields->name, err);
		cs_buf_puts(url, separator);
		cs_buf_put_urlencoded(url, fields->name);
		cs_buf_puts(url, "=");
		cs_buf_put_urlencoded(url, value);
		separator = "&";
	}
	return CS_OK;
}

static CsStatus
put_json(CsBuf *body, const Source *source, const CsField *fields,
		 CsError *err)
{
	const char *separator = "{";

	for (; fields->name != NULL; fields++)
	{
		bool		file = fields->source == CS_FROM_FILE;
		const char *value = field_text(source, fields->source, fields->key);

		if (value == NULL)
			value = fields->when_absent;
		if (value == cs_left_out)
			continue;
		if (file ? source->args == NULL || source->args->file == NULL
			: value == NULL)
			return missing(fields->name, err);
		cs_buf_puts(body, separator);
		cs_buf_put_json_string(body, fields->name);
		cs_buf_puts(body, ":");
		if (file)
		{
			cs_buf_puts(body, "\"");
			cs_buf_put_base64(body, source->args->file,
							  source->args->file_len);
			cs_buf_puts(body, "\"");
		}
		else
			cs_buf_put_json_string(body, value);
		separator = ",";
	}
	cs_buf_puts(body, *separator == '{' ? "{}" : "}");
	return CS_OK;
}

CsStatus
cs_request_build(const CsTemplate *template, CsMethod method,
				 const CsAccount *account, const CsArguments *args,
				 CsRequest *request, CsError *err)
{
	const Source source = {account, args};

	request->method = method;
	cs_buf_puts(&request->url, account->base_url);
	if (put_path(&request->url, &source, template->path, err) != CS_OK)
		return CS_FAIL;
	if (template->query != NULL &&
		put_query(&request->url, &source, template->query, err) != CS_OK)
		return CS_FAIL;
	cs_buf_puts(&request->headers, "Accept: application/json\n");
	if (template->body != NULL)
	{
		cs_buf_puts(&request->headers, "Content-Type: application/json\n");
		if (put_json(&request->body, &source, template->body, err) != CS_OK)
			return CS_FAIL;
	}
	return cs_request_check(request, err);
}

/* ---------- tokens ---------- */

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
	uint32_t	bits = 0;
	int			nbits = 0;

	*outlen = 0;
	for (size_t i = 0; i < len; i++)
	{
		int			value = base64url_value(in[i]);

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
	double		value;

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
cs_jwt_expiry(const char *token, int64_t *expires_at)
{
	char		text[JWT_CLAIMS_MAX];
	const char *first = strchr(token, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
	struct json_object *claims;
	size_t		len;
	CsError		ignored;
	bool		found;

	if (second == NULL || strchr(second + 1, '.') != NULL)
		return false;
	if (!base64url_decode(first + 1, (size_t) (second - first - 1), text,
						  &len) ||
		cs_json_parse(text, len, &claims, &ignored) != CS_OK)
		return false;
	found = read_numeric_date(claims, expires_at);
	json_object_put(claims);
	cs_wipe(text, sizeof(text));
	return found;
}

CsStatus
cs_token_set(CsToken *token, const char *text, struct json_object *object,
			 int64_t now, int64_t lifetime, CsError *err)
{
	int64_t		value;

	if (strlen(text) > CS_TOKEN_MAX || !cs_check_visible(text))
	{
		cs_error_set(err, CS_ERR_NOT_UNDERSTOOD,
					 "log-in gave a token that cannot be used");
		cs_error_detail(err, "A token has 1 to %d visible ASCII characters.",
						CS_TOKEN_MAX);
		return CS_FAIL;
	}
	snprintf(token->text, sizeof(token->text), "%s", text);
	token->expires_at = now + lifetime;
	if (cs_jwt_expiry(text, &value))
		token->expires_at = value;
	else if (cs_json_get_int64(object, "expires_in", &value) &&
			 value > 0 && value <= LONGEST_LIFETIME)
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
	const char *text;
	const char *type;
	CsStatus	status;

	if (cs_json_parse(reply->body, reply->len, &root, err) != CS_OK)
		return CS_FAIL;
	text = cs_json_get_text(root, "access_token");
	type = cs_json_get_text(root, "token_type");
	if (text == NULL)
		status = cs_error_set(err, CS_ERR_NOT_UNDERSTOOD,
							  "log-in gave no access token");
	else if (type != NULL && strcasecmp(type, "Bearer") != 0)
		status = cs_error_set(err, CS_ERR_NOT_UNDERSTOOD,
							  "log-in gave no bearer token");
	else
		status = cs_token_set(token, text, root, now, lifetime, err);
	json_object_put(root);
	return status;
}
