/*-------------------------------------------------------------------------
 * hold.h
 *	  Statements that want a database for themselves get it from its worker.
 *------------------------------------------------------------------------- */
#ifndef CS_HOLD_H
#define CS_HOLD_H

extern void cs_hold_init(void);

#endif /* CS_HOLD_H */
