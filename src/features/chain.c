/*-------------------------------------------------------------------------
 * chain.c
 *	  Balances that follow from each other; see chain.h.
 *
 * Balances are the nodes of a graph, and each row is an edge from the balance
 * before it to the balance after it.  An order in which the rows chain is a
 * path that uses each edge once.  Whether there is one is seen by counting
 * edges at the nodes, and Hierholzer's algorithm finds it: work grows as that
 * of sorting the rows, however many are of one time.  Of the edges that leave a
 * node the first in the present order is used first, so that rows which chain
 * as they stand stay.
 *
 * Where messages are read, of which some tell no balance, a row without one is
 * put where it bridges a gap between two others; where it bridges none it stands
 * behind those that chain.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/chain.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* Among more rows of one time gaps are not bridged. */
#define BRIDGE_MAX 32

/* --- amounts --- */

static bool
is_equal(CsAmount a, CsAmount b)
{
	return cs_amount_compare(a, b) == 0;
}

/* What a row adds to the balance; requests move nothing. */
static CsAmount
net_of(const CsTransactionRow *row)
{
	return row->class == CS_MPESA_NOTHING
			   ? cs_amount_zero
			   : cs_amount_subtract(row->received, row->sent);
}

static CsAmount
before(const CsTransactionRow *row)
{
	return cs_amount_subtract(row->balance, net_of(row));
}

/* Has every row what a chain is made of? */
static bool
can_chain(const CsTransactionRow *rows, int nrows)
{
	for (int i = 0; i < nrows; i++)
		if (!rows[i].has_amounts || !rows[i].has_balance)
			return false;
	return true;
}

/* Do they chain as they stand? */
static bool
is_chained(const CsTransactionRow *rows, int nrows)
{
	for (int i = 1; i < nrows; i++)
		if (!is_equal(before(&rows[i]), rows[i - 1].balance))
			return false;
	return true;
}

/* Do they chain as they stand, and from the balance before if it is known? */
static bool
is_in_order(const CsChain *chain, const CsTransactionRow *rows, int nrows)
{
	return is_chained(rows, nrows) &&
		   (!chain->known || is_equal(before(&rows[0]), chain->balance));
}

/* --- paths --- */

typedef struct Graph
{
	int		  nrows;
	CsAmount *nodes; /* different balances, ascending */
	int		  nnodes;
	int		 *from; /* of each row, the node */
	int		 *to;
	int		 *first; /* of each node, where its edges begin in edges */
	int		 *edges; /* rows, by the node that they leave */
	int *surplus;	 /* of each node, edges that leave less those that come */
} Graph;

static int
compare_amounts(const void *left, const void *right)
{
	return cs_amount_compare(*(const CsAmount *) left,
							 *(const CsAmount *) right);
}

static int
find_node(const Graph *graph, CsAmount balance)
{
	CsAmount *node = bsearch(&balance, graph->nodes, graph->nnodes,
							 sizeof(CsAmount), compare_amounts);

	return node != NULL ? (int) (node - graph->nodes) : -1;
}

static void
add_nodes(Graph *graph, const CsTransactionRow *rows)
{
	CsAmount *nodes = palloc_extended(
		sizeof(CsAmount) * 2 * (Size) graph->nrows, MCXT_ALLOC_HUGE);
	int n = 0;

	for (int i = 0; i < graph->nrows; i++)
	{
		nodes[2 * i] = before(&rows[i]);
		nodes[2 * i + 1] = rows[i].balance;
	}
	qsort(nodes, 2 * (Size) graph->nrows, sizeof(CsAmount), compare_amounts);
	for (int i = 0; i < 2 * graph->nrows; i++)
		if (n == 0 || !is_equal(nodes[n - 1], nodes[i]))
			nodes[n++] = nodes[i];
	graph->nodes = nodes;
	graph->nnodes = n;
}

