/*-------------------------------------------------------------------------
 * sql_estimate.c
 *	  What will a statement cost?  The SQL function that says so beforehand.
 *
 * The statement is planned as it is.  Of its plan all is left out that writes
 * or locks rows (strip.c), and the rest is run in a subtransaction that is
 * read-only and rolled back, with nothing asked and every miss NULL.  Its rows
 * are thrown away; what it would have asked has been counted (estimate.c).
 *
 * Memory of the statement is the subtransaction's.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "pg/compat.h"
#include "pg/cost.h"
#include "pg/shmem.h"
#include "prefetch/depends.h"
#include "prefetch/sites.h"
#include "prefetch/strip.h"
#include "session/estimate.h"
#include "sql/row.h"

PG_FUNCTION_INFO_V1(credscore_estimate);

/* What is to be run, out of a statement. */
typedef struct Subject
{
	const char *text;
	Query	   *query; /* NULL: nothing */
	int			cursor_options;
	Oid			owner; /* whose privileges hold; invalid: the user's */
} Subject;

/* --- what is refused --- */

pg_noreturn static void refuse(const char *what);

static void
refuse(const char *what)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		 errmsg("cannot estimate %s", what),
		 errdetail(
			 "What can be estimated is one SELECT, INSERT, UPDATE or DELETE, and the query of CREATE TABLE AS, COPY (...) TO, REFRESH MATERIALIZED VIEW or DECLARE."),
		 errhint(
			 "Estimate a SELECT that asks what this statement would ask.")));
	pg_unreachable();
}

/* Sub-selects, and functions of users, ours among them, may ask. */
static bool
may_ask_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink) ||
		(IsA(node, FuncExpr) &&
		 ((FuncExpr *) node)->funcid >= FirstNormalObjectId) ||
		(IsA(node, OpExpr) && ((OpExpr *) node)->opno >= FirstNormalObjectId))
		return true;
	return expression_tree_walker(node, may_ask_walker, context);
}

/* What would be lost with ModifyTable, or would write without it. */
static void
check_query(const Query *query)
{
	if (query->commandType == CMD_UTILITY)
		refuse("a command that a rule adds");
	if (query->commandType == CMD_MERGE)
		refuse("MERGE");
	if (query->hasModifyingCTE)
		refuse("a statement with a CTE that modifies");
	if (query->onConflict != NULL &&
		query->onConflict->action == ONCONFLICT_UPDATE)
		refuse("INSERT ... ON CONFLICT DO UPDATE");
	if (may_ask_walker((Node *) query->returningList, NULL))
		refuse("a RETURNING list with calls of functions, or sub-selects");
}

/* --- from the text to a query --- */

/* Errors of the statement point into its own text. */
static void
point_into_text(void *arg)
{
	int position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(arg);
	}
	errcontext("statement that is estimated");
}

static RawStmt *
parse(const char *text)
{
	List *statements = pg_parse_query(text);

	if (list_length(statements) != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"query\" must be one statement"),
						errdetail("It has %d.", list_length(statements))));
	return linitial_node(RawStmt, statements);
}

/* Is nothing asked to make the table?  If it is, making it must be allowed. */
static bool
makes_nothing(const CreateTableAsStmt *create)
{
	RangeVar *target = copyObject(create->into->rel);

	if (create->into->skipData)
		return true;
	if (target->relpersistence != RELPERSISTENCE_TEMP)
		(void) RangeVarGetAndCheckCreationNamespace(target, NoLock, NULL);
	return create->if_not_exists &&
		   OidIsValid(RangeVarGetRelid(target, NoLock, true));
}

static void
take_utility(Subject *subject, Node *statement)
{
	if (IsA(statement, DeclareCursorStmt))
	{
		DeclareCursorStmt *declare = (DeclareCursorStmt *) statement;

		subject->query = castNode(Query, declare->query);
		subject->cursor_options = declare->options;
	}
	else
	{
		CreateTableAsStmt *create = castNode(CreateTableAsStmt, statement);

		subject->query =
			makes_nothing(create) ? NULL : castNode(Query, create->query);
	}
}

