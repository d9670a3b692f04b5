/*-------------------------------------------------------------------------
 * altered.c
 *	  What the command at hand alters: an option that stays as it is need not
 *	  be allowed again.
 *
 * A hook notes the command; what it alters is looked up when that is asked for.
 * Only the very object counts: a file that another mapping names is not to be
 * had by naming it, too.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/altered.h"

#include "access/reloptions.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "settings/option_list.h"

static ProcessUtility_hook_type prev_utility_hook;

/* An ALTER SERVER or ALTER USER MAPPING that runs; lives as long as it does. */
static const Node *altering;

static List *
mapping_options(const AlterUserMappingStmt *stmt)
{
	ForeignServer *server = GetForeignServerByName(stmt->servername, true);
	Oid			   role = stmt->user->roletype == ROLESPEC_PUBLIC
							  ? ACL_ID_PUBLIC
							  : get_rolespec_oid(stmt->user, true);
	HeapTuple	   tuple;
	List		  *options = NIL;
	Datum		   value;
	bool		   isnull;

	if (server == NULL)
		return NIL;
	tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(role),
							ObjectIdGetDatum(server->serverid));
	if (!HeapTupleIsValid(tuple))
		return NIL;
	value = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple,
							Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
		options = untransformRelOptions(value);
	ReleaseSysCache(tuple);
	return options;
}

static List *
server_options(const AlterForeignServerStmt *stmt)
{
	ForeignServer *server = GetForeignServerByName(stmt->servername, true);

	return server != NULL ? server->options : NIL;
}

bool
cs_altered_keeps(const char *name, const char *value)
{
	List	   *options;
	const char *old;

	if (altering == NULL)
		return false;
	options = IsA(altering, AlterUserMappingStmt)
				  ? mapping_options((const AlterUserMappingStmt *) altering)
				  : server_options((const AlterForeignServerStmt *) altering);
	old = cs_option_list_get(options, name);
	return old != NULL && strcmp(old, value) == 0;
}

/* What a command runs in its turn alters something else. */
static void
utility_noted(PlannedStmt *stmt, const char *query_string, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *environment, DestReceiver *dest,
			  QueryCompletion *completion)
{
	const Node *before = altering;
	const Node *command = stmt->utilityStmt;

	altering = IsA(command, AlterUserMappingStmt) ||
					   IsA(command, AlterForeignServerStmt)
				   ? command
				   : NULL;
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
		altering = before;
	}
	PG_END_TRY();
}

void
cs_altered_init(void)
{
	prev_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_noted;
}
