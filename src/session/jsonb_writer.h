/*-------------------------------------------------------------------------
 * jsonb_writer.h
 *	  Writes a jsonb from front to back, byte for byte as PostgreSQL would.
 *
 * PostgreSQL makes a jsonb of a tree of JsonbValues, which for an answer that
 * has a tree already, with its members in order, costs more than reading it.
 * The format is that of utils/jsonb.h, which tables hold and which stays.
 *
 * Memory is that of the StringInfo.  What is larger than a jsonb may be raises
 * an error, as in PostgreSQL.
 *------------------------------------------------------------------------- */
#ifndef CS_JSONB_WRITER_H
#define CS_JSONB_WRITER_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* A container that is being written. */
typedef struct CsJsonbContainer
{
	int	   start;	/* with what aligns it */
	int	   entries; /* where the first of its entries lies */
	uint32 written; /* so many of them */
	uint32 total;	/* bytes that they stand for */
} CsJsonbContainer;

/* Begins a jsonb; cs_jsonb_writer_end has it. */
extern void	  cs_jsonb_writer_begin(StringInfo buf);
extern Jsonb *cs_jsonb_writer_end(StringInfo buf);

/*
 * Begins a container: an array has an entry for each element, an object first
 * one for each key, in the order of jsonb and each once, and then one for each
 * value in the same order.  The kind is JB_FARRAY or JB_FOBJECT.
 */
extern void cs_jsonb_writer_open(StringInfo buf, CsJsonbContainer *container,
								 uint32 kind, size_t count);

/* Adds the entry of what was just written. */
extern void
cs_jsonb_writer_add(StringInfo buf, CsJsonbContainer *container, JEntry entry);

/* Its own entry in the container around it. */
extern JEntry
cs_jsonb_writer_close(StringInfo buf, const CsJsonbContainer *container);

/* Scalars; what needs no bytes is its entry alone (JENTRY_ISNULL, ...). */
extern JEntry cs_jsonb_writer_text(StringInfo buf, const char *text, int len);
extern JEntry cs_jsonb_writer_numeric(StringInfo buf, Numeric number);

#endif /* CS_JSONB_WRITER_H */
