/*-------------------------------------------------------------------------
 * claim.h
 *	  What is due: what has come is written, rows are claimed and asked.
 *------------------------------------------------------------------------- */
#ifndef CS_CLAIM_H
#define CS_CLAIM_H

#include "postgres.h"

#include "base/instant.h"

/*
 * One turn: reads what has come, writes it and claims what is due in one
 * transaction, then hands over what was claimed in another, which writes
 * nothing.  Nothing more is claimed by who leaves.  Does not raise.
 */
extern void cs_claim_turn(bool leaving);

/* When there is something to do, if nobody wakes this process before. */
extern CsInstant cs_claim_next(void);

/* Is something on its way, or to be written? */
extern bool cs_claim_is_busy(void);

#endif /* CS_CLAIM_H */
