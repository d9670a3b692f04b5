/*-------------------------------------------------------------------------
 * login.c
 *	  What a log-in's reply may be made to look like by a fault.
 *------------------------------------------------------------------------- */
#include "core/login.h"

#include "core/provider.h"

/* In the order of the enum. */
static const char *const common[] = {"normal", "no_token", "truncated",
									 "opaque", "expired",  NULL};

_Static_assert(lengthof(common) == SB_LOGIN_OWN + 1, "a name per variant");

/* The place of a name in a list, which may be NULL; -1 when it is not there. */
static int
place(const char *const *names, const char *name)
{
	int i;

	for (i = 0; names != NULL && name != NULL && names[i] != NULL; i++)
	{
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

int
sb_login_variant(const SbProvider *provider, const char *name)
{
	int found = place(common, name);

	if (found >= 0)
		return found;
	found = place(provider->login_variants, name);
	return found >= 0 ? SB_LOGIN_OWN + found : SB_LOGIN_NORMAL;
}

static void
list(SbText *text, const char *const *names)
{
	for (; names != NULL && *names != NULL; names++)
	{
		sb_text_char(text, ' ');
		sb_text_str(text, *names);
	}
}

bool
sb_login_known(const char *name, SbText *error)
{
	const SbProvider *provider;
	int				  i;

	if (place(common, name) >= 0)
		return true;
	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
	{
		if (place(provider->login_variants, name) >= 0)
			return true;
	}
	sb_text_str(error, "unknown variant; known are:");
	list(error, common);
	for (i = 0; (provider = sb_provider_at(i)) != NULL; i++)
		list(error, provider->login_variants);
	return false;
}
