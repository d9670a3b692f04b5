/*-------------------------------------------------------------------------
 * announce.c
 *	  Telling the worker of this database, at commit, what a transaction has
 *	  put into the queue or changed in it.
 *
 * A transaction announces its own rows and no others: when it commits they are
 * visible, and that a range of theirs holds ids of transactions that are still
 * open does no harm, since those announce them, too.
 *
 * A prepared transaction leaves its news under its name; one that was prepared
 * before shared memory was made has left nothing, and may have made rows that no
 * look at all has seen: there is another one.  The command that
 * commits it has a transaction of its own, which announces them however it
 * ends: by then the rows may be committed, and a look too many costs nothing.
 *
 * What changes who may ask what (servers, mappings, privileges, the extension)
 * asks for a look at all rows.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/announce.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/resowner.h"

#include "shared/prepared.h"
#include "store/queue.h"

static ProcessUtility_hook_type prev_utility_hook;

static CsNews news;	  /* of this transaction */
static bool	  always; /* announce it also when the transaction aborts */
static char
	gid[NAMEDATALEN * 4]; /* of a PREPARE TRANSACTION that is under way */

void
cs_announce_row(int64 id)
{
	cs_id_news_add(&news, id, id);
}

void
cs_announce_all(void)
{
	news.look_at_all = true;
}

static bool
has_news(void)
{
	return news.look_at_all || news.n > 0;
}

static void
forget(void)
{
	memset(&news, 0, sizeof(news));
	always = false;
}

/*
 * What a transaction changed of servers, mappings and privileges others hear of
 * only after its callbacks: who is woken by those may still see the old ones.  So
 * a look at all is announced once more when they are told.
 */
static bool all_again;

/* End of a transaction, after its invalidations were sent: likewise. */
static void
at_release(ResourceReleasePhase phase, bool commit, bool top_level, void *arg)
{
	CsNews all = {.look_at_all = true};

	if (phase != RESOURCE_RELEASE_AFTER_LOCKS || !top_level || !all_again)
		return;
	all_again = false;
	cs_place_announce(MyDatabaseId, &all);
}

/* Transaction callback: copies within shared memory and sets latches. */
static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			if (has_news())
				cs_place_announce(MyDatabaseId, &news);
			all_again = news.look_at_all;
			forget();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			if (always && has_news())
				cs_place_announce(MyDatabaseId, &news);
			forget();
			break;
		case XACT_EVENT_PREPARE:
			cs_prepared_keep(gid, &news);
			forget();
			break;
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			break;
	}
}

/* --- commands --- */

/* What a COMMIT PREPARED makes visible, whatever becomes of the command. */
static void
announce_prepared(const char *name)
{
	CsNews prepared;

	if (!cs_prepared_find(name, &prepared))
		prepared.look_at_all = cs_queue_is_prepared(name);
	news = prepared;
	always = true;
}

static void
before_transaction(const TransactionStmt *stmt)
{
	switch (stmt->kind)
	{
		case TRANS_STMT_PREPARE:
			strlcpy(gid, stmt->gid, sizeof(gid));
			break;
		case TRANS_STMT_COMMIT_PREPARED:
			if (cs_queue_exists())
				announce_prepared(stmt->gid);
			break;
		default:
			break;
	}
}

static void
after_transaction(const TransactionStmt *stmt)
{
	if (stmt->kind == TRANS_STMT_COMMIT_PREPARED ||
		stmt->kind == TRANS_STMT_ROLLBACK_PREPARED)
		cs_prepared_drop(stmt->gid);
}

/* Does it change who may ask what? */
static bool
concerns_all(const Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterForeignServerStmt:
		case T_CreateForeignServerStmt:
		case T_AlterUserMappingStmt:
		case T_CreateUserMappingStmt:
		case T_CreateExtensionStmt:
		case T_AlterExtensionStmt:
		case T_GrantStmt:
		case T_GrantRoleStmt:
			return true;
		case T_DropStmt:
			return ((const DropStmt *) stmt)->removeType == OBJECT_EXTENSION;
		default:
			return false;
	}
}

static void
utility_announced(PlannedStmt *stmt, const char *query_string,
				  bool read_only_tree, ProcessUtilityContext context,
				  ParamListInfo params, QueryEnvironment *env,
				  DestReceiver *dest, QueryCompletion *completion)
{
	Node *command = stmt->utilityStmt;
	bool  transaction = IsA(command, TransactionStmt);
	bool  all = concerns_all(command);
	bool  existed = all && cs_queue_exists();

	if (transaction)
		before_transaction((TransactionStmt *) command);
	if (prev_utility_hook)
		prev_utility_hook(stmt, query_string, read_only_tree, context, params,
						  env, dest, completion);
	else
		standard_ProcessUtility(stmt, query_string, read_only_tree, context,
								params, env, dest, completion);
	if (transaction)
		after_transaction((TransactionStmt *) command);
	if (all && (existed || cs_queue_exists()))
		cs_announce_all();
}

void
cs_announce_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterResourceReleaseCallback(at_release, NULL);
	prev_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_announced;
}
