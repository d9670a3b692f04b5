/*-------------------------------------------------------------------------
 * quick_lock.c
 *	  Locks to read a relation of ours, which are not waited for long.
 *
 * A session that asks must not hang since somebody has locked a table of ours;
 * and it must not spend, for lack of looking there.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/quick_lock.h"

#include "access/table.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/wakeup.h"

/* It is waited for so long, looking so often. */
#define WAIT_MS 1000
#define LOOK_MS 10

static void
refuse(Oid relation)
{
	const char *name = get_rel_name(relation);

	ereport(
		ERROR,
		(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
		 errmsg("could not look into a table of credscore"),
		 errdetail("Relation \"%s\" was locked for longer than a second.",
				   name != NULL ? name : "?"),
		 errhint(
			 "Nothing was asked or spent.  See who holds it in pg_locks, or wait.")));
}

bool
cs_quick_lock(Oid relation)
{
	CsInstant began = cs_clock_ticks();

	while (!ConditionalLockRelationOid(relation, AccessShareLock))
	{
		if (cs_clock_ticks() - began > WAIT_MS * CS_US_PER_MS)
			refuse(relation);
		CHECK_FOR_INTERRUPTS();
		(void) cs_wakeup_sleep(LOOK_MS, CS_WAIT_EVENT("CredscoreLedgerLock"));
	}
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		return true;
	UnlockRelationOid(relation, AccessShareLock);
	return false;
}

Relation
cs_quick_lock_table(Oid relation)
{
	return cs_quick_lock(relation) ? table_open(relation, NoLock) : NULL;
}