static int *
numbers(int n)
{
	return palloc_extended(sizeof(int) * ((Size) n + 1),
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
add_edges(Graph *graph, const CsTransactionRow *rows)
{
	int *next = numbers(graph->nnodes);

	graph->from = numbers(graph->nrows);
	graph->to = numbers(graph->nrows);
	graph->edges = numbers(graph->nrows);
	graph->first = numbers(graph->nnodes);
	graph->surplus = numbers(graph->nnodes);
	for (int i = 0; i < graph->nrows; i++)
	{
		graph->from[i] = find_node(graph, before(&rows[i]));
		graph->to[i] = find_node(graph, rows[i].balance);
		graph->first[graph->from[i] + 1]++;
		graph->surplus[graph->from[i]]++;
		graph->surplus[graph->to[i]]--;
	}
	for (int i = 0; i < graph->nnodes; i++)
		graph->first[i + 1] += graph->first[i];
	memcpy(next, graph->first, sizeof(int) * (Size) graph->nnodes);
	for (int i = 0; i < graph->nrows; i++)
		graph->edges[next[graph->from[i]]++] = i;
}

/*
 * Where a path over all edges begins: at the node that more edges leave than
 * come to, if there is such a one, else anywhere; -1: there is no such path.
 */
static int
find_start(const Graph *graph, const CsChain *chain)
{
	int start = -1;
	int uneven = 0;

	for (int i = 0; i < graph->nnodes; i++)
	{
		if (graph->surplus[i] == 1)
			start = i;
		uneven += abs(graph->surplus[i]);
	}
	if (uneven > 0)
		return uneven == 2 ? start : -1;
	start = chain->known ? find_node(graph, chain->balance) : -1;
	return start >= 0 ? start : graph->from[0];
}

/*
 * Writes the rows of a path from a node, the last one first; how many it has,
 * which are all if there is a path over all.
 */
static int
walk(const Graph *graph, int start, int *path)
{
	int *used = numbers(graph->nnodes);
	int *rows = numbers(graph->nrows); /* the way to the present node */
	int	 depth = 0;
	int	 n = 0;
	int	 node = start;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (graph->first[node] + used[node] < graph->first[node + 1])
		{
			int row = graph->edges[graph->first[node] + used[node]++];

			rows[depth++] = row;
			node = graph->to[row];
		}
		else if (depth > 0)
		{
			int row = rows[--depth];

			path[n++] = row;
			node = graph->from[row];
		}
		else
			return n;
	}
}

/* Puts the rows in the order of a path; false: they have none. */
static bool
follow_path(const CsChain *chain, CsTransactionRow *rows, int nrows)
{
	Graph			  graph = {.nrows = nrows};
	int				 *path = numbers(nrows);
	CsTransactionRow *ordered;
	int				  start;

	add_nodes(&graph, rows);
	add_edges(&graph, rows);
	start = find_start(&graph, chain);
	if (start < 0 || walk(&graph, start, path) < nrows)
		return false;
	ordered = palloc_extended(sizeof(CsTransactionRow) * (Size) nrows,
							  MCXT_ALLOC_HUGE);
	for (int i = 0; i < nrows; i++)
		ordered[i] = rows[path[nrows - 1 - i]];
	memcpy(rows, ordered, sizeof(CsTransactionRow) * (Size) nrows);
	return true;
}

/* The same in memory of its own. */
static bool
find_order(const CsChain *chain, CsTransactionRow *rows, int nrows)
{
	MemoryContext own = AllocSetContextCreate(
		CurrentMemoryContext, "credscore chain", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(own);
	bool		  found = follow_path(chain, rows, nrows);

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(own);
	return found;
}

/* --- rows without balance --- */

/* Balances that no row goes on from, or comes to; each as often as that is. */
typedef struct Loose
{
	CsAmount ends[BRIDGE_MAX + 1];
	int		 nends;
	CsAmount starts[BRIDGE_MAX];
	int		 nstarts;
} Loose;

/* Takes one out; false: it is not among them. */
static bool
take_out(CsAmount *amounts, int *n, CsAmount amount)
{
	for (int i = 0; i < *n; i++)
		if (is_equal(amounts[i], amount))
		{
			amounts[i] = amounts[--*n];
			return true;
		}
	return false;
}

static void
find_loose(const CsChain *chain, const CsTransactionRow *rows, int nrows,
		   Loose *loose)
{
	loose->nends = loose->nstarts = 0;
	if (chain->known)
		loose->ends[loose->nends++] = chain->balance;
	for (int i = 0; i < nrows; i++)
		if (rows[i].has_balance)
			loose->ends[loose->nends++] = rows[i].balance;
	for (int i = 0; i < nrows; i++)
		if (rows[i].has_balance &&
			!take_out(loose->ends, &loose->nends, before(&rows[i])))
			loose->starts[loose->nstarts++] = before(&rows[i]);
}

/* Gives a row the balance that others go on from; false: it bridges no gap. */
static bool
bridge(CsTransactionRow *row, Loose *loose)
{
	for (int i = 0; i < loose->nends; i++)
	{
		CsAmount after = cs_amount_add(loose->ends[i], net_of(row));

		if (!take_out(loose->starts, &loose->nstarts, after))
			continue;
		loose->ends[i] = loose->ends[--loose->nends];
		row->balance = after;
		return true;
	}
	return false;
}

/* Those with a balance first, each in its order; how many they are. */
static int
put_first(const CsTransactionRow *rows, int nrows, const bool *bridges,
		  CsTransactionRow *sorted)
{
	int nfirst = 0;
	int n;

	for (int i = 0; i < nrows; i++)
		if (rows[i].has_balance || bridges[i])
			sorted[nfirst++] = rows[i];
	n = nfirst;
	for (int i = 0; i < nrows; i++)
		if (!rows[i].has_balance && !bridges[i])
			sorted[n++] = rows[i];
	return nfirst;
}

/* Puts rows in order that have amounts, and do not all have a balance. */
static void
order_with_gaps(const CsChain *chain, CsTransactionRow *rows, int nrows)
{
	CsTransactionRow sorted[BRIDGE_MAX];
	bool			 bridges[BRIDGE_MAX];
	Loose			 loose;
	bool			 bridged = false;
	int				 nfirst;

	find_loose(chain, rows, nrows, &loose);
	for (int i = 0; i < nrows; i++)
	{
		bridges[i] = !rows[i].has_balance && bridge(&rows[i], &loose);
		bridged |= bridges[i];
	}
	nfirst = put_first(rows, nrows, bridges, sorted);
	if (nfirst == 0 || (!bridged && is_in_order(chain, sorted, nfirst)) ||
		!find_order(chain, sorted, nfirst))
		return;
	memcpy(rows, sorted, sizeof(CsTransactionRow) * nrows);
}

/* Has every row an amount, and are there few enough? */
static bool
can_bridge(const CsTransactionRow *rows, int nrows)
{
	for (int i = 0; i < nrows; i++)
		if (!rows[i].has_amounts)
			return false;
	return nrows <= BRIDGE_MAX;
}

static void
order_rows(const CsChain *chain, CsTransactionRow *rows, int nrows)
{
	if (can_chain(rows, nrows))
	{
		if (!is_in_order(chain, rows, nrows))
			(void) find_order(chain, rows, nrows);
	}
	else if (chain->bridges && can_bridge(rows, nrows))
		order_with_gaps(chain, rows, nrows);
}

/* --- rows that do not all chain --- */

/* Adds the rows' amounts. */
static void
add_amounts(CsChain *chain, const CsTransactionRow *rows, int nrows)
{
	for (int i = 0; i < nrows && chain->known; i++)
	{
		if (!rows[i].has_amounts)
			chain->known = false;
		else
			chain->balance = cs_amount_add(chain->balance, net_of(&rows[i]));
	}
}

/* The row with the balance after all of the rows; NULL: none shows any. */
static const CsTransactionRow *
resulting_row(const CsChain *chain, const CsTransactionRow *rows, int nrows)
{
	const CsTransactionRow *result = NULL;

	for (int i = 0; i < nrows; i++)
	{
		if (!rows[i].has_balance)
			continue;
		result = &rows[i];
		if (chain->known && is_equal(rows[i].balance, chain->balance))
			break;
	}
	return result;
}

bool
cs_chain_order(CsChain *chain, CsTransactionRow *rows, int nrows)
{
	bool					known = chain->known;
	bool					follows;
	const CsTransactionRow *result;

	if (nrows > 1)
		order_rows(chain, rows, nrows);
	add_amounts(chain, rows, nrows);
	result = resulting_row(chain, rows, nrows);
	chain->shown = result != NULL;
	if (result == NULL)
		return known && chain->known;
	follows = chain->known && is_equal(result->balance, chain->balance);
	chain->known = true;
	chain->balance = result->balance;
	return follows;
}
