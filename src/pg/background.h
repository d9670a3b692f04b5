/*-------------------------------------------------------------------------
 * background.h
 *	  Background workers of ours: what they have in common.
 *------------------------------------------------------------------------- */
#ifndef CS_BACKGROUND_H
#define CS_BACKGROUND_H

#include "postgres.h"

#include "postmaster/bgworker.h"

/*
 * Describes one: its name, as pg_stat_activity shows it, and its main function;
 * `flags` beside that of shared memory.  It is not started again when it ends.
 */
extern void cs_background_describe(BackgroundWorker *worker, const char *name,
								   const char *function, int flags,
								   BgWorkerStartTime start);

/*
 * Registers one that the postmaster starts, and starts again within a second of
 * its end; for _PG_init.  Not while pg_upgrade runs the server.
 */
extern void cs_background_register(const char *name, const char *function,
								   int flags, BgWorkerStartTime start);

#endif /* CS_BACKGROUND_H */
