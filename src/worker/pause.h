/*-------------------------------------------------------------------------
 * pause.h
 *	  Servers that let nothing leave at present.
 *------------------------------------------------------------------------- */
#ifndef CS_PAUSE_H
#define CS_PAUSE_H

#include "postgres.h"

#include "base/instant.h"

/* Is a server left alone, and until when? */
extern bool		 cs_pause_holds(const NameData *server);
extern CsInstant cs_pause_until(const NameData *server);

/* A call did not leave; the provider asked for so long a pause, 0: for none. */
extern void cs_pause_add(const NameData *server, int said_ms);

/* One did. */
extern void cs_pause_end(const NameData *server);

#endif /* CS_PAUSE_H */