static void
analyze(Subject *subject, RawStmt *raw)
{
	Query *query =
		parse_analyze_fixedparams(raw, subject->text, NULL, 0, NULL);

	if (query->commandType == CMD_UTILITY)
		take_utility(subject, query->utilityStmt);
	else
		subject->query = query;
	if (subject->query != NULL && subject->query->commandType == CMD_UTILITY)
		refuse("EXECUTE");
}

/* COPY has privileges of its own. */
static void
check_copy(const CopyStmt *copy)
{
	Oid role = copy->is_program ? ROLE_PG_EXECUTE_SERVER_PROGRAM
								: ROLE_PG_WRITE_SERVER_FILES;

	if (copy->is_from || copy->query == NULL)
		refuse("COPY of a table");
	if (copy->filename != NULL && !has_privs_of_role(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to COPY to a file or program")));
}

static void
analyze_copy(Subject *subject, const RawStmt *raw)
{
	CopyStmt *copy = (CopyStmt *) raw->stmt;
	RawStmt	 *inner = makeNode(RawStmt);

	check_copy(copy);
	inner->stmt = copy->query;
	inner->stmt_location = raw->stmt_location;
	inner->stmt_len = raw->stmt_len;
	analyze(subject, inner);
}

static void
take_view(Subject *subject, RefreshMatViewStmt *refresh)
{
	Oid relid = RangeVarGetRelid(refresh->relation, AccessShareLock, false);
	Relation view;

	if (!cs_compat_may_refresh(relid))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_MATVIEW,
					   refresh->relation->relname);
	view = table_open(relid, NoLock);
	if (view->rd_rel->relkind != RELKIND_MATVIEW)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("\"%s\" is not a materialized view",
							   RelationGetRelationName(view))));
	if (!refresh->skipData)
	{
		subject->query = copyObject(
			linitial_node(Query, view->rd_rules->rules[0]->actions));
		AcquireRewriteLocks(subject->query, true, false);
	}
	subject->owner = view->rd_rel->relowner;
	table_close(view, NoLock);
}

static void
take_statement(Subject *subject)
{
	RawStmt *raw = parse(subject->text);

	switch (nodeTag(raw->stmt))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_CreateTableAsStmt:
		case T_DeclareCursorStmt:
			analyze(subject, raw);
			break;
		case T_CopyStmt:
			analyze_copy(subject, raw);
			break;
		case T_RefreshMatViewStmt:
			take_view(subject, (RefreshMatViewStmt *) raw->stmt);
			break;
		default:
			refuse(GetCommandTagName(CreateCommandTag(raw->stmt)));
	}
}

/* --- numbers of sequences --- */

static bool
nextval_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, NextValueExpr) ||
		(IsA(node, FuncExpr) && ((FuncExpr *) node)->funcid == F_NEXTVAL))
		return true;
	return expression_tree_walker(node, nextval_walker, context);
}

/* A value that takes a number of a sequence, and asks nothing. */
static Node *
without_number(Node *value)
{
	if (!nextval_walker(value, NULL) || cs_sites_within(value, NIL))
		return value;
	return (Node *) makeNullConst(exprType(value), exprTypmod(value),
								  exprCollation(value));
}

/*
 * What a statement would write is thrown away, so it need not take numbers of
 * sequences, which would be writing.
 */
static void
leave_numbers_alone(Query *query)
{
	ListCell *lc;
	ListCell *row;
	ListCell *value;

	foreach(lc, query->targetList)
	{
		TargetEntry *te = lfirst(lc);

		te->expr = (Expr *) without_number((Node *) te->expr);
	}
	foreach(lc, query->rtable)
	{
		const RangeTblEntry *rte = lfirst(lc);

		if (rte->rtekind == RTE_VALUES)
			foreach(row, rte->values_lists)
				foreach(value, (List *) lfirst(row))
					lfirst(value) = without_number(lfirst(value));
	}
}

/* --- running it --- */

/* Runs what is left of a plan; all it gives is thrown away. */
static void
run_plan(PlannedStmt *plan, const char *text)
{
	QueryDesc *query =
		CreateQueryDesc(plan, text, GetActiveSnapshot(), InvalidSnapshot,
						None_Receiver, NULL, NULL, 0);

	ExecutorStart(query, EXEC_FLAG_SKIP_TRIGGERS);
	cs_estimate_watch(query->estate);
	cs_compat_run_to_end(query);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	cs_estimate_watch(NULL);
}

