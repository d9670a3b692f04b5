/*-------------------------------------------------------------------------
 * partition.c
 *	  Looking into the ledger's tables by an index, month by month.
 *
 * Which months there are is kept as long as nobody attaches or drops one.  A
 * partition's lock is held only while it is looked into, and waited for a second at
 * most: neither a month that is dropped nor LOCK TABLE has a session hang.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/partition.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/wakeup.h"
#include "store/columns.h"
#include "store/month.h"

#define SCHEMA "credscore"

/* A table that is locked is waited for so long, looking so often. */
#define LOCK_WAIT_MS 1000
#define LOCK_LOOK_MS 10

typedef struct CsPartition
{
	Oid			table;
	TimestampTz end;
	bool		opened; /* once: its indexes are known */
	Oid			indexes[CS_PARTITION_KEYS];
} CsPartition;

static CsPartitions *known;

/* --- which months there are --- */

static void
forget(Datum arg, Oid relation)
{
	for (CsPartitions *p = known; p != NULL; p = p->next)
	{
		if (!OidIsValid(relation) || relation == p->oid)
			p->valid = false;
		for (int i = 0; i < p->n; i++)
			if (p->all[i].table == relation)
				p->valid = false;
	}
}

static void
watch(CsPartitions *p)
{
	for (CsPartitions *k = known; k != NULL; k = k->next)
		if (k == p)
			return;
	if (known == NULL)
		CacheRegisterRelcacheCallback(forget, (Datum) 0);
	p->next = known;
	known = p;
}

static void
add(CsPartitions *p, Oid table)
{
	char	   *name = get_rel_name(table);
	TimestampTz end = name != NULL ? cs_month_end(name) : 0;

	if (end != 0)
		p->all[p->n++] = (CsPartition){.table = table, .end = end};
}

static void
know(CsPartitions *p)
{
	Oid		  schema = get_namespace_oid(SCHEMA, true);
	List	 *children;
	ListCell *lc;

	watch(p);
	AcceptInvalidationMessages();
	if (p->valid && p->complete)
		return;
	p->n = 0;
	p->complete = false;
	p->oid =
		OidIsValid(schema) ? get_relname_relid(p->parent, schema) : InvalidOid;
	if (!OidIsValid(p->oid))
		return;
	children = find_inheritance_children(p->oid, NoLock);
	if (p->all != NULL)
		pfree(p->all);
	p->all = NULL;
	p->all = MemoryContextAlloc(TopMemoryContext, (list_length(children) + 1) *
													  sizeof(CsPartition));
	p->valid = true;
	foreach(lc, children)
		add(p, lfirst_oid(lc));
	list_free(children);
	p->complete = true;
}

/* --- opening one --- */

Oid
cs_partition_index(Relation table, AttrNumber column)
{
	Oid		  found = InvalidOid;
	List	 *indexes = RelationGetIndexList(table);
	ListCell *lc;

	foreach(lc, indexes)
	{
		Relation index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisvalid &&
			index->rd_index->indkey.values[0] == column)
			found = RelationGetRelid(index);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

Relation
cs_partition_open(Oid table)
{
	CsInstant began = cs_clock_ticks();

	while (!ConditionalLockRelationOid(table, AccessShareLock))
	{
		if (cs_clock_ticks() - began > LOCK_WAIT_MS * CS_US_PER_MS)
			ereport(
				ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not look into the ledger"),
				 errdetail(
					 "A table of it was locked for longer than a second."),
				 errhint(
					 "Nothing was asked or spent.  See who holds it in pg_locks, or wait.")));
		CHECK_FOR_INTERRUPTS();
		(void) cs_wakeup_sleep(LOCK_LOOK_MS, CS_WAIT_EVENT("CredscoreLedger"));
	}
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table)))
		return table_open(table, NoLock);
	UnlockRelationOid(table, AccessShareLock);
	return NULL;
}

static Oid
index_of(CsPartitions *p, CsPartition *partition, Relation table, int key)
{
	if (!partition->opened)
		for (int i = 0; i < CS_PARTITION_KEYS; i++)
			if (p->keys[i] != InvalidAttrNumber)
				partition->indexes[i] = cs_partition_index(table, p->keys[i]);
	partition->opened = true;
	return partition->indexes[key];
}

/* --- looking --- */

Datum
cs_partition_column(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool isnull;

	return heap_getattr(tuple, column, desc, &isnull);
}

static void
scan_one(CsPartitions *p, CsPartition *partition,
		 const CsPartitionSearch *search, CsPartitionTake take, void *argument)
{
	Oid			oid = partition->table;
	Relation	table = cs_partition_open(oid);
	Oid			index;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (table == NULL)
		return;
	index = index_of(p, partition, table, search->key);
	ScanKeyInit(&key, p->keys[search->key], BTEqualStrategyNumber, F_UUID_EQ,
				cs_columns_key(search->value));
	scan = systable_beginscan(table, index, OidIsValid(index), SnapshotSelf, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		take(tuple, RelationGetDescr(table), argument);
	systable_endscan(scan);
	table_close(table, AccessShareLock);
}

void
cs_partition_scan(CsPartitions *p, const CsPartitionSearch *search,
				  CsPartitionTake take, void *argument)
{
	know(p);
	for (int i = 0; i < p->n; i++)
		if (p->all[i].end > search->after)
			scan_one(p, &p->all[i], search, take, argument);
}
