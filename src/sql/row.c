/*-------------------------------------------------------------------------
 * row.c
 *	  A row of a result under construction; columns come in order.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "sql/row.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

void
cs_row_put(CsRow *row, Datum value, bool isnull)
{
	Assert(row->n < CS_ROW_COLUMNS);
	row->values[row->n] = value;
	row->nulls[row->n] = isnull;
	row->n++;
}

void
cs_row_pointer(CsRow *row, const void *value)
{
	cs_row_put(row, PointerGetDatum(value), value == NULL);
}

void
cs_row_text(CsRow *row, const char *text)
{
	cs_row_pointer(row, text == NULL ? NULL : cstring_to_text(text));
}

void
cs_row_text_of(CsRow *row, const char *text, int len)
{
	cs_row_pointer(row,
				   text == NULL ? NULL : cstring_to_text_with_len(text, len));
}

void
cs_row_bool(CsRow *row, bool value)
{
	cs_row_put(row, BoolGetDatum(value), false);
}

void
cs_row_int(CsRow *row, int value)
{
	cs_row_put(row, Int32GetDatum(value), false);
}

void
cs_row_count(CsRow *row, uint64 count)
{
	cs_row_put(row, Int64GetDatum((int64) count), false);
}

void
cs_row_time(CsRow *row, TimestampTz time)
{
	cs_row_put(row, TimestampTzGetDatum(time), time == 0);
}

void
cs_row_emit(FunctionCallInfo fcinfo, CsRow *row)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	Assert(row->n == rsinfo->setDesc->natts);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values,
						 row->nulls);
}
