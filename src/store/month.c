/*-------------------------------------------------------------------------
 * month.c
 *	  The months of the ledger's tables.
 *
 * A partition's name ends with its month: call_log_2026_11.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/month.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "store/queue_spi.h"

#define SUFFIX_LENGTH 7 /* 2026_11 */

void
cs_month_make(const char *parent, TimestampTz at, DateADT *last)
{
	static CsQueueStatement make = {
		.text = "SELECT credscore.make_ledger_partition($1, $2)",
		.nargs = 2,
		.types = {TEXTOID, DATEOID}};
	DateADT day =
		(DateADT) ((at - (at < 0 ? USECS_PER_DAY - 1 : 0)) / USECS_PER_DAY);
	int	  year, month, mday;
	Datum values[2];

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	day -= mday - 1;
	if (day == *last)
		return;
	values[0] = CStringGetTextDatum(parent);
	values[1] = DateADTGetDatum(day);
	cs_queue_spi_run(&make, values, NULL);
	*last = day;
}

TimestampTz
cs_month_end(const char *partition)
{
	size_t		len = strlen(partition);
	const char *at = partition + len - SUFFIX_LENGTH;
	int			year, month;

	if (len < SUFFIX_LENGTH || strspn(at, "0123456789") != 4 || at[4] != '_' ||
		strspn(at + 5, "0123456789") != 2)
		return 0;
	year = atoi(at);
	month = atoi(at + 5);
	if (month < 1 || month > 12)
		return 0;
	return (TimestampTz) (date2j(month == 12 ? year + 1 : year,
								 month == 12 ? 1 : month + 1, 1) -
						  POSTGRES_EPOCH_JDATE) *
		   USECS_PER_DAY;
}
