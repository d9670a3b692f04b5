/*-------------------------------------------------------------------------
 * patascore_report.h
 *	  The body of a Patascore report.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_PATASCORE_REPORT_H
#define SANDBOX_PATASCORE_REPORT_H

#include "core/text.h"

/* The shape of a report: see patascore_report.c. */
typedef enum SbNesting
{
	SB_NEST_OBJECT,
	SB_NEST_ARRAY,
	SB_NEST_WRAPPED,
	SB_NEST_LEGACY
} SbNesting;

/* The statement that a report is about. */
typedef struct SbStatement
{
	uint64_t seed;
	int		 transactions;
	int		 months; /* of the trends */
	bool	 scored;
} SbStatement;

/* The member "data", perhaps with a sibling, each with a comma before it. */
extern void sb_patascore_report(SbText *out, const SbStatement *statement,
								SbNesting nesting);

#endif /* SANDBOX_PATASCORE_REPORT_H */
