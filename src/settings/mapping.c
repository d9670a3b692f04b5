/*-------------------------------------------------------------------------
 * mapping.c
 *	  Whose user mapping holds for a role.
 *
 * Looks into the catalogs each time; settings.c keeps what came out until a
 * callback says that it may have changed.  Memory is the caller's context.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/mapping.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_user_mapping.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "pg/compat.h"

static bool
has_own(Oid serverid, Oid role)
{
	return SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(role),
								 ObjectIdGetDatum(serverid));
}

List *
cs_mapping_holders(Oid serverid)
{
	Relation	mappings = table_open(UserMappingRelationId, AccessShareLock);
	SysScanDesc scan =
		systable_beginscan(mappings, InvalidOid, false, NULL, 0, NULL);
	List	 *holders = NIL;
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_user_mapping form = (Form_pg_user_mapping) GETSTRUCT(tuple);

		if (form->umserver == serverid)
			holders = lappend_oid(holders, form->umuser);
	}
	systable_endscan(scan);
	table_close(mappings, AccessShareLock);
	return holders;
}

/* Those whose mappings for the server the role inherits, as a list of OIDs. */
static List *
inherited(Oid serverid, Oid role)
{
	List	 *holders = NIL;
	ListCell *lc;

	foreach(lc, cs_mapping_holders(serverid))
		if (OidIsValid(lfirst_oid(lc)) &&
			has_privs_of_role(role, lfirst_oid(lc)))
			holders = lappend_oid(holders, lfirst_oid(lc));
	return holders;
}

/* Whose mappings hold: none, one, or too many. */
static List *
holders_of(Oid serverid, Oid role)
{
	List *holders = NIL;

	if (OidIsValid(role) && has_own(serverid, role))
		return list_make1_oid(role);
	if (OidIsValid(role) && !superuser_arg(role))
		holders = inherited(serverid, role);
	if (holders == NIL && has_own(serverid, ACL_ID_PUBLIC))
		holders = list_make1_oid(ACL_ID_PUBLIC);
	return holders;
}

/* In the order of their names, so that an error reads the same each time. */
static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static char *
quoted_names(List *roles)
{
	List		  *names = NIL;
	StringInfoData text;
	ListCell	  *lc;

	foreach(lc, roles)
		names = lappend(names, GetUserNameFromId(lfirst_oid(lc), false));
	list_sort(names, by_name);
	initStringInfo(&text);
	foreach(lc, names)
	{
		int at = foreach_current_index(lc);

		appendStringInfo(&text, "%s\"%s\"",
						 at == 0					   ? ""
						 : at < list_length(names) - 1 ? ", "
													   : " and ",
						 (char *) lfirst(lc));
	}
	return text.data;
}

static void
refuse_several(const ForeignServer *server, Oid role, List *holders)
{
	const char *name = GetUserNameFromId(role, false);

	ereport(
		ERROR,
		(errcode(ERRCODE_DUPLICATE_OBJECT),
		 errmsg("more than one user mapping holds for \"%s\" at server \"%s\"",
				name, server->servername),
		 errdetail("It inherits from %s, which have one each.",
				   quoted_names(holders)),
		 errhint(
			 "Create a user mapping for %s itself, or let it inherit from one of them only.",
			 quote_identifier(name))));
}

static const char *
command_for(Oid holder, const char *server_name)
{
	return psprintf("ALTER USER MAPPING FOR %s SERVER %s",
					OidIsValid(holder)
						? quote_identifier(GetUserNameFromId(holder, false))
						: "PUBLIC",
					quote_identifier(server_name));
}

/* As the view pg_user_mappings has it. */
static bool
sees_options(Oid role, const ForeignServer *server, Oid holder)
{
	if (superuser_arg(role))
		return true;
	if (OidIsValid(holder) && holder != role)
		return false;
	return has_privs_of_role(role, server->owner) ||
		   (OidIsValid(holder) &&
			cs_compat_server_aclcheck(server->serverid, role) == ACLCHECK_OK);
}

CsMapping
cs_mapping_get(const ForeignServer *server, Oid role)
{
	List	 *holders = holders_of(server->serverid, role);
	CsMapping mapping;

	if (list_length(holders) > 1)
		refuse_several(server, role, holders);
	mapping.holder = holders != NIL ? linitial_oid(holders) : role;

	/* Where there is none, PostgreSQL says so. */
	mapping.options =
		GetUserMapping(mapping.holder, server->serverid)->options;
	mapping.command = command_for(mapping.holder, server->servername);

	/* A function that runs as its owner may be somebody else's to call. */
	mapping.shown = sees_options(GetUserId(), server, mapping.holder) &&
					sees_options(GetSessionUserId(), server, mapping.holder);
	return mapping;
}

bool
cs_mapping_exists(Oid serverid, Oid role)
{
	return list_length(holders_of(serverid, role)) == 1;
}

void
cs_mapping_watch(SyscacheCallbackFunction changed)
{
	/* The role's superuser and INHERIT are in AUTHOID, pg_database_owner's only
	 * member in DATABASEOID. */
	static const int caches[] = {USERMAPPINGOID, AUTHMEMROLEMEM, AUTHOID,
								 DATABASEOID};

	for (size_t i = 0; i < lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], changed, (Datum) 0);
}
