/*-------------------------------------------------------------------------
 * patascore.h
 *	  What the two files of Patascore share: the statement a report is about.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_PATASCORE_H
#define SANDBOX_PATASCORE_H

#include "sandbox.h"

typedef struct SbStatement
{
	uint64_t seed;
	int		 transactions;
	int		 months; /* of the trends */
	bool	 scored;
} SbStatement;

/* in patascore_report.c */
extern void sb_patascore_report(SbText *out, const SbStatement *statement);

#endif /* SANDBOX_PATASCORE_H */
