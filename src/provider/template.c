/*-------------------------------------------------------------------------
 * template.c
 *	  Requests made from data.
 *
 * Pure functions.  A CsRequest owns its buffers until cs_template_free.
 *------------------------------------------------------------------------- */
#include "provider/template.h"

#include <json-c/json_object.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

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
		case CS_FROM_DOCUMENT:
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

/*
 * The text of a field, or what is sent in its absence.  CS_FAIL: it must be
 * there.  cs_left_out: it is not to be sent.
 */
static CsStatus
take_field(const Source *source, const CsField *field, const char **value,
		   CsError *err)
{
	bool file = field->source == CS_FROM_FILE;

	*value = field_text(source, field->source, field->key);
	if (*value == NULL)
		*value = field->when_absent;
	if (*value == cs_left_out)
		return CS_OK;
	if (file ? source->args == NULL || source->args->file == NULL
			 : *value == NULL)
		return missing(field->name, err);
	return CS_OK;
}

/* a=b&c=d, of a query or a form. */
static CsStatus
put_pairs(CsBuf *out, const Source *source, const CsField *fields,
		  const char *separator, CsError *err)
{
	for (; fields->name != NULL; fields++)
	{
		const char *value;

		if (take_field(source, fields, &value, err) != CS_OK)
			return CS_FAIL;
		if (value == cs_left_out)
			continue;
		cs_buf_puts(out, separator);
		cs_buf_put_urlencoded(out, fields->name);
		cs_buf_puts(out, "=");
		cs_buf_put_urlencoded(out, value);
		separator = "&";
	}
	return CS_OK;
}

/* ---------- JSON ---------- */

CsStatus
cs_template_parse(const char *name, const char *text,
				  struct json_object **root, CsError *err)
{
	CsError wrong;

	if (cs_json_parse(text, strlen(text), root, err) == CS_OK)
		return CS_OK;
	if (err->code == CS_ERR_MEMORY)
		return CS_FAIL;
	wrong = *err;
	cs_core_error(err, CS_ERR_ARGUMENT, "\"%s\" cannot be sent", name);
	cs_core_detail(err, "%s", wrong.detail);
	return CS_FAIL;
}

/* Appends a text that claims to be JSON, if it is. */
static CsStatus
put_document(CsBuf *body, const char *name, const char *text, CsError *err)
{
	struct json_object *root;

	if (cs_template_parse(name, text, &root, err) != CS_OK)
		return CS_FAIL;
	json_object_put(root);
	cs_buf_puts(body, text);
	return CS_OK;
}

/* Where in a nested body the next member goes. */
typedef struct Nest
{
	CsBuf	   *body;
	const char *open; /* names of the objects that are open, with dots */
	size_t		open_len;
	const char *separator; /* before the next member */
} Nest;

/* How much of the open path a member's path shares, in whole names. */
static size_t
shared_path(const Nest *nest, const char *path, size_t len)
{
	size_t shared = 0;

	for (size_t i = 0; i <= len && i <= nest->open_len; i++)
	{
		bool path_ends = i == len || path[i] == '.';
		bool open_ends = i == nest->open_len || nest->open[i] == '.';

		if (path_ends && open_ends)
			shared = i;
		if (i == len || i == nest->open_len || path[i] != nest->open[i])
			break;
	}
	return shared;
}

/* Closes the open objects beyond so much of the path. */
static void
close_objects(Nest *nest, size_t shared)
{
	while (nest->open_len > shared)
	{
		while (nest->open_len > shared &&
			   nest->open[nest->open_len - 1] != '.')
			nest->open_len--;
		if (nest->open_len > shared)
			nest->open_len--;
		cs_buf_puts(nest->body, "}");
		nest->separator = ",";
	}
}

static void
put_name(Nest *nest, const char *name, size_t len)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int) len, name);
	cs_buf_puts(nest->body, nest->separator);
	cs_buf_put_json_string(nest->body, text);
	cs_buf_puts(nest->body, ":");
}

/* Closes and opens objects so that the member can follow; puts its name. */
static void
go_to_member(Nest *nest, const char *name)
{
	const char *last_dot = strrchr(name, '.');
	size_t		len = last_dot != NULL ? (size_t) (last_dot - name) : 0;
	size_t		at = shared_path(nest, name, len);

	close_objects(nest, at);
	while (at < len)
	{
		size_t from = name[at] == '.' ? at + 1 : at;
		size_t to = from + strcspn(name + from, ".");

		put_name(nest, name + from, to - from);
		nest->separator = "{";
		at = to;
	}
	nest->open = name;
	nest->open_len = len;
	put_name(nest, last_dot != NULL ? last_dot + 1 : name,
			 strlen(last_dot != NULL ? last_dot + 1 : name));
	nest->separator = ",";
}

static CsStatus
put_value(CsBuf *body, const Source *source, const CsField *field,
		  const char *value, CsError *err)
{
	if (field->source == CS_FROM_DOCUMENT)
		return put_document(body, field->name, value, err);
	if (field->source != CS_FROM_FILE)
	{
		cs_buf_put_json_string(body, value);
		return CS_OK;
	}
	cs_buf_puts(body, "\"");
	cs_buf_put_base64(body, source->args->file, source->args->file_len);
	cs_buf_puts(body, "\"");
	return CS_OK;
}

static CsStatus
put_json(CsBuf *body, const Source *source, const CsField *fields,
		 CsError *err)
{
	Nest nest = {body, "", 0, ""};

	cs_buf_puts(body, "{");
	for (; fields->name != NULL; fields++)
	{
		const char *value;

		if (take_field(source, fields, &value, err) != CS_OK)
			return CS_FAIL;
		if (value == cs_left_out)
			continue;
		go_to_member(&nest, fields->name);
		if (put_value(body, source, fields, value, err) != CS_OK)
			return CS_FAIL;
	}
	close_objects(&nest, 0);
	cs_buf_puts(body, "}");
	return CS_OK;
}

/* ---------- the whole ---------- */

static CsStatus
put_body(const CsTemplate *template, const Source *source, CsRequest *request,
		 CsError *err)
{
	const char *document =
		template->document != NULL
			? field_text(source, CS_FROM_ARGUMENT, template->document)
			: NULL;

	if (template->document != NULL && document == NULL)
		return missing(template->document, err);
	if (document == NULL && template->body == NULL)
		return CS_OK;
	cs_buf_puts(&request->headers,
				template->form
					? "Content-Type: application/x-www-form-urlencoded\n"
					: "Content-Type: application/json\n");
	if (document != NULL)
		return put_document(&request->body, template->document, document, err);
	if (template->form)
		return put_pairs(&request->body, source, template->body, "", err);
	return put_json(&request->body, source, template->body, err);
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
		put_pairs(&request->url, &source, template->query, "?", err) != CS_OK)
		return CS_FAIL;
	cs_buf_puts(&request->headers, "Accept: application/json\n");
	if (put_body(template, &source, request, err) != CS_OK)
		return CS_FAIL;
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
