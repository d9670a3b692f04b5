/*-------------------------------------------------------------------------
 * types.h
 *	  What every header of the sandbox may name: its main types, forward.
 *
 * One process, one thread, no locks.
 *
 * Vocabulary: an endpoint is one URL and method of a provider; a path is the
 * name under which endpoints are counted and faults are scripted ("token" for
 * both /oauth/token and /oauth2/token); a subject is whom a request asks
 * about; a switch is a behaviour that no document fixes; an entity is what a
 * provider remembers between requests.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_TYPES_H
#define SANDBOX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

typedef struct SbRequest  SbRequest;
typedef struct SbFault	  SbFault;
typedef struct SbCounter  SbCounter;
typedef struct SbProvider SbProvider;

struct json_object;

#endif /* SANDBOX_TYPES_H */
