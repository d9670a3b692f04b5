/*-------------------------------------------------------------------------
 * registry.c
 *	  The registry of providers, and checks of their options.
 *
 * Pure functions without I/O or state.
 *------------------------------------------------------------------------- */
#include "provider/registry.h"

#include <string.h>

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
