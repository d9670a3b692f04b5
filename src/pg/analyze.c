/*-------------------------------------------------------------------------
 * analyze.c
 *	  Is ANALYZE at work?
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/analyze.h"

#include "nodes/memnodes.h"
#include "utils/memutils.h"

/* What commands/analyze.c of PostgreSQL calls its memory. */
#define ANALYZE_CONTEXT "Analyze"

static bool
lives_below(MemoryContext context)
{
	for (MemoryContext child = context->firstchild; child != NULL;
		 child = child->nextchild)
		if (strcmp(child->name, ANALYZE_CONTEXT) == 0 || lives_below(child))
			return true;
	return false;
}

bool
cs_analyze_is_running(void)
{
	return lives_below(TopMemoryContext);
}
