/*-------------------------------------------------------------------------
 * queue_adopt.c
 *	  Open requests of another place: what credscore_adopt() makes of them.
 *
 * One statement each, however many rows there are.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/queue_adopt.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "store/home.h"
#include "store/queue_spi.h"

static Datum
here(void)
{
	pg_uuid_t *digest = palloc(sizeof(*digest));

	cs_home_digest(digest);
	return UUIDPGetDatum(digest);
}

static Datum
texts_of(Datum *values, int n)
{
	return PointerGetDatum(
		construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static int64
run(CsQueueStatement *statement, Datum *values)
{
	uint64 n;

	SPI_connect();
	n = cs_queue_spi_run(statement, values, NULL);
	SPI_finish();
	return (int64) n;
}

int64
cs_queue_adopt_end(const CsQueueEnd *ends, int n)
{
	static CsQueueStatement end = {
		.text =
			"UPDATE credscore.assessment a SET status = e.status, completed_at = pg_catalog.now(), "
			"error = pg_catalog.jsonb_set(pg_catalog.jsonb_set(e.report, "
			"'{error,server}', pg_catalog.to_jsonb(a.server)), "
			"'{error,attempts}', pg_catalog.to_jsonb(a.attempts)) "
			"FROM unnest($2, $3, $4, $5) AS e (kind, was, status, report) "
			"WHERE a.completed_at IS NULL AND a.home <> $1 AND a.kind = e.kind AND a.status = e.was",
		.nargs = 5,
		.types = {UUIDOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
				  JSONBARRAYOID}};
	Datum *kinds = palloc(n * sizeof(Datum));
	Datum *from = palloc(n * sizeof(Datum));
	Datum *to = palloc(n * sizeof(Datum));
	Datum *reports = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		kinds[i] = CStringGetTextDatum(ends[i].kind);
		from[i] = CStringGetTextDatum(cs_queue_status_name(ends[i].from));
		to[i] = CStringGetTextDatum(cs_queue_status_name(ends[i].to));
		reports[i] = JsonbPGetDatum(ends[i].report);
	}
	return run(&end,
			   (Datum[]){here(), texts_of(kinds, n), texts_of(from, n),
						 texts_of(to, n),
						 PointerGetDatum(construct_array(
							 reports, n, JSONBOID, -1, false, TYPALIGN_INT))});
}

int64
cs_queue_adopt_take(void)
{
	static CsQueueStatement take = {
		.text = "UPDATE credscore.assessment SET home = $1, asked_in = NULL "
				"WHERE completed_at IS NULL AND home <> $1",
		.nargs = 1,
		.types = {UUIDOID}};

	return run(&take, (Datum[]){here()});
}

char *
cs_queue_adopt_subscription(void)
{
	static CsQueueStatement look = {
		.text =
			"SELECT s.subname FROM pg_catalog.pg_subscription s "
			"JOIN pg_catalog.pg_subscription_rel r ON r.srsubid = s.oid "
			"WHERE r.srrelid IN ('credscore.assessment'::pg_catalog.regclass, 'credscore.home'::pg_catalog.regclass) "
			"ORDER BY 1 LIMIT 1",
		.nargs = 0};
	MemoryContext caller = CurrentMemoryContext;
	char		 *name = NULL;

	SPI_connect();
	if (cs_queue_spi_run(&look, NULL, NULL) > 0)
		name = MemoryContextStrdup(
			caller,
			SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return name;
}
