/*-------------------------------------------------------------------------
 * partition.c
 *	  Looking into the ledger's tables by an index, month by month.
 *
 * Which months there are is kept as long as nobody attaches or drops one.  A
 * partition's lock is held only while it is looked into, see pg/quick_lock.h:
 * neither a month that is dropped nor LOCK TABLE has a session hang.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/partition.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/quick_lock.h"
#include "store/columns.h"
#include "store/month.h"

#define SCHEMA "credscore"

typedef struct CsPartition
{
	Oid			table;
	TimestampTz end;
	bool		opened; /* once: its index is known */
	Oid			index;
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

	/* Of one that somebody has renamed it is not known when it ends. */
	p->all[p->n++] =
		(CsPartition){.table = table, .end = end != 0 ? end : DT_NOEND};
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

static bool
is_by(const FormData_pg_index *index, AttrNumber column, AttrNumber second)
{
	return index->indisvalid && index->indkey.values[0] == column &&
		   (second == InvalidAttrNumber ||
			(index->indnkeyatts > 1 && index->indkey.values[1] == second));
}

Oid
cs_partition_index(Relation table, AttrNumber column, AttrNumber second)
{
	Oid		  found = InvalidOid;
	List	 *indexes = RelationGetIndexList(table);
	ListCell *lc;

	foreach(lc, indexes)
	{
		Oid		 oid = lfirst_oid(lc);
		Relation index;

		if (!cs_quick_lock(oid))
			continue;
		index = index_open(oid, NoLock);
		if (is_by(index->rd_index, column, second))
			found = oid;
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

static Oid
index_of(CsPartitions *p, CsPartition *partition, Relation table)
{
	if (!partition->opened)
		partition->index = cs_partition_index(table, p->key, p->order);
	partition->opened = true;
	return partition->index;
}

/* --- looking --- */

Datum
cs_partition_column(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool isnull;

	return heap_getattr(tuple, column, desc, &isnull);
}

/* By its index, from the latest on back where that has an order. */
static void
scan_index(CsPartitions *p, Relation table, Oid oid, ScanKey key,
		   CsPartitionTake take, void *argument)
{
	Relation	index = index_open(oid, NoLock);
	SysScanDesc scan =
		systable_beginscan_ordered(table, index, SnapshotSelf, 1, key);
	HeapTuple tuple;
	bool	  enough = false;

	while (!enough && HeapTupleIsValid(tuple = systable_getnext_ordered(
										   scan, BackwardScanDirection)))
	{
		CHECK_FOR_INTERRUPTS();
		enough = take(tuple, RelationGetDescr(table),
					  p->order != InvalidAttrNumber, argument);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
}

/* Somebody has dropped its index. */
static void
scan_all(Relation table, ScanKey key, CsPartitionTake take, void *argument)
{
	SysScanDesc scan =
		systable_beginscan(table, InvalidOid, false, SnapshotSelf, 1, key);
	HeapTuple tuple;
	bool	  enough = false;

	while (!enough && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		enough = take(tuple, RelationGetDescr(table), false, argument);
	}
	systable_endscan(scan);
}

static void
scan_one(CsPartitions *p, CsPartition *partition,
		 const CsPartitionSearch *search, CsPartitionTake take, void *argument)
{
	Relation	table = cs_quick_lock_table(partition->table);
	Oid			index;
	ScanKeyData key;

	if (table == NULL)
		return;
	index = index_of(p, partition, table);
	ScanKeyInit(&key, p->key, BTEqualStrategyNumber, F_UUID_EQ,
				cs_columns_key(search->value));
	if (OidIsValid(index) && cs_quick_lock(index))
		scan_index(p, table, index, &key, take, argument);
	else
		scan_all(table, &key, take, argument);
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
