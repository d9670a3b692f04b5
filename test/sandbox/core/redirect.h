/*-------------------------------------------------------------------------
 * redirect.h
 *	  Where redirects lead: the provider "sandbox", which is none but shows in
 *	  its counter who followed one.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_REDIRECT_H
#define SANDBOX_REDIRECT_H

#include "core/provider.h"

/* Faults concern it only by its name. */
extern const SbProvider sb_redirect;

#endif /* SANDBOX_REDIRECT_H */
