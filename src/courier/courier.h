/*-------------------------------------------------------------------------
 * courier.h
 *	  The process that performs all calls.
 *------------------------------------------------------------------------- */
#ifndef CS_COURIER_H
#define CS_COURIER_H

/* Registers the background worker; called while preloading. */
extern void cs_courier_init(void);

#endif /* CS_COURIER_H */
