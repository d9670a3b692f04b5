/*-------------------------------------------------------------------------
 * pem.h
 *	  What stands in a text in PEM form.
 *------------------------------------------------------------------------- */
#ifndef CS_PEM_H
#define CS_PEM_H

#include "postgres.h"

/* One decoded: palloc'd, and at least a byte. */
typedef struct CsPem
{
	uint8 *der;
	size_t len;
} CsPem;

/*
 * The next one whose first line ends so, such as "CERTIFICATE-----"; *text moves
 * behind it.  What cannot be decoded is passed over.  False: there is none.
 */
extern bool cs_pem_next(const char **text, const char *tail, CsPem *pem);

#endif /* CS_PEM_H */
