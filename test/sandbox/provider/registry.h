/*-------------------------------------------------------------------------
 * registry.h
 *	  The providers that are played: one line each.
 *
 * SB_PROVIDER(x) stands for the SbProvider sb_x in provider/x.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_REGISTRY_H
#define SANDBOX_REGISTRY_H

#include "core/provider.h"

#define SB_PROVIDERS \
	SB_PROVIDER(pngme) \
	SB_PROVIDER(lenderlink) \
	SB_PROVIDER(patascore) \
	SB_PROVIDER(weza)

#define SB_PROVIDER(name) extern const SbProvider sb_##name;
SB_PROVIDERS
#undef SB_PROVIDER

/* Takes all of them up. */
extern void sb_registry_add(void);

/* Their base URLs: "/a, /b and /c". */
extern void sb_registry_urls(SbText *text);

#endif /* SANDBOX_REGISTRY_H */
