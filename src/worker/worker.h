/*-------------------------------------------------------------------------
 * worker.h
 *	  The background workers of the queue: one launcher, and a worker in each
 *	  database that has something to do.
 *------------------------------------------------------------------------- */
#ifndef CS_WORKER_H
#define CS_WORKER_H

/* Registers the launcher; called from _PG_init. */
extern void cs_worker_init(void);

#endif /* CS_WORKER_H */
