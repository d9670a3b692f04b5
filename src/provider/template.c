/*-------------------------------------------------------------------------
 * template.c
 *	  Requests made from data.
 *
 * Pure functions.  A CsRequest owns its buffers until cs_template_free.
 *------------------------------------------------------------------------- */
#include "provider/template.h"

#include <stdio.h>
#include <string.h>

const char cs_left_out[] = "";

const char *
cs_template_option(const CsAccount *account, const char *name)
{
	return cs_core_pair(account->pairs, account->npairs, name);
}

const char *
cs_template_argument(const CsArguments *args, const char *name)
{
	return cs_core_pair(args->pairs, args->npairs, name);
}

void
cs_template_free(CsRequest *request)
{
	cs_buf_free(&request->url);
	cs_buf_free(&request->headers);
	cs_buf_free(&request->body);
}

CsStatus
cs_template_check(const CsRequest *request, CsError *err)
{
	if (request->url.failed || request->headers.failed || request->body.failed)
		return cs_core_error(err, CS_ERR_MEMORY,
							 "no memory for the request, or it is too large");
	return CS_OK;
}

/* What a template is filled from. */
typedef struct Source
{
	const CsAccount	  *account;
	const CsArguments *args; /* NULL for a log-in */
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
			return cs_template_option(source->account, key);
		case CS_FROM_ARGUMENT:
			return source->args ? cs_template_argument(source->args, key)
								: NULL;
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
	return cs_core_error(err, CS_ERR_ARGUMENT, "\"%s\" is missing", name);
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
		size_t len = strcspn(open + 1, "}");

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
cs_template_build(const CsTemplate *template, CsMethod method,
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
	return cs_template_check(request, err);
}

CsStatus
cs_template_put_bearer(CsBuf *headers, const char *name, const char *token,
					   CsError *err)
{
	cs_buf_puts(headers, name);
	cs_buf_puts(headers, ": Bearer ");
	cs_buf_puts(headers, token);
	cs_buf_puts(headers, "\n");
	if (headers->failed)
		return cs_core_error(err, CS_ERR_MEMORY, "no memory for a header");
	return CS_OK;
}
