/*-------------------------------------------------------------------------
 * altered.h
 *	  What the command at hand alters: an option that stays as it is need not
 *	  be allowed again.
 *
 * PostgreSQL hands the validator all options that a server or user mapping will
 * have, and not what they were.  Without preload nothing is known to stay.
 *------------------------------------------------------------------------- */
#ifndef CS_ALTERED_H
#define CS_ALTERED_H

#include "postgres.h"

extern void cs_altered_init(void);

/*
 * Does the server or user mapping that is being altered have this option with
 * this value already?
 */
extern bool cs_altered_keeps(const char *name, const char *value);

#endif /* CS_ALTERED_H */
