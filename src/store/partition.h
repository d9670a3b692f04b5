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

/* A table of months, as this session knows it: static, with its first three members
 * said, all else zero. */
typedef struct CsPartitions
{
	const char *parent; /* its name */
	AttrNumber	key;	/* the column by which it is looked into, */
	AttrNumber order; /* and that in whose order its index has rows of one key;
						 * 0: in none */

	struct CsPartitions *next; /* of those that are known */
	bool				 valid;
	bool				 complete;
	Oid					 oid;
	int					 n;
	struct CsPartition	*all; /* in TopMemoryContext */
} CsPartitions;

/* A row that was found; nothing of it stays.  True: of this month no further one is
 * wanted; where they come in an order, it is the latest on back. */
typedef bool (*CsPartitionTake)(HeapTuple tuple, TupleDesc desc, bool ordered,
								void *argument);

/* What is looked for. */
typedef struct CsPartitionSearch
{
	const CsKey *value; /* what the key has to be */
	TimestampTz	 after; /* months that ended then or before are left out */
} CsPartitionSearch;

/* Takes all rows that are there.  Raises 55P03 when a table of it was locked for a
 * second. */
extern void
cs_partition_scan(CsPartitions *partitions, const CsPartitionSearch *search,
				  CsPartitionTake take, void *argument);

/*
 * The index of an open table by a column, and by a second one, 0: whichever; it is
 * locked as the table is.  InvalidOid: there is none.
 */
extern Oid
cs_partition_index(Relation table, AttrNumber column, AttrNumber second);

/* A column of a row that is not NULL. */
extern Datum
cs_partition_column(HeapTuple tuple, TupleDesc desc, AttrNumber column);

#endif /* CS_PARTITION_H */
