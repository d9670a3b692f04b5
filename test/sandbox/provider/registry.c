/*-------------------------------------------------------------------------
 * registry.c
 *	  The providers that are played.
 *------------------------------------------------------------------------- */
#include "provider/registry.h"

static const SbProvider *const providers[] = {
#define SB_PROVIDER(name) &sb_##name,
	SB_PROVIDERS
#undef SB_PROVIDER
};

void
sb_registry_add(void)
{
	size_t i;

	for (i = 0; i < lengthof(providers); i++)
		sb_provider_add(providers[i]);
}

void
sb_registry_urls(SbText *text)
{
	size_t i;

	for (i = 0; i < lengthof(providers); i++)
	{
		if (i > 0)
			sb_text_str(text, i + 1 < lengthof(providers) ? ", " : " and ");
		sb_text_char(text, '/');
		sb_text_str(text, providers[i]->name);
	}
}
