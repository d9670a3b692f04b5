/*-------------------------------------------------------------------------
 * scope.c
 *	  Which execution of which query is running: the scope of a MEMO.
 *
 * Hooks of planner and executor keep a stack of what is active.  A scope's
 * memory is a child of its execution's context (es_query_cxt) and goes with
 * it, however that ends; a reset callback tells the scope's user.  While the
 * executor starts there is no EState to be seen yet: the scope then waits
 * under TopTransactionContext and is handed over when the start is done.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/scope.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/portal.h"
#include "utils/memutils.h"

#include "pg/analyze.h"
#include "pg/compat.h"
#include "session/miss.h"

typedef enum ActiveKind
{
	ACTIVE_PLANNER, /* planning, or EXPLAIN's executor start */
	ACTIVE_START,	/* executor start: no EState yet */
	ACTIVE_RUN		/* executor run or finish */
} ActiveKind;

typedef struct Active
{
	ActiveKind			  kind;
	struct Active		 *below;
	EState				 *estate;		 /* ACTIVE_RUN */
	CsScope				 *scope;		 /* once known */
	ErrorContextCallback *error_context; /* at the entry */
	bool				  only_shown;	 /* its rows, see miss.h */
	CsRun				  run;			 /* ACTIVE_RUN */
} Active;

static uint64 last_serial;
static uint64 statements;

static Active	  *top; /* innermost first; lives on the C stack */
static dlist_head  live_scopes = DLIST_STATIC_INIT(live_scopes);
static CsScope	  *command_scope;
static TimestampTz command_started;

static planner_hook_type		prev_planner_hook;
static ExecutorStart_hook_type	prev_start_hook;
static ExecutorRun_hook_type	prev_run_hook;
static ExecutorFinish_hook_type prev_finish_hook;
static ProcessUtility_hook_type prev_utility_hook;

static int		   utility_depth; /* commands that run, one in another */
static int		   vacuum_depth;  /* of them, those that may analyze tables */
static const Node *command;		  /* the innermost of them */

/* Memory-context callback: the execution is over. */
static void
scope_ends(void *arg)
{
	CsScope *scope = arg;

	if (scope == command_scope)
		command_scope = NULL;
	dlist_delete(&scope->node);
}

void
cs_scope_at_end(CsScope *scope, MemoryContextCallbackFunction func)
{
	MemoryContextCallback *callback =
		MemoryContextAllocZero(scope->cxt, sizeof(*callback));

	callback->func = func;
	callback->arg = scope;
	MemoryContextRegisterResetCallback(scope->cxt, callback);
}

static CsScope *
scope_create(MemoryContext parent, EState *estate)
{
	MemoryContext cxt =
		AllocSetContextCreate(parent, "credscore scope", ALLOCSET_SMALL_SIZES);
	CsScope *scope = MemoryContextAllocZero(cxt, sizeof(CsScope));

	scope->cxt = cxt;
	scope->estate = estate;
	dlist_push_head(&live_scopes, &scope->node);
	cs_scope_at_end(scope, scope_ends);
	return scope;
}

/* NULL: it has none yet. */
static CsScope *
find_scope(const EState *estate)
{
	dlist_iter iter;

	dlist_foreach(iter, &live_scopes)
	{
		CsScope *scope = dlist_container(CsScope, node, iter.cur);

		if (scope->estate == estate)
			return scope;
	}
	return NULL;
}

static CsScope *
scope_of(EState *estate)
{
	CsScope *scope = find_scope(estate);

	return scope != NULL ? scope : scope_create(estate->es_query_cxt, estate);
}

/* The scope of the top-level command that runs outside any execution. */
static CsScope *
scope_of_command(void)
{
	TimestampTz started = GetCurrentStatementStartTimestamp();

	if (command_scope != NULL && command_started != started)
		MemoryContextDelete(command_scope->cxt);
	if (command_scope == NULL)
	{
		command_scope = scope_create(TopTransactionContext, NULL);
		command_started = started;
	}
	return command_scope;
}

/* An expression that a planner evaluates, right now. */
static bool
estimating(void)
{
	return top != NULL && top->kind == ACTIVE_PLANNER &&
		   top->error_context == error_context_stack;
}

