/*-------------------------------------------------------------------------
 * chain.h
 *	  Balances that follow from each other.
 *
 * A row that leaves a balance was preceded by that less what it received, plus
 * what it sent.  So balances tell in which order rows of one time came, where
 * nothing else does.
 *------------------------------------------------------------------------- */
#ifndef CS_CHAIN_H
#define CS_CHAIN_H

#include "postgres.h"

#include "features/amount.h"
#include "features/transactions.h"

/* The balance after all rows so far. */
typedef struct CsChain
{
	bool	 bridges; /* do rows without balance fill gaps? */
	bool	 known;
	bool	 shown; /* did one of the latest rows show it? */
	CsAmount balance;
} CsChain;

/*
 * Puts rows of one time, at least one, into the order in which their balances
 * chain, from the balance before them if that is possible; where they do in no
 * order they stay as they are.  Of several such orders it is the nearest to
 * the one they have.  Where the chain bridges gaps, a row without balance is put
 * where it fills one, else behind the others.  Moves the chain behind them.
 *
 * The balance after them is that of the last row, or of the row that shows
 * what all amounts make of the balance before.
 *
 * Do the rows follow from the balance before, so that none is missing?
 */
extern bool cs_chain_order(CsChain *chain, CsTransactionRow *rows, int nrows);

#endif /* CS_CHAIN_H */
