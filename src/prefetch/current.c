/*-------------------------------------------------------------------------
 * current.c
 *	  Where the row is on which a cursor stands: WHERE CURRENT OF.
 *
 * PostgreSQL goes down a running plan to the scan of the table, through nodes
 * that hand on their input's row, and takes what that scan gave last.  A node
 * that reads ahead comes to an end there: it has to show the relation and the
 * place as its own.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/current.h"

#include "access/genam.h"
#include "access/relscan.h"

/* What a node hands on the rows of; NULL: it gives its own, or others. */
static PlanState *
source_of(PlanState *state)
{
	if (IsA(state, ResultState) || IsA(state, LimitState))
		return outerPlanState(state);
	return IsA(state, SubqueryScanState)
			   ? ((SubqueryScanState *) state)->subplan
			   : NULL;
}

static bool
is_scan(const PlanState *state)
{
	switch (nodeTag(state))
	{
		case T_SeqScanState:
		case T_SampleScanState:
		case T_IndexScanState:
		case T_IndexOnlyScanState:
		case T_BitmapHeapScanState:
		case T_TidScanState:
		case T_TidRangeScanState:
		case T_ForeignScanState:
		case T_CustomScanState:
			return true;
		default:
			return false;
	}
}

ScanState *
cs_current_scan(PlanState *state)
{
	PlanState *below;

	while ((below = source_of(state)) != NULL)
		state = below;
	if (!is_scan(state) || ((ScanState *) state)->ss_currentRelation == NULL)
		return NULL;
	return (ScanState *) state;
}

ItemPointerData
cs_current_place(const ScanState *scan)
{
	ItemPointerData nowhere;

	ItemPointerSetInvalid(&nowhere);
	if (scan == NULL)
		return nowhere;
	if (IsA(scan, IndexOnlyScanState))
	{
		const IndexScanDescData *desc =
			((const IndexOnlyScanState *) scan)->ioss_ScanDesc;

		return desc != NULL ? desc->xs_heaptid : nowhere;
	}
	return scan->ss_ScanTupleSlot->tts_tid;
}
