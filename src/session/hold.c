/*-------------------------------------------------------------------------
 * hold.c
 *	  Statements that want a database for themselves get it from its worker.
 *
 * DROP DATABASE, CREATE DATABASE of a template, ALTER DATABASE ... RENAME and
 * SET TABLESPACE fail while anybody is connected.  The worker is asked to leave,
 * and none starts until the statement, or its session, has ended.  The wait can
 * be cancelled.  Who does not own the database is refused by PostgreSQL, or copies
 * a template, where no worker is, and asks none to leave.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/hold.h"

#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/ipc.h"
#include "tcop/utility.h"

#include "pg/compat.h"
#include "pg/wakeup.h"
#include "shared/place.h"

/* A worker says at once that it leaves; this often a statement looks. */
#define LOOK_MS 10

static ProcessUtility_hook_type prev_utility_hook;

static Oid held = InvalidOid; /* the database that this session holds */

static const char *
option_text(List *options, const char *name)
{
	ListCell *lc;

	foreach(lc, options)
	{
		DefElem *option = lfirst(lc);

		if (strcmp(option->defname, name) == 0)
			return option->arg != NULL ? defGetString(option) : NULL;
	}
	return NULL;
}

/* The database that a statement wants for itself; NULL: none. */
static pg_noinline const char *
wanted_database(const Node *stmt)
{
	const char *template;

	switch (nodeTag(stmt))
	{
		case T_DropdbStmt:
			return ((const DropdbStmt *) stmt)->dbname;
		case T_CreatedbStmt:
			template = option_text(((const CreatedbStmt *) stmt)->options,
								   "template");
			return template != NULL ? template : "template1";
		case T_RenameStmt:
			return ((const RenameStmt *) stmt)->renameType == OBJECT_DATABASE
					   ? ((const RenameStmt *) stmt)->subname
					   : NULL;
		case T_AlterDatabaseStmt:
			return option_text(((const AlterDatabaseStmt *) stmt)->options,
							   "tablespace") != NULL
					   ? ((const AlterDatabaseStmt *) stmt)->dbname
					   : NULL;
		default:
			return NULL;
	}
}

static void
let_go(void)
{
	if (OidIsValid(held))
		cs_place_let_go(held);
	held = InvalidOid;
}

/* Counts down in shared memory and sets a latch. */
static void
at_exit(int code, Datum arg)
{
	let_go();
}

static void
hold(Oid database)
{
	static bool registered = false;

	if (!registered)
		before_shmem_exit(at_exit, (Datum) 0);
	registered = true;
	if (!cs_place_hold(database))
		ereport(
			ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("credscore has no room to note that a database is wanted"),
			 errhint("Try again when fewer databases have requests.")));
	held = database;
	while (!cs_place_is_empty(database))
		(void) cs_wakeup_sleep(LOOK_MS, CS_WAIT_EVENT("CredscoreHold"));
}

static void
utility_held(PlannedStmt *stmt, const char *query_string, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *env, DestReceiver *dest,
			 QueryCompletion *completion)
{
	const char *name = wanted_database(stmt->utilityStmt);
	Oid database = name != NULL ? get_database_oid(name, true) : InvalidOid;

	PG_TRY();
	{
		if (OidIsValid(database) && !OidIsValid(held) &&
			cs_compat_owns_database(database, GetUserId()))
			hold(database);
		if (prev_utility_hook)
			prev_utility_hook(stmt, query_string, read_only_tree, context,
							  params, env, dest, completion);
		else
			standard_ProcessUtility(stmt, query_string, read_only_tree,
									context, params, env, dest, completion);
	}
	PG_FINALLY();
	{
		if (name != NULL)
			let_go();
	}
	PG_END_TRY();
}

void
cs_hold_init(void)
{
	prev_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_held;
}
