/*-------------------------------------------------------------------------
 * planned.h
 *	  Answers that came while a statement was planned.
 *
 * The planner runs a function that it cannot inline, that is STABLE or
 * IMMUTABLE and has constant arguments.  What that asks is answered truly; the
 * execution that follows asks the same, in a scope of its own, and is not to
 * buy it a second time.
 *------------------------------------------------------------------------- */
#ifndef CS_PLANNED_H
#define CS_PLANNED_H

#include "postgres.h"

#include "session/memo.h"

extern void cs_planned_init(void);

/* Keeps a copy of a settled outcome for the execution. */
extern void cs_planned_keep(CsScope *scope, const CsMemoEntry *entry);

/*
 * Puts what was kept of this statement into the entry; false: nothing.  The
 * execution has it once.
 */
extern bool cs_planned_take(CsScope *scope, CsMemoEntry *entry);

#endif /* CS_PLANNED_H */
