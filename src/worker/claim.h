/*-------------------------------------------------------------------------
 * claim.h
 *	  What is due: what has come is written, rows are claimed and asked.
 *------------------------------------------------------------------------- */
#ifndef CS_CLAIM_H
#define CS_CLAIM_H

/*
 * One turn: in one transaction what has come is written and what is due is
 * claimed, in another, which writes nothing, it is handed over.  Nothing more is
 * claimed by who leaves.
 */
extern void cs_claim_turn(bool leaving);

#endif /* CS_CLAIM_H */
