/*-------------------------------------------------------------------------
 * queue_old.c
 *	  Requests that are over for so long that they leave the queue's table.
 *
 * Rows are looked at in the order of their ids, by the primary key: no index has
 * to tell when they ended.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/queue_old.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "store/queue_spi.h"

static Datum
column(int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number,
						 isnull);
}

/* The one row of the statement; aggregates of no rows are NULL. */
static void
copy_found(CsQueueOld *found)
{
	bool  none;
	bool  isnull;
	Datum next;

	found->n = (int) DatumGetInt64(column(1, &isnull));
	found->last = DatumGetInt64(column(2, &none));
	next = column(3, &isnull);
	found->next = isnull ? DT_NOEND : DatumGetTimestampTz(next);
	found->all_young = none || DatumGetBool(column(4, &isnull));
}

void
cs_queue_old_delete(int64 after, int limit, TimestampTz before,
					CsQueueOld *found)
{
	static CsQueueStatement statement = {
		.text =
			"WITH looked AS MATERIALIZED (SELECT a.id, a.requested_at, a.completed_at "
			"FROM credscore.assessment a WHERE a.id > $1 ORDER BY a.id LIMIT $2), "
			"gone AS (DELETE FROM credscore.assessment d WHERE d.id IN "
			"(SELECT b.id FROM credscore.assessment b WHERE b.id IN "
			"(SELECT l.id FROM looked l WHERE l.completed_at < $3) "
			"AND b.completed_at < $3 FOR UPDATE SKIP LOCKED)) "
			"SELECT count(*), max(l.id), min(l.completed_at) FILTER (WHERE l.completed_at >= $3), "
			"bool_and(l.requested_at >= $3) FROM looked l",
		.nargs = 3,
		.types = {INT8OID, INT4OID, TIMESTAMPTZOID}};
	Datum values[] = {Int64GetDatum(after), Int32GetDatum(limit),
					  TimestampTzGetDatum(before)};

	SPI_connect();
	(void) cs_queue_spi_run(&statement, values, NULL);
	copy_found(found);
	SPI_finish();
}
