/*-------------------------------------------------------------------------
 * prefetch.h
 *	  The CustomScan that runs ahead: what the plan's side tells the
 *	  executor's.
 *------------------------------------------------------------------------- */
#ifndef CS_PREFETCH_H
#define CS_PREFETCH_H

#include "postgres.h"

#include "nodes/plannodes.h"

/*
 * How much of a node's input is certain to be asked for, once the node is
 * asked for its first row.
 */
typedef struct CsDemand
{
	bool  single; /* only the row that is being asked for */
	bool  expand; /* one row of ours may give many above: a bound
								 * above says nothing about ours */
	bool  probe;  /* there is a second row only once it is asked for */
	bool  beyond; /* the row that is asked for may not be used: alone, or with
								 * a bound above none is certain */
	bool  root;	  /* ExecutorRun's count bounds us */
	bool  stored; /* of the rows it counts some may have been stored above us,
				   * and come again when a cursor has gone back */
	List *limits; /* Limit nodes above: each bounds us */
} CsDemand;

/*
 * Makes the node: it hands the rows of `child` on, evaluates `tlist` over
 * them, drops those that fail `qual`, and starts the calls in `sites` ahead.
 * All expressions speak of the child's columns as INDEX_VAR.
 */
extern CustomScan *
cs_prefetch_make(Plan *child, List *tlist, List *qual, List *sites,
				 const CsDemand *demand, int plan_node_id);

/* The limit of that number, among the demand's, lies right above: a Sort below
 * may know it. */
extern void cs_prefetch_set_direct(CustomScan *scan, int which_limit);

/*
 * The child is VALUES whose rows call: the sites of row i are those before
 * number ends[i] (integers), and have no columns in their arguments.
 */
extern void cs_prefetch_set_lists(CustomScan *scan, List *ends);

extern void cs_prefetch_init(void);

/* Is it one of ours? */
extern bool cs_prefetch_is(const Plan *plan);

#endif /* CS_PREFETCH_H */
