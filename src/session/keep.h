/*-------------------------------------------------------------------------
 * keep.h
 *	  The ledger is not dropped in passing, and what opens it is logged.
 *------------------------------------------------------------------------- */
#ifndef CS_KEEP_H
#define CS_KEEP_H

extern void cs_keep_init(void);

#endif /* CS_KEEP_H */
