/*-------------------------------------------------------------------------
 * health_ledger.c
 *	  Can rows of the ledger be changed?
 *
 * Which triggers keep them the install script knows, and so it looks.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/health_ledger.h"

#include "executor/spi.h"

/* The tables whose rows can be changed, NULL: none; how many. */
static char *
unguarded_tables(int64 *n)
{
	MemoryContext caller = CurrentMemoryContext;
	char		 *tables;
	bool		  isnull;

	SPI_connect();
	if (SPI_execute("SELECT unguarded, tables FROM credscore.ledger_guard()",
					true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not look at the triggers of the ledger");
	*n = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									 SPI_tuptable->tupdesc, 1, &isnull));
	tables = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);
	if (tables != NULL)
		tables = MemoryContextStrdup(caller, tables);
	SPI_finish();
	return tables;
}

void
cs_health_ledger_put(CsHealth *health)
{
	int64 n;
	char *tables = unguarded_tables(&n);

	if (tables == NULL)
		cs_health_put(health, "ledger", NULL, true, 0,
					  "No row of the ledger can be changed or removed.");
	else
		cs_health_put(health, "ledger", NULL, false, n,
					  "Triggers that keep rows are gone or disabled: %s.",
					  tables);
}
