/*-------------------------------------------------------------------------
 * registry.c
 *	  The registry of providers, and checks of their options.
 *
 * Pure functions without I/O or state.
 *------------------------------------------------------------------------- */
#include "provider/registry.h"

#include <json-c/json_object.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static const CsProvider *const providers[] = {
#define CS_PROVIDER(name) &cs_##name,
	CS_PROVIDERS
#undef CS_PROVIDER
};

#define NPROVIDERS ((int) (sizeof(providers) / sizeof(providers[0])))

/* ---------- registry ---------- */

const CsProvider *
cs_registry_at(int index)
{
	return index >= 0 && index < NPROVIDERS ? providers[index] : NULL;
}

const CsProvider *
cs_registry_by_name(const char *name)
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
cs_registry_index(const CsProvider *provider)
{
	for (int i = 0; i < NPROVIDERS; i++)
	{
		if (providers[i] == provider)
			return i;
	}
	return -1;
}

const CsEndpoint *
cs_registry_endpoint(const CsProvider *provider, const char *name)
{
	for (const CsEndpoint *e = provider->endpoints; e->name != NULL; e++)
	{
		if (strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

int
cs_registry_endpoint_index(const CsProvider *provider,
						   const CsEndpoint *endpoint)
{
	return (int) (endpoint - provider->endpoints);
}

/* ---------- replies ---------- */

/* Refusals and errors are shorter than this, answers mostly longer. */
#define ENVELOPE_MAX_BYTES 2048

static bool
plainly_answers(const CsEndpoint *endpoint, const CsReply *reply)
{
	if (reply->http_status < 200 || reply->http_status > 299)
		return false;
	return endpoint->plainly_answers != NULL ? endpoint->plainly_answers(reply)
											 : reply->len > ENVELOPE_MAX_BYTES;
}

void
cs_registry_judge(const CsEndpoint *endpoint, const CsReply *reply,
				  CsErrorCode *code, int *status)
{
	static const CsAccount	 no_account = {0};
	static const CsArguments no_arguments = {0};
	struct json_object		*root = NULL;
	CsError					 err = {0};
	CsVerdict				 verdict = {0};
	bool					 unreadable = false;

	*code = CS_ERR_NONE;
	*status = reply->http_status;
	if (plainly_answers(endpoint, reply))
		return;
	if (reply->len > 0)
		unreadable =
			cs_json_parse(reply->body, reply->len, &root, &err) != CS_OK;
	endpoint->classify(&no_account, &no_arguments, reply, root,
					   unreadable ? &err : NULL, &verdict);
	json_object_put(root);
	*code = verdict.code;
	*status = verdict.effective_status;
}

/* ---------- checks ---------- */

/* "/api/v1/telco/score": no query, no fragment, no way up. */
bool
cs_registry_check_path(const char *value)
{
	return value[0] == '/' && cs_text_is_visible(value) &&
		   strpbrk(value, "?#\\") == NULL && strstr(value, "..") == NULL;
}

CsStatus
cs_registry_check_credential(const CsAccount *account, const char *name,
							 CsError *err)
{
	const char *value = cs_template_option(account, name);

	if (value == NULL || *value == '\0')
		return cs_core_error(err, CS_ERR_MAPPING, "user mapping lacks \"%s\"",
							 name);
	if (!cs_text_is_visible(value))
	{
		cs_core_error(err, CS_ERR_MAPPING, "credential \"%s\" cannot be sent",
					  name);
		cs_core_detail(err, "It has spaces, control characters or "
							"characters beyond ASCII.");
		return CS_FAIL;
	}
	return CS_OK;
}
