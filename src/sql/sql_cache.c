/*-------------------------------------------------------------------------
 * sql_cache.c
 *	  SQL functions about the cache of answers.
 *
 * Who may spend an account's money may forget what it bought; all of it, only
 * who watches over all.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_foreign_server.h"
#include "fmgr.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "pg/compat.h"
#include "pg/shmem.h"
#include "settings/mapping.h"
#include "settings/option_list.h"
#include "settings/settings.h"
#include "shared/answer_cache.h"

PG_FUNCTION_INFO_V1(credscore_cache_clear);

/* Is the caller in charge of everybody's answers? */
static bool
is_in_charge(void)
{
	Oid monitor = get_role_oid("credscore_monitor", true);

	return superuser() ||
		   (OidIsValid(monitor) && has_privs_of_role(GetUserId(), monitor));
}

static bool
may_use(Form_pg_foreign_server server)
{
	const char *wrapper = GetForeignDataWrapper(server->srvfdw)->fdwname;

	return strcmp(wrapper, CS_WRAPPER_NAME) == 0 &&
		   cs_compat_server_aclcheck(server->oid, GetUserId()) ==
			   ACLCHECK_OK &&
		   cs_mapping_exists(server->oid, GetUserId());
}

/* The names of the servers that the caller may use. */
static List *
usable_servers(void)
{
	Relation	servers = table_open(ForeignServerRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(servers, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple;
	List	 *names = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_server server =
			(Form_pg_foreign_server) GETSTRUCT(tuple);

		if (may_use(server))
			names = lappend(names, pstrdup(NameStr(server->srvname)));
	}
	systable_endscan(scan);
	table_close(servers, AccessShareLock);
	return names;
}

/*
 * The keys of the caller's accounts at these servers.  A reader has none of its
 * own.  Raises what cs_settings_get does, before anything is forgotten.
 */
static List *
own_accounts(List *servers)
{
	List	 *accounts = NIL;
	ListCell *cell;

	foreach(cell, servers)
	{
		bool			  reader;
		const CsSettings *settings = cs_settings_get(lfirst(cell), &reader);
		CsKey			 *key = palloc(sizeof(CsKey));

		*key = settings->account_key;
		if (!reader)
			accounts = lappend(accounts, key);
	}
	return accounts;
}

static int64
clear_own(List *servers)
{
	int64	  cleared = 0;
	ListCell *cell;

	foreach(cell, own_accounts(servers))
		cleared += cs_answer_cache_clear(NULL, lfirst(cell));
	return cleared;
}

static int64
clear_all(const char *server)
{
	CsKey key;

	if (server == NULL)
		return cs_answer_cache_clear(NULL, NULL);
	cs_settings_server_key(server, &key);
	return cs_answer_cache_clear(&key, NULL);
}

/*
 * credscore_cache_clear(server name) returns bigint
 *
 * Forgets the answers that were bought with the caller's account at a server,
 * NULL: at all that it may use; those of all accounts for superusers and
 * members of credscore_monitor.  Returns how many.  Their memory is free for
 * questions and answers of any size; the next questions are asked, and billed,
 * anew.
 */
Datum
credscore_cache_clear(PG_FUNCTION_ARGS)
{
	char *server = PG_ARGISNULL(0) ? NULL : NameStr(*PG_GETARG_NAME(0));

	cs_shmem_require();
	if (is_in_charge())
		PG_RETURN_INT64(clear_all(server));
	PG_RETURN_INT64(
		clear_own(server != NULL ? list_make1(server) : usable_servers()));
}
