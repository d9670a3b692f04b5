/*-------------------------------------------------------------------------
 * options.h
 *	  The options of foreign servers and user mappings.
 *------------------------------------------------------------------------- */
#ifndef CS_OPTIONS_H
#define CS_OPTIONS_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "provider/registry.h"
#include "shared/account.h"

/* The provider of that name; raises HV024 when there is none. */
extern const CsProvider *cs_options_provider(const char *value);

/* The limits that a server's options set, defaults filled in. */
extern void cs_options_limits(CsLimits *limits, List *options);

/* Whose midnight ends a day, by name, palloc'd; raises HV024 for what
 * PostgreSQL does not know. */
extern const char *cs_options_timezone(List *options);

/* The daily budget that a user mapping's options set; 0: none. */
extern int cs_options_mapping_budget(List *options);

#endif /* CS_OPTIONS_H */