static bool
analyzing(void)
{
	return (vacuum_depth > 0 || MyBackendType == B_AUTOVAC_WORKER) &&
		   cs_analyze_is_running();
}

bool
cs_scope_planning(void)
{
	return estimating() || analyzing();
}

bool
cs_scope_under_planner(void)
{
	for (Active *active = top; active != NULL; active = active->below)
		if (active->kind == ACTIVE_PLANNER)
			return true;
	return false;
}

uint64
cs_scope_statement(void)
{
	return statements;
}

CsScope *
cs_scope_current(void)
{
	Active *active = top;

	/* What the planner makes run belongs to the command. */
	if (active == NULL || active->kind == ACTIVE_PLANNER)
		return scope_of_command();
	if (active->scope == NULL)
		active->scope = active->kind == ACTIVE_START
							? scope_create(TopTransactionContext, NULL)
							: scope_of(active->estate);
	return active->scope;
}

bool
cs_scope_run(const void *estate, CsRun *run)
{
	for (Active *active = top; active != NULL; active = active->below)
		if (active->kind == ACTIVE_RUN && active->estate == estate)
		{
			*run = active->run;
			return true;
		}
	return false;
}

/* --- what may be kept --- */

bool
cs_scope_only_shown(void)
{
	return top != NULL && top->only_shown &&
		   top->error_context == error_context_stack;
}

bool
cs_scope_is_direct(const void *estate)
{
	return top != NULL && top->kind == ACTIVE_RUN && top->estate == estate &&
		   top->error_context == error_context_stack;
}

void
cs_scope_missed(void)
{
	cs_scope_current()->missed = true;
}

/* Are the rows of a query that starts or runs now only shown? */
static bool
only_shown(const QueryDesc *query)
{
	return top == NULL && utility_depth <= 1 &&
		   cs_miss_is_only_shown(query, command);
}

/* A scope of what is active, as far as there is one. */
static const CsScope *
scope_if_any(const Active *active)
{
	return active->scope == NULL && active->kind == ACTIVE_RUN
			   ? find_scope(active->estate)
			   : active->scope;
}

/* Inside a query that was given NULL for a miss nothing must be kept. */
static void
refuse_within_misses(void)
{
	for (Active *active = top; active != NULL; active = active->below)
	{
		const CsScope *scope = scope_if_any(active);

		if (scope != NULL && scope->missed)
			cs_miss_refuse(
				"A function writes in a statement that was given NULL for a question that memory does not answer.");
	}
}

/* Nor must rows with such a NULL, stored in the plan, go where they are kept. */
static void
check_own_misses(const QueryDesc *query, bool shown)
{
	CsScope *scope = shown ? NULL : find_scope(query->estate);

	if (scope != NULL && scope->missed)
		cs_miss_refuse(
			"The cursor has given NULL for a question that memory does not answer; what reads it now may keep its rows.");
}

/* --- hooks --- */

static PlannedStmt *
planner_tracked(Query *parse, const char *query_string, int cursor_options,
				ParamListInfo bound_params)
{
	Active		 self = {.kind = ACTIVE_PLANNER,
						 .below = top,
						 .error_context = error_context_stack};
	PlannedStmt *result;

	if (top == NULL)
		statements++;
	top = &self;
	PG_TRY();
	{
		result = prev_planner_hook
					 ? prev_planner_hook(parse, query_string, cursor_options,
										 bound_params)
					 : standard_planner(parse, query_string, cursor_options,
										bound_params);
	}
	PG_FINALLY();
	{
		top = self.below;
	}
	PG_END_TRY();

	return result;
}

/* Hands a scope that was made during the start to the execution. */
static void
adopt_scope(CsScope *scope, EState *estate)
{
	scope->estate = estate;
	MemoryContextSetParent(scope->cxt, estate->es_query_cxt);
}

