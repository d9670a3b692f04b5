/*-------------------------------------------------------------------------
 * month.h
 *	  The months of the ledger's tables.
 *------------------------------------------------------------------------- */
#ifndef CS_MONTH_H
#define CS_MONTH_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/date.h"

/*
 * Makes the partition of a time, a month of UTC, where it is not there; between
 * SPI_connect and SPI_finish.  *last is the month that was made last, at first
 * DATEVAL_NOBEGIN.
 */
extern void cs_month_make(const char *parent, TimestampTz at, DateADT *last);

/* The end of the month whose partition has a name; 0: it is none. */
extern TimestampTz cs_month_end(const char *partition);

#endif /* CS_MONTH_H */
