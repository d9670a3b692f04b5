/*-------------------------------------------------------------------------
 * ledger.c
 *	  The tables of the ledger: what is said of a bill, and what they are.
 *
 * They are known by their schema and the beginning of their names, which nothing
 * else there has.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/ledger.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "store/columns.h"
#include "store/queue_spi.h"

#define LEDGER_SCHEMA "credscore"
#define LEDGER_PREFIX "call_"
#define LEDGER_KEY	  "digest_key"

uint64
cs_ledger_resolve(const pg_uuid_t *request, const CsLedgerWord *word)
{
	static CsQueueStatement statement = {
		.text =
			"INSERT INTO credscore.call_correction "
			"(made_at, made_by, request_id, attempt, billed, word, note) "
			"SELECT pg_catalog.clock_timestamp(), $2, l.request_id, l.attempt, $3, $4, $5 "
			"FROM credscore.call_log l "
			"WHERE l.request_id = $1 AND l.source = 'call' AND l.billed = 'unknown' "
			"ON CONFLICT (request_id, attempt) DO NOTHING",
		.nargs = 5,
		.types = {UUIDOID, NAMEOID, TEXTOID, TEXTOID, TEXTOID}};
	Datum  values[] = {UUIDPGetDatum(request),
					   DirectFunctionCall1(namein, CStringGetDatum(word->by)),
					   CStringGetTextDatum(word->billed),
					   CStringGetTextDatum(word->word),
					   CStringGetTextDatum(word->note)};
	uint64 said;

	SPI_connect();
	said = cs_queue_spi_run(&statement, values, NULL);
	SPI_finish();
	return said;
}

void
cs_ledger_lock_holds(void)
{
	Oid schema = get_namespace_oid(LEDGER_SCHEMA, false);

	LockRelationOid(get_relname_relid("legal_hold", schema), ShareLock);
}

char *
cs_ledger_hold(Datum forms)
{
	static CsQueueStatement look = {
		.text = "SELECT h.reason FROM credscore.legal_hold h "
				"WHERE h.forms OPERATOR(pg_catalog.&&) $1 "
				"ORDER BY h.placed_at LIMIT 1",
		.nargs = 1,
		.types = {TEXTARRAYOID}};
	MemoryContext caller = CurrentMemoryContext;
	char		 *reason = NULL;

	SPI_connect();
	if (cs_queue_spi_run(&look, &forms, NULL) > 0)
		reason = MemoryContextStrdup(
			caller,
			SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return reason;
}

void
cs_ledger_forgot(const CsKey *subject, const char *by, uint64 answers,
				 uint64 requests)
{
	static CsQueueStatement insert = {
		.text =
			"INSERT INTO credscore.call_forgotten (forgotten_at, forgotten_by, subject, answers, requests) "
			"VALUES (pg_catalog.clock_timestamp(), $1, $2, $3, $4)",
		.nargs = 4,
		.types = {NAMEOID, UUIDOID, INT8OID, INT8OID}};
	Datum values[] = {DirectFunctionCall1(namein, CStringGetDatum(by)),
					  cs_columns_key(subject), Int64GetDatum((int64) answers),
					  Int64GetDatum((int64) requests)};

	SPI_connect();
	cs_queue_spi_run(&insert, values, NULL);
	SPI_finish();
}

char *
cs_ledger_table(Oid relation)
{
	Oid	  schema = get_namespace_oid(LEDGER_SCHEMA, true);
	char *name;

	if (!OidIsValid(schema) || get_rel_namespace(relation) != schema ||
		get_rel_relkind(relation) == RELKIND_INDEX)
		return NULL;
	name = get_rel_name(relation);
	if (strncmp(name, LEDGER_PREFIX, strlen(LEDGER_PREFIX)) == 0 ||
		strcmp(name, LEDGER_KEY) == 0)
		return name;
	pfree(name);
	return NULL;
}

bool
cs_ledger_has_rows(Oid relation)
{
	Relation	table;
	SysScanDesc scan;
	bool		found;

	if (get_rel_relkind(relation) != RELKIND_RELATION)
		return false;
	table = table_open(relation, NoLock);
	scan = systable_beginscan(table, InvalidOid, false, SnapshotSelf, 0, NULL);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(table, NoLock);
	return found;
}

bool
cs_ledger_stays(const char *name)
{
	return strcmp(name, "call_context") == 0 ||
		   strcmp(name, "call_correction") == 0;
}

/* As the trigger is now, also when the present command has changed it. */
Oid
cs_ledger_opened_by(Oid trigger)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			table = InvalidOid;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(triggers, TriggerOidIndexId, true, SnapshotSelf,
							  1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		if (!form->tgisinternal && form->tgenabled != TRIGGER_FIRES_ALWAYS)
			table = form->tgrelid;
	}
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
	return table;
}
