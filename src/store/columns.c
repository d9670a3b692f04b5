/*-------------------------------------------------------------------------
 * columns.c
 *	  Many rows as arrays, a column each.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "store/columns.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

const CsColumnType cs_column_text = {TEXTOID, -1, false, TYPALIGN_INT};
const CsColumnType cs_column_time = {TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE};
const CsColumnType cs_column_long = {INT8OID, 8, true, TYPALIGN_DOUBLE};
const CsColumnType cs_column_int = {INT4OID, 4, true, TYPALIGN_INT};
const CsColumnType cs_column_short = {INT2OID, 2, true, TYPALIGN_SHORT};
const CsColumnType cs_column_uuid = {UUIDOID, UUID_LEN, false, TYPALIGN_CHAR};
const CsColumnType cs_column_bytea = {BYTEAOID, -1, false, TYPALIGN_INT};
const CsColumnType cs_column_jsonb = {JSONBOID, -1, false, TYPALIGN_INT};

void
cs_columns_begin(CsColumn *columns, int ncolumns, int nrows)
{
	for (int i = 0; i < ncolumns; i++)
		columns[i] = (CsColumn){.values = palloc(nrows * sizeof(Datum)),
								.nulls = palloc0(nrows * sizeof(bool))};
}

void
cs_columns_put(CsColumn *c, Datum value)
{
	c->values[c->n++] = value;
}

void
cs_columns_put_null(CsColumn *c)
{
	c->nulls[c->n] = true;
	cs_columns_put(c, (Datum) 0);
}

void
cs_columns_put_jsonb(CsColumn *c, const Jsonb *value)
{
	if (value == NULL)
		cs_columns_put_null(c);
	else
		cs_columns_put(c, PointerGetDatum(value));
}

void
cs_columns_put_text(CsColumn *c, const char *text)
{
	if (text == NULL || text[0] == '\0')
		cs_columns_put_null(c);
	else
		cs_columns_put(c, CStringGetTextDatum(text));
}

Datum
cs_columns_key(const CsKey *key)
{
	return UUIDPGetDatum((pg_uuid_t *) unconstify(CsKey *, key));
}

static Datum
array_of(const CsColumn *c, const CsColumnType *type)
{
	int dims[] = {c->n};
	int lbs[] = {1};

	return PointerGetDatum(construct_md_array(c->values, c->nulls, 1, dims,
											  lbs, type->type, type->len,
											  type->byval, type->align));
}

void
cs_columns_arrays(const CsColumn *columns, const CsColumnType *const *types,
				  int ncolumns, Datum *values)
{
	for (int i = 0; i < ncolumns; i++)
		values[i] = array_of(&columns[i], types[i]);
}
