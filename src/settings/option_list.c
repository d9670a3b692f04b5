/*-------------------------------------------------------------------------
 * option_list.c
 *	  Options as PostgreSQL keeps them: a list of names and values.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/option_list.h"

#include "commands/defrem.h"
#include "nodes/parsenodes.h"

const char *
cs_option_list_get(List *options, const char *name)
{
	ListCell *lc;

	foreach(lc, options)
	{
		DefElem *def = lfirst(lc);

		if (strcmp(def->defname, name) == 0)
			return defGetString(def);
	}
	return NULL;
}
