/*-------------------------------------------------------------------------
 * health_catalog.c
 *	  Checks of what the catalogs of this database say: servers, mappings, and
 *	  who may use them.
 *
 * Whether a question could be made with a mapping is found out by making
 * everything that comes before it, in a subtransaction of its own: whatever
 * would be raised then is what the row says.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/health_catalog.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_user_mapping.h"
#include "executor/tuptable.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "pg/ca_file.h"
#include "pg/compat.h"
#include "pg/error.h"
#include "pg/shmem.h"
#include "settings/mapping.h"
#include "settings/option_list.h"
#include "settings/settings.h"
#include "shared/refusal.h"

TimestampTz
cs_health_catalog_installed_at(void)
{
	RangeVar	   *name = makeRangeVar("credscore", "installation", -1);
	Relation		table = table_openrv(name, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
	TimestampTz	  oldest = DT_NOEND;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool  isnull;
		Datum at = slot_getattr(slot, 1, &isnull);

		if (!isnull)
			oldest = Min(oldest, DatumGetTimestampTz(at));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, AccessShareLock);
	return oldest;
}

/* --- servers --- */

static CsHealthServer *
server_of(Oid oid)
{
	ForeignServer	 *found = GetForeignServer(oid);
	CsHealthServer	 *server = palloc0(sizeof(CsHealthServer));
	const char		 *name = cs_option_list_get(found->options, "provider");
	const CsProvider *provider = cs_registry_by_name(name ? name : "");

	server->oid = oid;
	server->name = found->servername;
	server->provider = name;
	server->options = found->options;
	if (provider != NULL)
		server->base_url = cs_settings_base_url(provider, found->options);
	return server;
}

List *
cs_health_catalog_servers(void)
{
	Relation relation = table_open(ForeignServerRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	List	 *servers = NIL;
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_server form =
			(Form_pg_foreign_server) GETSTRUCT(tuple);

		if (strcmp(GetForeignDataWrapper(form->srvfdw)->fdwname,
				   CS_WRAPPER_NAME) == 0)
			servers = lappend(servers, server_of(form->oid));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return servers;
}

/* NULL: there is none in this database. */
static const CsHealthServer *
named(const List *servers, const char *name)
{
	ListCell *lc;

	foreach(lc, servers)
	{
		const CsHealthServer *server = lfirst(lc);

		if (strcmp(server->name, name) == 0)
			return server;
	}
	return NULL;
}

CsHealthPlace
cs_health_catalog_find(const List *servers, const char *name,
					   const char *provider, const char *base_url)
{
	const CsHealthServer *server = named(servers, name);

	if (server == NULL)
		return CS_HEALTH_ELSEWHERE;
	return server->base_url != NULL &&
				   strcmp(server->provider, provider) == 0 &&
				   strcmp(server->base_url, base_url) == 0
			   ? CS_HEALTH_HERE
			   : CS_HEALTH_MOVED;
}

/* What is no number is a fault of its own, of the mapping. */
static int
number_of(List *options, const char *option, int usual)
{
	const char *value = cs_option_list_get(options, option);
	int			number;

	return value != NULL && parse_int(value, &number, 0, NULL) ? number
															   : usual;
}

int
cs_health_catalog_option(const List *servers, const char *name,
						 const char *option, int usual, int asked)
{
	const CsHealthServer *server = named(servers, name);

	return server != NULL ? number_of(server->options, option, usual) : asked;
}

/* 0 where there is none, or what is there is none. */
static CsMoney
money_of(List *options, const char *option)
{
	const char *value = cs_option_list_get(options, option);
	CsMoney		amount;

	return value != NULL && cs_money_parse(value, &amount) ? amount : 0;
}

void
cs_health_catalog_spend(const List *servers, const char *name,
						CsHealthSpend *spend)
{
	const CsHealthServer *server = named(servers, name);

	if (server == NULL)
		return;
	spend->limit = money_of(server->options, "daily_spend");
	spend->price = money_of(server->options, "price");
	spend->currency = cs_option_list_get(server->options, "currency");
}

int
cs_health_catalog_mapping_budget(const List *servers, const char *name,
								 Oid holder, int asked)
{
	const CsHealthServer *server = named(servers, name);
	HeapTuple			  tuple;
	Datum				  options;
	bool				  isnull;
	int					  budget = 0;

	if (server == NULL)
		return asked;
	tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(holder),
							ObjectIdGetDatum(server->oid));
	if (!HeapTupleIsValid(tuple))
		return 0;
	options = SysCacheGetAttr(USERMAPPINGUSERSERVER, tuple,
							  Anum_pg_user_mapping_umoptions, &isnull);
	if (!isnull)
		budget = number_of(untransformRelOptions(options), "daily_budget", 0);
	ReleaseSysCache(tuple);
	return budget;
}

static CsHealthOf
of_server(const CsHealthServer *server)
{
	return (CsHealthOf){server->name, server->base_url, NULL};
}