/* True: what it asks may depend on what it is answered. */
static bool
run_query(Query *query, const Subject *subject)
{
	PlannedStmt *plan;

	check_query(query);
	if (query->commandType != CMD_SELECT)
		leave_numbers_alone(query);
	plan = pg_plan_query(query, subject->text, subject->cursor_options, NULL);
	cs_compat_check_privileges(plan);
	if (!cs_strip_effects(plan))
		refuse("a statement that changes or locks rows of a foreign table");
	run_plan(plan, subject->text);
	return cs_depends_within(plan);
}

static void
become_owner(Oid owner)
{
	Oid user;
	int context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
}

static bool
run_statement(const char *text)
{
	ErrorContextCallback callback = {error_context_stack, point_into_text,
									 unconstify(char *, text)};
	Subject				 subject = {.text = text};
	bool				 depends = false;
	ListCell			*lc;

	error_context_stack = &callback;
	XactReadOnly = true;
	PushActiveSnapshot(GetTransactionSnapshot());
	take_statement(&subject);
	if (OidIsValid(subject.owner))
		become_owner(subject.owner);
	if (subject.query != NULL)
		foreach(lc, pg_rewrite_query(subject.query))
			depends = run_query(lfirst_node(Query, lc), &subject) || depends;
	PopActiveSnapshot();
	error_context_stack = callback.previous;
	return depends;
}

/* Undoes whatever there is to be undone, the change of user included. */
static void
roll_back(MemoryContext cxt, ResourceOwner owner, CsEstimate *estimate)
{
	cs_estimate_end(estimate);
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(cxt);
	CurrentResourceOwner = owner;
}

static bool
run_and_undo(const char *text, CsEstimate *estimate)
{
	MemoryContext cxt = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool depends = false;

	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		depends = run_statement(text);
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(cxt);
		error = CopyErrorData();
		FlushErrorState();
		roll_back(cxt, owner, estimate);
		ReThrowError(error);
	}
	PG_END_TRY();
	roll_back(cxt, owner, estimate);
	return depends;
}

/* NULLs where no price is known. */
static void
put_cost(CsRow *row, const CsEstimateLine *line)
{
	int64 would_call = line->questions - line->free;

	if (line->currency[0] == '\0')
	{
		cs_row_pointer(row, NULL);
		cs_row_pointer(row, NULL);
		return;
	}
	cs_row_put(row, NumericGetDatum(cs_cost_of_calls(would_call, line->price)),
			   false);
	cs_row_text(row, line->currency);
}

/* What is counted all the same, and would be refused. */
static void
tell_lack_of_purpose(const CsEstimateLine *line)
{
	if (line->lacks_purpose)
		ereport(
			NOTICE,
			(errmsg("server \"%s\" would not be asked without a purpose",
					NameStr(line->server)),
			 errhint("SET credscore.purpose = '...' before the statement.")));
}

/*
 * credscore_estimate(query text) returns setof (server name, endpoint text,
 *		questions bigint, free bigint, would_call bigint, cost numeric,
 *		currency text, at_least boolean)
 *
 * What a statement would ask, how much of that memory does not answer, and what
 * that costs at the server's price.
 */
Datum
credscore_estimate(PG_FUNCTION_ARGS)
{
	char	   *statement = text_to_cstring(PG_GETARG_TEXT_PP(0));
	CsEstimate *estimate;
	bool		at_least;
	ListCell   *lc;

	cs_shmem_require();
	InitMaterializedSRF(fcinfo, 0);
	estimate = cs_estimate_begin();
	at_least = run_and_undo(statement, estimate);
	at_least = cs_estimate_misses(estimate) &&
			   (at_least || cs_estimate_hidden(estimate));
	foreach(lc, cs_estimate_lines(estimate))
	{
		CsEstimateLine *line = lfirst(lc);
		CsRow			row = {0};

		tell_lack_of_purpose(line);
		cs_row_put(&row, NameGetDatum(&line->server), false);
		cs_row_text(&row, line->endpoint);
		cs_row_count(&row, line->questions);
		cs_row_count(&row, line->free);
		cs_row_count(&row, line->questions - line->free);
		put_cost(&row, line);
		cs_row_bool(&row, at_least);
		cs_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}
