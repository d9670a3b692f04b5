/*-------------------------------------------------------------------------
 * keep.c
 *	  The ledger is not dropped in passing, and what opens it is logged.
 *
 * DROP EXTENSION takes all that was ever bought with it, and DROP SCHEMA, DROP
 * OWNED and CASCADE lead there, so what counts is not the statement: whatever
 * drops the tables that stay for the ledger's life is refused while they have
 * rows.  A month may go, as it does by the retention, and a trigger may be
 * disabled by who owns the table; the server log says who did it.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/keep.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "pg/guc.h"
#include "store/ledger.h"

static object_access_hook_type prev_access_hook;

static void
refuse(const char *name)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg("cannot drop the ledger of credscore while it has rows"),
		 errdetail(
			 "The table credscore.%s says what was bought, and would go, too.",
			 name),
		 errhint(
			 "Dump it first; SET credscore.drop_ledger = on allows the session to drop it.")));
}

/* A column counts as its table. */
static void
dropping(Oid relation)
{
	char *name = cs_ledger_table(relation);

	if (name == NULL || !cs_ledger_has_rows(relation))
		return;
	if (cs_ledger_stays(name) && !cs_guc_drop_ledger())
		refuse(name);
	ereport(
		LOG,
		(errmsg(
			"credscore: role \"%s\" drops rows of the ledger with table \"%s\"",
			GetUserNameFromId(GetUserId(), false), name)));
}

static void
trigger_altered(Oid trigger)
{
	Oid	  table = cs_ledger_opened_by(trigger);
	char *name = OidIsValid(table) ? cs_ledger_table(table) : NULL;

	if (name == NULL)
		return;
	ereport(
		LOG,
		(errmsg(
			"credscore: role \"%s\" disables a trigger that keeps the rows of table \"%s\" of the ledger",
			GetUserNameFromId(GetUserId(), false), name)));
}

static void
keep(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id,
	 void *arg)
{
	if (prev_access_hook)
		prev_access_hook(access, class_id, object_id, sub_id, arg);
	if (access == OAT_DROP && class_id == RelationRelationId)
		dropping(object_id);
	else if (access == OAT_POST_ALTER && class_id == TriggerRelationId)
		trigger_altered(object_id);
}

void
cs_keep_init(void)
{
	prev_access_hook = object_access_hook;
	object_access_hook = keep;
}