static void
put_ca_file(CsHealth *health, const CsHealthServer *server)
{
	CsHealthOf	of = of_server(server);
	const char *path = cs_option_list_get(server->options, "ca_file");
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz until = 0;
	const char *fault;

	if (path == NULL)
		return;
	fault = cs_ca_file_fault(path, now, &until);

	/* Everybody may see the options of servers. */
	cs_health_put(
		health, "ca_file", &of, fault == NULL,
		until == 0 ? CS_HEALTH_NO_VALUE : (until - now) / USECS_PER_DAY,
		"%s The file is \"%s\".",
		fault != NULL ? fault
					  : "Days until the last certificate of the file expires.",
		path);
}

/* --- one mapping --- */

/* What a question would find; NULL: all that it needs. */
typedef struct Trial
{
	char *fault;
	CsKey server;
	CsKey account;
} Trial;

/* The last error as sentences, in the caller's context. */
static char *
last_error(MemoryContext caller)
{
	ErrorData *error;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	return psprintf("%s: %s%s%s", unpack_sql_state(error->sqlerrcode),
					error->message, error->detail ? ". " : "",
					error->detail ? error->detail : "");
}

static void
try_mapping(const CsHealthServer *server, Oid mapping, Trial *trial)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	trial->fault = NULL;
	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		cs_settings_try(server->oid, mapping, &trial->server, &trial->account);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int sqlstate = geterrcode();

		if (ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		trial->fault = last_error(caller);
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
}

bool
cs_health_catalog_refused(const List *servers, const char *name)
{
	const CsHealthServer *server = named(servers, name);
	ListCell			 *lc;

	foreach(lc, server != NULL ? cs_mapping_holders(server->oid) : NIL)
	{
		Trial	  trial;
		CsRefused refused;

		try_mapping(server, lfirst_oid(lc), &trial);
		if (trial.fault == NULL &&
			cs_refusal_find(&trial.server, &trial.account, &refused))
			return true;
	}
	return false;
}

static void
put_refusal(CsHealth *health, const CsHealthOf *of, const Trial *trial)
{
	CsRefused refused;

	if (!cs_shmem_ready())
		return;
	if (cs_refusal_find(&trial->server, &trial->account, &refused))
		cs_health_put(health, "credentials", of, false, CS_HEALTH_NO_VALUE,
					  "The provider refused %s, and has accepted none since.",
					  refused.code == CS_ERR_SERVER_REFUSED
						  ? "what the options of the server say"
						  : "them");
	else
		cs_health_put(health, "credentials", of, true, CS_HEALTH_NO_VALUE,
					  "The provider has not refused them.");
}

/* May the role execute any function that asks this provider? */
static bool
may_execute(const CsHealthServer *server, Oid role, Oid functions_in)
{
	const CsProvider *provider = cs_registry_by_name(server->provider);
	bool			  may = false;

	for (const CsEndpoint *e = provider->endpoints; e->name != NULL && !may;
		 e++)
	{
		CatCList *found = SearchSysCacheList1(
			PROCNAMEARGSNSP,
			CStringGetDatum(psprintf("credscore_%s", e->name)));

		for (int i = 0; i < found->n_members; i++)
		{
			Form_pg_proc form =
				(Form_pg_proc) GETSTRUCT(&found->members[i]->tuple);

			may |= form->pronamespace == functions_in &&
				   cs_compat_function_aclcheck(form->oid, role) == ACLCHECK_OK;
		}
		ReleaseSysCacheList(found);
	}
	return may;
}

static void
put_privilege(CsHealth *health, const CsHealthServer *server,
			  const CsHealthOf *of, Oid role, Oid functions_in)
{
	bool usage = cs_compat_server_aclcheck(server->oid, role) == ACLCHECK_OK;
	bool execute = may_execute(server, role, functions_in);

	cs_health_put(
		health, "privilege", of, usage && execute, CS_HEALTH_NO_VALUE, "%s",
		!usage ? "The role has a user mapping, but lacks USAGE on the server."
		: !execute
			? "The role has a user mapping, but may execute no function that asks."
			: "The role may ask.");
}

/* Whose answers readers see; PUBLIC's, or of nobody: ACL_ID_PUBLIC. */
static Oid
read_from(const CsHealthServer *server)
{
	const char *option = cs_option_list_get(server->options, "reader_mapping");

	return option != NULL ? get_role_oid(option, true) : ACL_ID_PUBLIC;
}

static bool
can_log_in(Oid role)
{
	HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	bool	  can = false;

	if (HeapTupleIsValid(tuple))
	{
		can = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
		ReleaseSysCache(tuple);
	}
	return can;
}

/* A group's mapping is there for its members. */
static bool
is_group(Oid role)
{
	CatCList *members =
		SearchSysCacheList1(AUTHMEMROLEMEM, ObjectIdGetDatum(role));
	bool any = members->n_members > 0;

	ReleaseSysCacheList(members);
	return any && !can_log_in(role);
}

