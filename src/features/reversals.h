/*-------------------------------------------------------------------------
 * reversals.h
 *	  What reversals take back.
 *------------------------------------------------------------------------- */
#ifndef CS_REVERSALS_H
#define CS_REVERSALS_H

#include "postgres.h"

#include "features/transactions.h"

/*
 * Notes of each reversal, in rows that are in order, whether what it names was
 * income.  Of one that names nothing, or nothing that is there, it is thought
 * to have been.
 */
extern void cs_reversals_trace(CsTransactions *transactions);

#endif /* CS_REVERSALS_H */
