/*-------------------------------------------------------------------------
 * miss.c
 *	  A miss: a question that memory does not answer and that must not be
 *	  asked.  Where may it be NULL?
 *
 * Looks only, and keeps nothing.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/miss.h"

#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "utils/portal.h"

#include "pg/error.h"

/*
 * Whoever reads a cursor has it by FETCH, whose rows pass a tuplestore on their
 * way; EXPLAIN and MOVE throw rows away.
 */
static bool
goes_to_a_reader(const DestReceiver *dest)
{
	switch (dest->mydest)
	{
		case DestNone:
		case DestDebug:
		case DestRemote:
		case DestRemoteExecute:
		case DestTuplestore:
			return true;
		default:
			return false;
	}
}

/* Commands that run a query to show its rows. */
static bool
shows_rows(const Node *command)
{
	if (command == NULL)
		return true;
	switch (nodeTag(command))
	{
		case T_DeclareCursorStmt:
		case T_ExecuteStmt:
		case T_ExplainStmt:
		case T_FetchStmt:
			return true;
		default:
			return false;
	}
}

/* A cursor WITH HOLD keeps its rows, for whatever reads them later. */
static bool
is_held(void)
{
	return ActivePortal != NULL &&
		   (ActivePortal->cursorOptions & CURSOR_OPT_HOLD) != 0;
}

static bool
only_reads(const QueryDesc *query)
{
	return query->operation == CMD_SELECT &&
		   !query->plannedstmt->hasModifyingCTE;
}

bool
cs_miss_is_only_shown(const QueryDesc *query, const Node *command)
{
	return only_reads(query) && goes_to_a_reader(query->dest) &&
		   shows_rows(command) && !is_held();
}

bool
cs_miss_is_kept_by(const QueryDesc *query)
{
	CommandDest dest = query->dest->mydest;

	return !only_reads(query) || dest == DestIntoRel || dest == DestCopyOut ||
		   dest == DestTransientRel;
}

/* Commands that keep nothing by themselves. */
bool
cs_miss_is_kept_by_command(const Node *command)
{
	switch (nodeTag(command))
	{
		case T_CallStmt:
		case T_ClosePortalStmt:
		case T_DeallocateStmt:
		case T_DoStmt:
		case T_LockStmt:
		case T_PrepareStmt:
		case T_TransactionStmt:
		case T_VariableSetStmt:
		case T_VariableShowStmt:
			return false;
		default:
			return !shows_rows(command);
	}
}

void
cs_miss_refuse(const char *detail)
{
	cs_error_raise(ERROR, CS_ERR_NOT_CACHED,
				   "there is no answer in memory, and NULL must not be kept",
				   detail, NULL);
	pg_unreachable();
}
