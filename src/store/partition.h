/*-------------------------------------------------------------------------
 * partition.h
 *	  Looking into the ledger's tables by an index, month by month.
 *
 * A session does so past the privileges that SQL asks for, and without a snapshot:
 * what was committed a moment ago counts, also for a statement that began before.
 *------------------------------------------------------------------------- */
#ifndef CS_PARTITION_H
#define CS_PARTITION_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "utils/relcache.h"

#include "shared/key.h"

/* Columns by which one table is looked into. */
#define CS_PARTITION_KEYS 2

/* A table of months, as this session knows it: static, with its first two members
 * said, all else zero. */
typedef struct CsPartitions
{
	const char *parent; /* its name */
	AttrNumber	keys[CS_PARTITION_KEYS];

	struct CsPartitions *next; /* of those that are known */
	bool				 valid;
	bool				 complete;
	Oid					 oid;
	int					 n;
	struct CsPartition	*all; /* in TopMemoryContext */
} CsPartitions;

/* A row that was found; nothing of it stays. */
typedef void (*CsPartitionTake)(HeapTuple tuple, TupleDesc desc,
								void *argument);

/* What is looked for. */
typedef struct CsPartitionSearch
{
	int			 key;	/* which of the columns, */
	const CsKey *value; /* and what it has to be */
	TimestampTz	 after; /* months that ended then or before are left out */
} CsPartitionSearch;

/* Takes all rows that are there.  Raises 55P03 when a table of it was locked for a
 * second. */
extern void
cs_partition_scan(CsPartitions *partitions, const CsPartitionSearch *search,
				  CsPartitionTake take, void *argument);

/* Opens a table, with a lock that is waited for no longer than that; NULL: it is
 * gone. */
extern Relation cs_partition_open(Oid table);

/* The index of an open table whose first column is this one; InvalidOid: none. */
extern Oid cs_partition_index(Relation table, AttrNumber column);

/* A column of a row that is not NULL. */
extern Datum
cs_partition_column(HeapTuple tuple, TupleDesc desc, AttrNumber column);

#endif /* CS_PARTITION_H */
