/*-------------------------------------------------------------------------
 * courier_watch.h
 *	  Watching the courier while a session waits.
 *------------------------------------------------------------------------- */
#ifndef CS_COURIER_WATCH_H
#define CS_COURIER_WATCH_H

#include "postgres.h"

#include "shared/slots.h"

/* A waiting session looks this often whether the courier is alive. */
#define CS_COURIER_WATCH_MS 1000

/* Looks once a second; true: no courier will answer. */
extern bool cs_courier_watch_is_lost(CsCourierState *courier);

#endif /* CS_COURIER_WATCH_H */
