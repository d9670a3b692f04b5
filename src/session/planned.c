/*-------------------------------------------------------------------------
 * planned.c
 *	  Answers that came while a statement was planned; see planned.h.
 *
 * A short list, in the transaction's memory.  It holds for one top-level
 * statement: with the extended protocol planning and execution are messages of
 * their own, but no other statement is planned in between.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/planned.h"

#include "access/xact.h"
#include "lib/ilist.h"
#include "utils/memutils.h"

typedef struct Planned
{
	dlist_node	node;
	CsKey		key;
	CsMemoState state;
	uint32		size;
	void	   *bytes;
} Planned;

static dlist_head all = DLIST_STATIC_INIT(all);
static uint64	  statement; /* whose they are */

static void
drop(Planned *planned)
{
	dlist_delete(&planned->node);
	pfree(planned->bytes);
	pfree(planned);
}

static void
drop_those_of_others(void)
{
	uint64			   current = cs_scope_statement();
	dlist_mutable_iter iter;

	if (statement == current)
		return;
	dlist_foreach_modify(iter, &all)
		drop(dlist_container(Planned, node, iter.cur));
	statement = current;
}

/* The memory goes by itself. */
static void
forget_all(XactEvent event, void *arg)
{
	dlist_init(&all);
}

void
cs_planned_init(void)
{
	RegisterXactCallback(forget_all, NULL);
}

void
cs_planned_keep(CsScope *scope, const CsMemoEntry *entry)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Planned		 *planned = palloc(sizeof(Planned));

	drop_those_of_others();
	planned->key = entry->key;
	planned->state = (CsMemoState) entry->state;
	planned->bytes = cs_memo_fetch(scope, entry, &planned->size);
	dlist_push_tail(&all, &planned->node);
	MemoryContextSwitchTo(old);
}

bool
cs_planned_take(CsScope *scope, CsMemoEntry *entry)
{
	dlist_mutable_iter iter;

	if (dlist_is_empty(&all))
		return false;
	drop_those_of_others();
	dlist_foreach_modify(iter, &all)
	{
		Planned *planned = dlist_container(Planned, node, iter.cur);

		if (!cs_key_equal(&planned->key, &entry->key))
			continue;
		cs_memo_store_bytes(scope, entry, planned->state, planned->bytes,
							planned->size);
		/* A planner may evaluate a call several times, the execution is to come. */
		if (!cs_scope_under_planner())
			drop(planned);
		return true;
	}
	return false;
}
