/*-------------------------------------------------------------------------
 * current.h
 *	  Where the row is on which a cursor stands: WHERE CURRENT OF.
 *------------------------------------------------------------------------- */
#ifndef CS_CURRENT_H
#define CS_CURRENT_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "storage/itemptr.h"

/*
 * The scan of a relation whose rows a plan hands on one by one; NULL when there
 * is none.
 */
extern ScanState *cs_current_scan(PlanState *state);

/* Where the row is that a scan gave last; invalid for NULL. */
extern ItemPointerData cs_current_place(const ScanState *scan);

#endif /* CS_CURRENT_H */
