/*-------------------------------------------------------------------------
 * queue_spi.h
 *	  Statements on the queue's table: for the files of this room.
 *------------------------------------------------------------------------- */
#ifndef CS_QUEUE_SPI_H
#define CS_QUEUE_SPI_H

#include "postgres.h"

#include "executor/spi.h"

#include "store/queue.h"

#define CS_QUEUE_MAX_ARGUMENTS 20

/* A statement that is prepared when it first runs. */
typedef struct CsQueueStatement
{
	const char *text;
	int			nargs;
	Oid			types[CS_QUEUE_MAX_ARGUMENTS];
	SPIPlanPtr	plan; /* NULL until then */
} CsQueueStatement;

/*
 * Runs it as the table's owner, between SPI_connect and SPI_finish; returns
 * how many rows it processed.
 */
extern uint64 cs_queue_spi_run(CsQueueStatement *statement, Datum *values,
							   const char *nulls);

/* The status of a name. */
extern CsRowStatus cs_queue_spi_status(const char *name);

#endif /* CS_QUEUE_SPI_H */
