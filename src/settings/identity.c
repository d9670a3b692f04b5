/*-------------------------------------------------------------------------
 * identity.c
 *	  What a server and an account are known by: the keys of their limits,
 *	  tokens and answers.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/identity.h"

#include "shared/key.h"

void
cs_identity_server(const CsSettings *settings, CsKey *key)
{
	const char *parts[] = {settings->provider->name,
						   settings->account.base_url, settings->server_name};

	cs_key_digest(key, parts, lengthof(parts));
}

void
cs_identity_account(const CsSettings *settings, const char *certificate,
					CsKey *key)
{
	const char *parts[3 + 2 * CS_ACCOUNT_MAX_PAIRS];
	int			n = 0;

	parts[n++] = certificate;
	parts[n++] = settings->provider->name;
	parts[n++] = settings->account.base_url;
	for (int i = 0; i < settings->account.npairs; i++)
	{
		parts[n++] = settings->account.pairs[i].name;
		parts[n++] = settings->account.pairs[i].value;
	}
	cs_key_digest(key, parts, n);
}
