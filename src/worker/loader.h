/*-------------------------------------------------------------------------
 * loader.h
 *	  Loads this database's records of the journal into its tables.
 *------------------------------------------------------------------------- */
#ifndef CS_LOADER_H
#define CS_LOADER_H

#include "postgres.h"

#include "base/instant.h"

/* Loads some, if it is time to; true: it did. */
extern bool cs_loader_turn(void);

/* When the next are to be loaded; CS_NEVER: there are none. */
extern CsInstant cs_loader_due(void);

/* Loads all that is there by now, as far as it can be; where the server has just
 * started it waits a moment until that is known. */
extern void cs_loader_drain(void);

/* Drops months that are older than they are kept: when the worker has come, and once a
 * day while it stays, whether there is something to load or not. */
extern void cs_loader_drop_old(void);

#endif /* CS_LOADER_H */