/* Does it need to ask itself, for its mapping to be of use? */
static bool
asks_itself(const CsHealthServer *server, Oid role)
{
	return role != ACL_ID_PUBLIC && role != read_from(server) &&
		   !is_group(role);
}

static void
put_mapping(CsHealth *health, const CsHealthServer *server, Oid role,
			Oid functions_in)
{
	CsHealthOf of = of_server(server);
	Trial	   trial;

	of.role = role == ACL_ID_PUBLIC ? "public" : GetUserNameFromId(role, true);
	if (of.role == NULL)
		return;
	try_mapping(server, role, &trial);
	cs_health_put(health, "mapping", &of, trial.fault == NULL,
				  CS_HEALTH_NO_VALUE, "%s",
				  trial.fault != NULL ? trial.fault : "It is complete.");
	if (trial.fault != NULL)
		return;
	put_refusal(health, &of, &trial);
	if (asks_itself(server, role))
		put_privilege(health, server, &of, role, functions_in);
}

/* --- all mappings of a server --- */

/*
 * A role that may ask, or read, at a server where it has no mapping of its own:
 * is there one, and not two, for it all the same?
 */
static void
put_unmapped(CsHealth *health, const CsHealthServer *server, Oid role)
{
	CsHealthOf of = of_server(server);
	Oid	  mapping = cs_settings_is_reader(role) ? read_from(server) : role;
	Trial trial;

	if (cs_mapping_exists(server->oid, mapping))
		return;
	try_mapping(server, mapping, &trial);
	of.role = GetUserNameFromId(role, false);
	if (trial.fault != NULL)
		cs_health_put(health, "mapping", &of, false, CS_HEALTH_NO_VALUE, "%s",
					  trial.fault);
}

/* Without the role that it names, readers get an error. */
static void
put_reader_mapping(CsHealth *health, const CsHealthServer *server)
{
	CsHealthOf of = of_server(server);
	bool	   found = OidIsValid(read_from(server));

	if (cs_option_list_get(server->options, "reader_mapping") == NULL)
		return;
	cs_health_put(health, "reader_mapping", &of, found, CS_HEALTH_NO_VALUE,
				  "%s",
				  found ? "The role that the option names is there."
						: "There is no role of the name that the option has.");
}

/* A server that was forgotten after somebody's work. */
static void
put_switched_off(CsHealth *health, const CsHealthServer *server)
{
	CsHealthOf	of = of_server(server);
	const char *value = cs_option_list_get(server->options, "enabled");
	bool		on;

	if (value != NULL && parse_bool(value, &on) && !on)
		cs_health_put(health, "enabled", &of, false, CS_HEALTH_NO_VALUE,
					  "The option enabled of the server is off.");
}

static void
put_server(CsHealth *health, const CsHealthServer *server, const List *callers,
		   Oid functions_in)
{
	CsHealthOf of = of_server(server);
	List	  *mapped = cs_mapping_holders(server->oid);
	ListCell  *lc;

	put_switched_off(health, server);
	put_ca_file(health, server);
	put_reader_mapping(health, server);
	cs_health_put(health, "mappings", &of, mapped != NIL, list_length(mapped),
				  "%s",
				  mapped != NIL ? "There are user mappings."
								: "There is no user mapping: nobody can ask.");
	foreach(lc, mapped)
		put_mapping(health, server, lfirst_oid(lc), functions_in);
	foreach(lc, callers)
		if (!list_member_oid(mapped, lfirst_oid(lc)) &&
			cs_compat_server_aclcheck(server->oid, lfirst_oid(lc)) ==
				ACLCHECK_OK)
			put_unmapped(health, server, lfirst_oid(lc));
}

/* --- all servers --- */

/* Has the role one of ours?  Superusers have them all, and are left out. */
static bool
asks_or_reads(Form_pg_authid role)
{
	Oid caller = get_role_oid("credscore_caller", true);
	Oid reader = get_role_oid("credscore_reader", true);

	return role->rolcanlogin && !role->rolsuper &&
		   ((OidIsValid(caller) && has_privs_of_role(role->oid, caller)) ||
			(OidIsValid(reader) && has_privs_of_role(role->oid, reader)));
}

/* Roles that may log in and ask, or read. */
static List *
caller_roles(void)
{
	Relation	relation = table_open(AuthIdRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	List	 *roles = NIL;
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_authid form = (Form_pg_authid) GETSTRUCT(tuple);

		if (asks_or_reads(form))
			roles = lappend_oid(roles, form->oid);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return roles;
}

void
cs_health_catalog_put(CsHealth *health, const List *servers, Oid functions_in)
{
	List	 *callers = caller_roles();
	ListCell *lc;

	foreach(lc, servers)
		put_server(health, lfirst(lc), callers, functions_in);
}
