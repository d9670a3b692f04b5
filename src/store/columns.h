/*-------------------------------------------------------------------------
 * columns.h
 *	  Many rows as arrays, a column each, as INSERT ... SELECT FROM unnest() takes
 *	  them.  In the current memory context.
 *------------------------------------------------------------------------- */
#ifndef CS_COLUMNS_H
#define CS_COLUMNS_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "shared/key.h"

/* How a type's values lie in an array. */
typedef struct CsColumnType
{
	Oid	 type;
	int	 len;
	bool byval;
	char align;
} CsColumnType;

extern const CsColumnType cs_column_text;
extern const CsColumnType cs_column_time;
extern const CsColumnType cs_column_long;
extern const CsColumnType cs_column_int;
extern const CsColumnType cs_column_short;
extern const CsColumnType cs_column_uuid;
extern const CsColumnType cs_column_bytea;
extern const CsColumnType cs_column_jsonb;

/* One column, as it is being filled. */
typedef struct CsColumn
{
	int	   n;
	Datum *values;
	bool  *nulls;
} CsColumn;

/* Makes room for so many rows. */
extern void cs_columns_begin(CsColumn *columns, int ncolumns, int nrows);
extern void cs_columns_put(CsColumn *column, Datum value);
extern void cs_columns_put_null(CsColumn *column);

/* An empty text is none. */
extern void cs_columns_put_text(CsColumn *column, const char *text);

/* NULL is NULL. */
extern void cs_columns_put_jsonb(CsColumn *column, const Jsonb *value);

/* A digest as the uuid that tables have it as; it points to the key. */
extern Datum cs_columns_key(const CsKey *key);

/* All of them, as the arguments of a statement. */
extern void
cs_columns_arrays(const CsColumn *columns, const CsColumnType *const *types,
				  int ncolumns, Datum *values);

#endif /* CS_COLUMNS_H */
