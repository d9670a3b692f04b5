/*-------------------------------------------------------------------------
 * login.h
 *	  What a log-in's reply may be made to look like by a fault.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_LOGIN_H
#define SANDBOX_LOGIN_H

#include "core/text.h"

/* The variants of every log-in; those that a provider adds follow. */
enum
{
	SB_LOGIN_NORMAL,
	SB_LOGIN_NO_TOKEN,	/* reply without a token */
	SB_LOGIN_TRUNCATED, /* only half of the token */
	SB_LOGIN_OPAQUE,	/* a token that is no JWT */
	SB_LOGIN_EXPIRED,	/* a token that has expired already */
	SB_LOGIN_OWN		/* the first in SbProvider.login_variants */
};

/* By name; a variant that the provider does not have is the normal one. */
extern int sb_login_variant(const SbProvider *provider, const char *name);

/* Has any provider a variant of this name?  If not, says which there are. */
extern bool sb_login_known(const char *name, SbText *error);

#endif /* SANDBOX_LOGIN_H */
