/*-------------------------------------------------------------------------
 * certain.c
 *	  How many rows of a node are certain to be asked for, while it runs.
 *
 * The plan says which Limits are above, and whether rows of ours become rows
 * there one for one.  What is known only now is how many rows those Limits let
 * through, how many the caller has asked the executor for, and who asks.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "prefetch/certain.h"

#include "executor/executor.h"
#include "miscadmin.h"

#include "pg/guc.h"
#include "session/scope.h"

void
cs_certain_reset(CsCertain *certain)
{
	certain->known = false;
	certain->pulls = certain->emitted = certain->emitted_in_run = 0;
	certain->furthest = 0;
}

void
cs_certain_emitted(CsCertain *certain)
{
	certain->emitted++;
	certain->emitted_in_run++;
}

/* --- bounds --- */

static int64
evaluate_rows(ExprState *expr, ExprContext *econtext, bool *isnull)
{
	Datum value = ExecEvalExprSwitchContext(expr, econtext, isnull);

	return *isnull ? 0 : Max(DatumGetInt64(value), 0);
}

void
cs_certain_evaluate(CsCertain *certain, ExprContext *econtext,
					PlanState *child)
{
	if (certain->known)
		return;
	for (int i = 0; i < certain->nbounds; i++)
	{
		CsBound *bound = &certain->bounds[i];
		bool	 isnull;
		int64	 offset = evaluate_rows(bound->offset, econtext, &isnull);
		int64	 count = evaluate_rows(bound->count, econtext, &isnull);

		bound->rows = isnull ? -1 : offset + count;
	}
	certain->known = true;

	/*
	 * What a Limit tells a Sort below it does not pass a CustomScan.  No bound
	 * is told, too, since the last time there may have been one.
	 */
	if (certain->direct >= 0)
		ExecSetTupleBound(certain->bounds[certain->direct].rows, child);
}

/* --- rows --- */

/* With a bound above, so many rows are certain; `left` counts those of the bound. */
static int64
bounded(const CsCertain *certain, int64 rows, int64 left)
{
	if (certain->beyond)
		return 0;
	return certain->expand ? 1 : Min(rows, left);
}

/*
 * Of the rows that a run wants, those up to where earlier ones have led are in
 * the store above us; only a cursor knows where it stands.  Without a store a
 * Limit has its first row still when a cursor has gone back before it.
 */
static void
enter_run(CsCertain *certain, const CsRun *run)
{
	certain->run_serial = run->serial;
	certain->emitted_in_run = certain->stored_in_run = 0;
	if (run->position < 0)
		return;
	if (!certain->stored)
	{
		certain->stored_in_run =
			certain->nbounds > 0 && certain->emitted > 0 && run->position == 0;
		return;
	}
	certain->stored_in_run = Max(certain->furthest - run->position, 0);
	certain->furthest = run->position + (int64) run->count;
}

/* What is asked by another role may be another question. */
static bool
one_at_a_time(const CsCertain *certain, const EState *estate)
{
	return certain->single || estate->es_epq_active != NULL ||
		   certain->role != GetUserId();
}

int64
cs_certain_rows(CsCertain *certain, EState *estate)
{
	int64 rows = cs_guc_read_ahead_most();
	CsRun run;

	if (one_at_a_time(certain, estate))
		return certain->beyond ? 0 : 1;
	for (int i = 0; i < certain->nbounds; i++)
		if (certain->bounds[i].rows >= 0)
			rows = bounded(certain, rows,
						   certain->bounds[i].rows - certain->emitted);
	if (certain->root)
	{
		if (!cs_scope_run(estate, &run))
			return certain->beyond ? 0 : 1;
		if (run.serial != certain->run_serial)
			enter_run(certain, &run);
		if (run.count > 0)
			rows = bounded(certain, rows,
						   (int64) run.count - certain->stored_in_run -
							   certain->emitted_in_run);
	}

	if (certain->probe && certain->pulls <= 1)
		rows = Min(rows, 1);
	return certain->beyond ? rows : Max(rows, 1);
}
