/*-------------------------------------------------------------------------
 * provider.c
 *	  The providers that were taken up.
 *------------------------------------------------------------------------- */
#include "core/provider.h"

#include <stdlib.h>

#define MAX_PROVIDERS 16

static const SbProvider *providers[MAX_PROVIDERS];
static int				 nproviders;

void
sb_provider_add(const SbProvider *provider)
{
	if (nproviders == MAX_PROVIDERS)
		abort();
	providers[nproviders++] = provider;
	if (provider->settings != NULL)
		sb_settings_add(provider->settings);
}

const SbProvider *
sb_provider_at(int n)
{
	return n < nproviders ? providers[n] : NULL;
}

const SbProvider *
sb_provider_find(const char *name)
{
	int i;

	for (i = 0; name != NULL && i < nproviders; i++)
	{
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	}
	return NULL;
}

const SbEntityKind *
sb_provider_kind(const SbProvider *provider, const char *name)
{
	const SbEntityKind *kind = provider->kinds;

	for (; kind != NULL && kind->name != NULL; kind++)
	{
		if (strcmp(kind->name, name) == 0)
			return kind;
	}
	return NULL;
}
