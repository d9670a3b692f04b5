/*-------------------------------------------------------------------------
 * provider.h
 *	  What a provider is: all that is known of it outside of its folder.
 *
 * A provider declares itself: endpoints, how it refuses, its switches, its
 * kinds of entities, its magic subjects.  Counters, faults, latency, settings
 * and log come by themselves.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_PROVIDER_H
#define SANDBOX_PROVIDER_H

#include "core/entity.h"
#include "core/magic.h"
#include "core/settings.h"
#include "core/types.h"

typedef struct SbEndpoint
{
	const char *path; /* name in counters and faults */
	const char *method;
	const char *url; /* below the provider's prefix; "*" is any piece of it, */
					 /* and all the rest at the end: see pieces in request.h */
	bool login;
	void (*identify)(SbRequest *request); /* reads the body, sets subject */
	void (*answer)(SbRequest *request);
	SbCounter *counter; /* filled in by sb_route_init */
} SbEndpoint;

struct SbProvider
{
	const char *name; /* first piece of the URL path */
	SbEndpoint *endpoints;
	int			nendpoints;
	SbEndpoint *(*route)(SbRequest	*request,
						 const char *rest); /* NULL: by URL and method */
	void (*refuse)(SbRequest *request, int status, const char *message);
	void (*init)(void);		   /* renders templates; or NULL */
	const SbSetting *settings; /* its switches; or NULL */
	const SbEntityKind
		*kinds; /* what it remembers, ends with a NULL name; or NULL */
	const char *const
			  *login_variants; /* its own, from SB_LOGIN_OWN on; or NULL */
	bool	   keys_only;	   /* no log-in: revoking means its keys */
	const int *unknown_status; /* switch for marks that say 404; or NULL */
	const char
		*duplicate_member;	   /* member that fault duplicate_keys repeats */
	const char	  *magic_help; /* how marks are read */
	const SbMagic *magic;	   /* or NULL */
};

/* Takes a provider up, which must stay, and its settings. */
extern void sb_provider_add(const SbProvider *provider);

/* The n-th that was added; NULL behind the last. */
extern const SbProvider *sb_provider_at(int n);

/* NULL when there is none of this name. */
extern const SbProvider *sb_provider_find(const char *name);

/* One of its kinds of entities; NULL when it has none of this name. */
extern const SbEntityKind *
sb_provider_kind(const SbProvider *provider, const char *name);

#endif /* SANDBOX_PROVIDER_H */
