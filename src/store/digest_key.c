/*-------------------------------------------------------------------------
 * digest_key.c
 *	  The database's key, with which digests in its tables are made.
 *
 * The oldest counts: CREATE EXTENSION makes one, and a restore brings that of the
 * former database beside it.  It is read once per statement at most.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/digest_key.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/quick_lock.h"

#define KEY_SCHEMA "credscore"
#define KEY_TABLE  "digest_key"

/* The columns. */
enum
{
	KEY_MADE_AT = 1,
	KEY_BYTES
};

#define KEY_MAX 64

typedef struct DatabaseKey
{
	TimestampTz read_at; /* the statement's start; 0: never */
	TimestampTz made_at;
	size_t		len;
	uint8		bytes[KEY_MAX];
} DatabaseKey;

static DatabaseKey key;

static pg_noinline void
refuse(void)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		 errmsg("this database has no key for the digests of its ledger"),
		 errdetail("The table credscore.digest_key is empty."),
		 errhint(
			 "Restore its row from a dump, or drop and create the extension credscore, which makes one.")));
}

static void
take_older(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	TimestampTz made_at =
		DatumGetTimestampTz(heap_getattr(tuple, KEY_MADE_AT, desc, &isnull));
	bytea *bytes;

	if (key.len > 0 && key.made_at <= made_at)
		return;
	bytes = DatumGetByteaPP(heap_getattr(tuple, KEY_BYTES, desc, &isnull));
	key.made_at = made_at;
	key.len = Min(VARSIZE_ANY_EXHDR(bytes), KEY_MAX);
	memcpy(key.bytes, VARDATA_ANY(bytes), key.len);
}

static void
read_rows(Relation table)
{
	SysScanDesc scan =
		systable_beginscan(table, InvalidOid, false, SnapshotSelf, 0, NULL);
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		take_older(tuple, RelationGetDescr(table));
	systable_endscan(scan);
}

static void
read_key(void)
{
	Oid schema = get_namespace_oid(KEY_SCHEMA, true);
	Oid oid =
		OidIsValid(schema) ? get_relname_relid(KEY_TABLE, schema) : InvalidOid;
	Relation table = OidIsValid(oid) ? cs_quick_lock_table(oid) : NULL;

	key.len = 0;
	if (table != NULL)
	{
		read_rows(table);
		table_close(table, AccessShareLock);
	}
	if (key.len == 0)
		refuse();
	key.read_at = GetCurrentStatementStartTimestamp();
}

static bool
add(pg_hmac_ctx *ctx, const char *part)
{
	uint8 mark = part != NULL;

	if (pg_hmac_update(ctx, &mark, 1) < 0)
		return false;
	return part == NULL ||
		   pg_hmac_update(ctx, (const uint8 *) part, strlen(part) + 1) >= 0;
}

void
cs_digest_key_make(CsKey *digest, const char *const *parts, int nparts)
{
	pg_hmac_ctx *ctx;
	uint8		 whole[PG_SHA256_DIGEST_LENGTH];
	bool		 failed;

	if (key.read_at != GetCurrentStatementStartTimestamp())
		read_key();
	ctx = pg_hmac_create(PG_SHA256);
	failed = ctx == NULL || pg_hmac_init(ctx, key.bytes, key.len) < 0;
	for (int i = 0; i < nparts && !failed; i++)
		failed = !add(ctx, parts[i]);
	failed = failed || pg_hmac_final(ctx, whole, sizeof(whole)) < 0;
	pg_hmac_free(ctx);
	if (failed)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY),
						errmsg("could not make a digest")));
	memcpy(digest->bytes, whole, sizeof(digest->bytes));
}
