/*-------------------------------------------------------------------------
 * certain.h
 *	  How many rows of a node are certain to be asked for, while it runs.
 *------------------------------------------------------------------------- */
#ifndef CS_CERTAIN_H
#define CS_CERTAIN_H

#include "postgres.h"

#include "nodes/execnodes.h"

/* A Limit above. */
typedef struct CsBound
{
	ExprState *offset;
	ExprState *count;
	int64	   rows; /* -1: unbounded */
} CsBound;

/* What the plan says of the demand from above, and how far a node has got. */
typedef struct CsCertain
{
	bool	 single; /* these six as in CsDemand */
	bool	 expand;
	bool	 probe;
	bool	 beyond;
	bool	 root;
	bool	 stored;
	int		 direct; /* the bound right above; -1: none */
	int		 nbounds;
	CsBound *bounds;
	bool	 known;	  /* the bounds have their rows */
	Oid		 role;	  /* who asks, as the statement starts */
	int64	 pulls;	  /* calls of the node since the rescan */
	int64	 emitted; /* rows handed on since the rescan */
	int64	 emitted_in_run;
	int64	 stored_in_run; /* rows of this run that came from above us */
	int64	 furthest;		/* where the runs that needed us have led */
	uint64	 run_serial;
} CsCertain;

/* Everything is as at first, when the node is run again. */
extern void cs_certain_reset(CsCertain *certain);

/*
 * Evaluates the bounds, unless they are known: Limits may hold parameters.  The
 * bound right above is told to the child, which may be a Sort; so this comes
 * before the child is run again.
 */
extern void cs_certain_evaluate(CsCertain *certain, ExprContext *econtext,
								PlanState *child);

/* How many rows, those read ahead included, are certain to go. */
extern int64 cs_certain_rows(CsCertain *certain, EState *estate);

/* A row has gone. */
extern void cs_certain_emitted(CsCertain *certain);

#endif /* CS_CERTAIN_H */
