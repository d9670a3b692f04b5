/*-------------------------------------------------------------------------
 * life.h
 *	  Which life of its data directory this server leads.
 *
 * A base backup that is started as a server of its own has the system identifier
 * and the databases of its origin; what it has not is the origin's life.  A life
 * is a few random bytes in the file PGDATA/credscore.life, none where the file
 * is not there, as in a directory that initdb made.  The postmaster begins a new
 * one where it finds the signs of a backup.  A standby has no life of its own: it
 * goes on with its primary's when it is promoted.
 *------------------------------------------------------------------------- */
#ifndef CS_LIFE_H
#define CS_LIFE_H

#include <stddef.h>
#include <stdint.h>

#define CS_LIFE_MAX 64

typedef struct CsLife
{
	size_t	len; /* 0: the first one */
	uint8_t bytes[CS_LIFE_MAX];
} CsLife;

/*
 * Called by the postmaster while it preloads, before recovery takes the signs
 * away.  FATAL when a new life cannot be written down: the server would spend
 * its origin's money.
 */
extern void cs_life_init(void);

/* The present one.  Raises when the file has to be read, and cannot be. */
extern const CsLife *cs_life_present(void);

#endif /* CS_LIFE_H */
