/*-------------------------------------------------------------------------
 * row.h
 *	  A row of a result under construction; columns come in order.
 *
 * Lives on its maker's stack; values are the current memory context's.  Start
 * with {0}.
 *------------------------------------------------------------------------- */
#ifndef CS_ROW_H
#define CS_ROW_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"

/* The most columns that a function of ours has. */
#define CS_ROW_COLUMNS 40

typedef struct CsRow
{
	int	  n;
	Datum values[CS_ROW_COLUMNS];
	bool  nulls[CS_ROW_COLUMNS];
} CsRow;

extern void cs_row_put(CsRow *row, Datum value, bool isnull);

/* NULL stands for NULL in these three. */
extern void cs_row_pointer(CsRow *row, const void *value);
extern void cs_row_text(CsRow *row, const char *text);
extern void cs_row_text_of(CsRow *row, const char *text, int len);

extern void cs_row_bool(CsRow *row, bool value);
extern void cs_row_int(CsRow *row, int value);
extern void cs_row_count(CsRow *row, uint64 count);

/* 0 stands for NULL. */
extern void cs_row_time(CsRow *row, TimestampTz time);

/* Adds it to the result of a function that called InitMaterializedSRF. */
extern void cs_row_emit(FunctionCallInfo fcinfo, CsRow *row);

#endif /* CS_ROW_H */
