/*-------------------------------------------------------------------------
 * estimate.c
 *	  An estimate: what a statement asks, counted without a call.
 *
 * Questions are counted by their keys, so that one that is asked by several
 * executions inside a statement counts once: memory answers the others.  All
 * is in the memory context that the estimate was begun in.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/estimate.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "session/permit.h"
#include "session/scope.h"

struct CsEstimate
{
	CsEstimate	 *outer; /* the one that this one runs in */
	HTAB		 *keys;	 /* those that were counted */
	List		 *lines;
	MemoryContext cxt;
	const void	 *estate; /* of the execution that is estimated */
	bool		  hidden;
	bool		  ended;
};

static CsEstimate *running;

CsEstimate *
cs_estimate_begin(void)
{
	CsEstimate *estimate = palloc0(sizeof(CsEstimate));
	HASHCTL		ctl = {.keysize = sizeof(CsKey),
					   .entrysize = sizeof(CsKey),
					   .hcxt = CurrentMemoryContext};

	estimate->cxt = CurrentMemoryContext;
	estimate->keys = hash_create("credscore estimate", 1024, &ctl,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	estimate->outer = running;
	running = estimate;
	return estimate;
}

void
cs_estimate_end(CsEstimate *estimate)
{
	if (!estimate->ended)
		running = estimate->outer;
	estimate->ended = true;
}

bool
cs_estimate_runs(void)
{
	return running != NULL;
}

void
cs_estimate_watch(const void *estate)
{
	running->estate = estate;
}

static void
set_price(CsEstimateLine *line, const CsAsk *ask)
{
	const CsLimits *limits = &ask->settings->limits;

	strlcpy(line->currency, limits->currency, sizeof(line->currency));
	if (ask->endpoint->fee != CS_FEE_NONE)
		line->price = limits->price;
}

static CsEstimateLine *
line_of(const CsAsk *ask)
{
	MemoryContext	old = MemoryContextSwitchTo(running->cxt);
	CsEstimateLine *line;
	ListCell	   *lc;

	foreach(lc, running->lines)
	{
		line = lfirst(lc);
		if (line->endpoint == ask->endpoint->name &&
			strcmp(NameStr(line->server), ask->settings->server_name) == 0)
		{
			MemoryContextSwitchTo(old);
			return line;
		}
	}
	line = palloc0(sizeof(CsEstimateLine));
	namestrcpy(&line->server, ask->settings->server_name);
	line->endpoint = ask->endpoint->name;
	set_price(line, ask);
	running->lines = lappend(running->lines, line);
	MemoryContextSwitchTo(old);
	return line;
}

bool
cs_estimate_count(const CsKey *key, const CsAsk *ask, bool free)
{
	CsEstimateLine *line;
	bool			found;

	if (running == NULL)
		return false;
	if (!cs_scope_is_direct(running->estate))
		running->hidden = true;
	(void) hash_search(running->keys, key, HASH_ENTER, &found);
	if (found)
		return true;
	line = line_of(ask);
	line->questions++;
	line->free += free;
	if (!free && !ask->cached_only && cs_permit_lacks_purpose(ask->settings))
		line->lacks_purpose = true;
	return true;
}

static int
by_name(const ListCell *a, const ListCell *b)
{
	const CsEstimateLine *left = lfirst(a);
	const CsEstimateLine *right = lfirst(b);
	int order = strcmp(NameStr(left->server), NameStr(right->server));

	return order != 0 ? order : strcmp(left->endpoint, right->endpoint);
}

List *
cs_estimate_lines(const CsEstimate *estimate)
{
	List *lines = list_copy(estimate->lines);

	list_sort(lines, by_name);
	return lines;
}

bool
cs_estimate_misses(const CsEstimate *estimate)
{
	ListCell *lc;

	foreach(lc, estimate->lines)
	{
		const CsEstimateLine *line = lfirst(lc);

		if (line->free < line->questions)
			return true;
	}
	return false;
}

bool
cs_estimate_hidden(const CsEstimate *estimate)
{
	return estimate->hidden;
}