static void
start_tracked(QueryDesc *query, int eflags)
{
	/* EXPLAIN starts the executor, too: its initial pruning plans. */
	bool   explains = (eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0;
	Active self = {.kind = explains ? ACTIVE_PLANNER : ACTIVE_START,
				   .below = top,
				   .error_context = error_context_stack,
				   .only_shown = only_shown(query)};

	if (top != NULL && cs_miss_is_kept_by(query))
		refuse_within_misses();
	top = &self;
	PG_TRY();
	{
		if (prev_start_hook)
			prev_start_hook(query, eflags);
		else
			standard_ExecutorStart(query, eflags);
	}
	PG_CATCH();
	{
		top = self.below;
		if (self.scope != NULL)
			MemoryContextDelete(self.scope->cxt);
		PG_RE_THROW();
	}
	PG_END_TRY();
	top = self.below;

	if (self.scope != NULL)
		adopt_scope(self.scope, query->estate);
}

static int64
position_of(const QueryDesc *query)
{
	return ActivePortal != NULL && ActivePortal->queryDesc == query
			   ? (int64) ActivePortal->portalPos
			   : -1;
}

static void
run_tracked(CS_EXECUTOR_RUN_PARAMS)
{
	Active self = {.kind = ACTIVE_RUN,
				   .below = top,
				   .estate = query->estate,
				   .error_context = error_context_stack,
				   .only_shown = only_shown(query),
				   .run = {count, ++last_serial, position_of(query)}};

	check_own_misses(query, self.only_shown);
	top = &self;
	PG_TRY();
	{
		if (prev_run_hook)
			prev_run_hook(CS_EXECUTOR_RUN_ARGS);
		else
			standard_ExecutorRun(CS_EXECUTOR_RUN_ARGS);
	}
	PG_FINALLY();
	{
		top = self.below;
	}
	PG_END_TRY();
}

static void
finish_tracked(QueryDesc *query)
{
	Active self = {.kind = ACTIVE_RUN,
				   .below = top,
				   .estate = query->estate,
				   .run = {0, ++last_serial, -1}};

	top = &self;
	PG_TRY();
	{
		if (prev_finish_hook)
			prev_finish_hook(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_FINALLY();
	{
		top = self.below;
	}
	PG_END_TRY();
}

/*
 * A command's scope ends while its transaction can still fail: what is there to
 * be freed may be files and questions.  Deleting memory does not raise, nor do
 * the callbacks of scopes.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if ((event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE) &&
		command_scope != NULL)
		MemoryContextDelete(command_scope->cxt);
}

/*
 * A command that is no query (DO, CALL, COPY, ...) ends its scope; the next one
 * of the same message is another statement.
 */
static void
utility_tracked(PlannedStmt *stmt, const char *query_string,
				bool read_only_tree, ProcessUtilityContext context,
				ParamListInfo params, QueryEnvironment *environment,
				DestReceiver *dest, QueryCompletion *completion)
{
	bool		outermost = utility_depth == 0 && top == NULL;
	bool		vacuums = IsA(stmt->utilityStmt, VacuumStmt);
	const Node *outer = command;

	if (top != NULL && cs_miss_is_kept_by_command(stmt->utilityStmt))
		refuse_within_misses();
	utility_depth++;
	vacuum_depth += vacuums;
	command = stmt->utilityStmt;
	PG_TRY();
	{
		if (prev_utility_hook)
			prev_utility_hook(stmt, query_string, read_only_tree, context,
							  params, environment, dest, completion);
		else
			standard_ProcessUtility(stmt, query_string, read_only_tree,
									context, params, environment, dest,
									completion);
	}
	PG_FINALLY();
	{
		utility_depth--;
		vacuum_depth -= vacuums;
		command = outer;
	}
	PG_END_TRY();
	if (outermost && command_scope != NULL)
		MemoryContextDelete(command_scope->cxt);
}

void
cs_scope_init(void)
{
	prev_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_tracked;
	RegisterXactCallback(at_transaction_end, NULL);
	prev_planner_hook = planner_hook;
	planner_hook = planner_tracked;
	prev_start_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_tracked;
	prev_run_hook = ExecutorRun_hook;
	ExecutorRun_hook = run_tracked;
	prev_finish_hook = ExecutorFinish_hook;
	ExecutorFinish_hook = finish_tracked;
}
