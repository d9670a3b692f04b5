/*-------------------------------------------------------------------------
 * home.c
 *	  Is this database at home here, so that it may buy answers?
 *
 * The table has one row, seldom more: a look reads one page.  It has no index, so
 * that rows that are equal, as `pg_restore -c` makes them, do no harm.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/home.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/life.h"
#include "pg/quick_lock.h"

#define HOME_SCHEMA "credscore"
#define HOME_TABLE	"home"

/* The columns. */
enum
{
	HOME_SYSTEM = 1,
	HOME_DATABASE,
	HOME_LIFE,
	HOME_ADOPTED_AT,
	HOME_NCOLUMNS = HOME_ADOPTED_AT
};

/* InvalidOid: there is no such table. */
static Oid
home_table(void)
{
	Oid schema = get_namespace_oid(HOME_SCHEMA, true);

	return OidIsValid(schema) ? get_relname_relid(HOME_TABLE, schema)
							  : InvalidOid;
}

static bool
is_present_life(const bytea *bytes)
{
	const CsLife *life = cs_life_present();

	return VARSIZE_ANY_EXHDR(bytes) == life->len &&
		   memcmp(VARDATA_ANY(bytes), life->bytes, life->len) == 0;
}

/* The columns are NOT NULL. */
static Datum
column(HeapTuple tuple, TupleDesc desc, int number)
{
	bool isnull;

	return heap_getattr(tuple, number, desc, &isnull);
}

static bool
is_of_here(HeapTuple tuple, TupleDesc desc)
{
	int64 system = DatumGetInt64(column(tuple, desc, HOME_SYSTEM));
	Oid	  database = DatumGetObjectId(column(tuple, desc, HOME_DATABASE));

	return (uint64) system == GetSystemIdentifier() &&
		   database == MyDatabaseId &&
		   is_present_life(DatumGetByteaPP(column(tuple, desc, HOME_LIFE)));
}

static CsHome
look_into(Relation table)
{
	SysScanDesc scan =
		systable_beginscan(table, InvalidOid, false, SnapshotSelf, 0, NULL);
	CsHome	  home = CS_HOME_NOWHERE;
	HeapTuple tuple;

	while (home != CS_HOME_ELSEWHERE &&
		   HeapTupleIsValid(tuple = systable_getnext(scan)))
		home = is_of_here(tuple, RelationGetDescr(table)) ? CS_HOME_HERE
														  : CS_HOME_ELSEWHERE;
	systable_endscan(scan);
	return home;
}

CsHome
cs_home_look(bool waits)
{
	Oid		 oid = home_table();
	Relation table = NULL;
	CsHome	 home;

	if (OidIsValid(oid))
		table = waits ? try_table_open(oid, AccessShareLock)
					  : cs_quick_lock_table(oid);
	if (table == NULL)
		return CS_HOME_NOWHERE;
	home = look_into(table);
	table_close(table, AccessShareLock);
	return home;
}

const char *
cs_home_fault(CsHome home)
{
	switch (home)
	{
		case CS_HOME_HERE:
			break;
		case CS_HOME_NOWHERE:
			return "the table credscore.home does not say where it is at home";
		case CS_HOME_ELSEWHERE:
			return "it was restored or copied, says the table credscore.home";
	}
	return NULL;
}

void
cs_home_digest(pg_uuid_t *digest)
{
	const CsLife	  *life = cs_life_present();
	uint64			   system = GetSystemIdentifier();
	Oid				   table = home_table(); /* another one when restored */
	uint8			   bytes[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) &system, sizeof(system)) <
			0 ||
		pg_cryptohash_update(ctx, (const uint8 *) &MyDatabaseId,
							 sizeof(MyDatabaseId)) < 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) &table, sizeof(table)) < 0 ||
		pg_cryptohash_update(ctx, life->bytes, life->len) < 0 ||
		pg_cryptohash_final(ctx, bytes, sizeof(bytes)) < 0)
		elog(ERROR, "could not make the digest of a home");
	pg_cryptohash_free(ctx);
	memcpy(digest->data, bytes, UUID_LEN);
}

static void
add_row(Relation table)
{
	const CsLife *present = cs_life_present();
	bytea		 *life = palloc(VARHDRSZ + present->len);
	Datum		  values[HOME_NCOLUMNS];
	bool		  nulls[HOME_NCOLUMNS] = {false};

	SET_VARSIZE(life, VARHDRSZ + present->len);
	memcpy(VARDATA(life), present->bytes, present->len);
	values[HOME_SYSTEM - 1] = Int64GetDatum((int64) GetSystemIdentifier());
	values[HOME_DATABASE - 1] = ObjectIdGetDatum(MyDatabaseId);
	values[HOME_LIFE - 1] = PointerGetDatum(life);
	values[HOME_ADOPTED_AT - 1] =
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	simple_heap_insert(
		table, heap_form_tuple(RelationGetDescr(table), values, nulls));
}

/* Nobody else adopts, and no row comes, before this transaction ends. */
int64
cs_home_adopt(void)
{
	Relation	table = table_open(home_table(), ShareRowExclusiveLock);
	SysScanDesc scan =
		systable_beginscan(table, InvalidOid, false, SnapshotSelf, 0, NULL);
	HeapTuple tuple;
	int64	  deleted = 0;
	bool	  present = false;

	/* What this statement itself has written may be deleted, too. */
	CommandCounterIncrement();
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (is_of_here(tuple, RelationGetDescr(table)))
		{
			present = true;
			continue;
		}
		simple_heap_delete(table, &tuple->t_self);
		deleted++;
	}
	systable_endscan(scan);
	if (!present)
		add_row(table);
	table_close(table, NoLock);
	CommandCounterIncrement();
	return deleted;
}
