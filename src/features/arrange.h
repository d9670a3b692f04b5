/*-------------------------------------------------------------------------
 * arrange.h
 *	  Puts transactions in the order of time.
 *------------------------------------------------------------------------- */
#ifndef CS_ARRANGE_H
#define CS_ARRANGE_H

#include "postgres.h"

#include "features/transactions.h"

/*
 * Takes rows in the order of their source, leaves out what is there twice,
 * and says of each what transactions.h promises.
 */
extern void cs_arrange(CsTransactions *transactions);

#endif /* CS_ARRANGE_H */
