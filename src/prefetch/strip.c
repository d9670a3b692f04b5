/*-------------------------------------------------------------------------
 * strip.c
 *	  Takes from a finished plan all that it does beside reading.
 *
 * ModifyTable is on top, or in a CTE that modifies, which nobody hands to us;
 * LockRows may be in sub-queries.  Both hand on what is below them, column by
 * column, so that whatever is above finds what it looks for.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/strip.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "parser/parsetree.h"

#include "pg/compat.h"
#include "prefetch/plan_tree.h"

static bool
has_an_effect(const Plan *plan)
{
	return IsA(plan, ModifyTable) || IsA(plan, LockRows);
}

/* False: this foreign scan writes. */
static bool
strip_plan(Plan **place)
{
	ListCell *lc;

	check_stack_depth();
	while (has_an_effect(*place))
	{
		Plan *below = outerPlan(*place);

		below->initPlan = list_concat((*place)->initPlan, below->initPlan);
		*place = below;
	}
	if (IsA(*place, ForeignScan) &&
		((ForeignScan *) *place)->operation != CMD_SELECT)
		return false;
	foreach(lc, cs_plan_tree_children(*place))
		if (!strip_plan(((CsPlanChild *) lfirst(lc))->place))
			return false;
	return true;
}

static bool
is_foreign(const PlannedStmt *stmt, Index rti)
{
	return rt_fetch(rti, stmt->rtable)->relkind == RELKIND_FOREIGN_TABLE;
}

/* Rows of a foreign table are locked by the query that reads them. */
static bool
locks_foreign_rows(const PlannedStmt *stmt)
{
	ListCell *lc;

	foreach(lc, stmt->resultRelations)
		if (stmt->commandType != CMD_INSERT &&
			is_foreign(stmt, lfirst_int(lc)))
			return true;
	foreach(lc, stmt->rowMarks)
	{
		const PlanRowMark *mark = lfirst(lc);

		if (mark->strength != LCS_NONE && is_foreign(stmt, mark->rti))
			return true;
	}
	return false;
}

bool
cs_strip_effects(PlannedStmt *stmt)
{
	ListCell *lc;

	if (locks_foreign_rows(stmt))
		return false;
	if (!strip_plan(&stmt->planTree))
		return false;
	foreach(lc, stmt->subplans)
		if (lfirst(lc) != NULL && !strip_plan((Plan **) &lfirst(lc)))
			return false;
	stmt->commandType = CMD_SELECT;
	stmt->hasReturning = false;
	stmt->resultRelations = NIL;
	stmt->rowMarks = NIL;
	cs_compat_keep_select_privileges(stmt);
	return true;
}
