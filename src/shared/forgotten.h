/*-------------------------------------------------------------------------
 * forgotten.h
 *	  Who was forgotten of late, so that answers on their way are not kept.
 *
 * Nothing here raises.
 *------------------------------------------------------------------------- */
#ifndef CS_FORGOTTEN_H
#define CS_FORGOTTEN_H

#include "postgres.h"

#include "base/instant.h"
#include "shared/key.h"

extern void cs_forgotten_init(void);

/* A subject, as cs_spec's subject_key has it, is forgotten from now on. */
extern void cs_forgotten_add(const CsKey *subject);

/* Was it forgotten since then? */
typedef enum CsForgotten
{
	CS_FORGOTTEN_NO,
	CS_FORGOTTEN_YES,
	CS_FORGOTTEN_PERHAPS /* so many were that it is not known any more */
} CsForgotten;

extern CsForgotten cs_forgotten_since(const CsKey *subject, CsInstant then);

#endif /* CS_FORGOTTEN_H */
